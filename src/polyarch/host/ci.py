"""Which CI this run belongs to, and the event that it is for."""

from collections.abc import Callable, Mapping

from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitFacts
from polyarch.host.github import read_github
from polyarch.host.local import local_event

_READERS: tuple[tuple[str, Callable[[Mapping[str, str], GitFacts | None], CiEvent]], ...] = (
    # The variable that is `true` in every job of a CI, and who reads the rest.
    ("GITHUB_ACTIONS", read_github),
)

_NO = frozenset({"", "0", "false", "no", "off"})


def detect(environment: Mapping[str, str], git: GitFacts | None) -> CiEvent:
    """The event of the CI that `environment` is of; without one, the local work tree.

    `git` is None outside a work tree; in a CI it only adds what the event does not say.

    Raises:
        EventFileError: the CI's event file is broken.
    """
    for variable, read in _READERS:
        if environment.get(variable) == "true":
            return read(environment, git)
    return local_event(git)


def is_ci(environment: Mapping[str, str]) -> bool:
    """Whether nobody watches this run: every known CI sets `CI` to something that means yes."""
    return environment.get("CI", "").lower() not in _NO or any(
        environment.get(variable) == "true" for variable, _ in _READERS
    )
