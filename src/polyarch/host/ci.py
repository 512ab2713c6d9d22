"""Which CI this run belongs to, and the event that it is for."""

from collections.abc import Callable, Mapping

from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitFacts
from polyarch.host.github import read_github
from polyarch.host.gitlab import read_gitlab
from polyarch.host.local import local_event
from polyarch.host.variables import read_variables, tells_event

_READERS: tuple[tuple[str, Callable[[Mapping[str, str], GitFacts | None], CiEvent]], ...] = (
    # The variable that is `true` in every job of a CI, and who reads the rest.
    ("GITHUB_ACTIONS", read_github),
    ("GITLAB_CI", read_gitlab),
)

_NO = frozenset({"", "0", "false", "no", "off"})


def detect(environment: Mapping[str, str], git: GitFacts | None) -> CiEvent:
    """The event of the CI that `environment` is of; without one, the local work tree.

    `POLYARCH_EVENT` comes before any CI: who sets it knows better. `git` is None outside a work
    tree; in a CI it only adds what the event does not say.

    Raises:
        EventFileError: the CI's event file is broken.
        InvalidEventError: variables of our own tell what cannot be.
    """
    if tells_event(environment):
        return read_variables(environment, git)
    for variable, read in _READERS:
        if environment.get(variable) == "true":
            return read(environment, git)
    return local_event(git)


def is_ci(environment: Mapping[str, str]) -> bool:
    """Whether nobody watches this run: every known CI sets `CI` to something that means yes."""
    known = any(environment.get(variable) == "true" for variable, _ in _READERS)
    return known or tells_event(environment) or environment.get("CI", "").lower() not in _NO
