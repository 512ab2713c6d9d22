"""The CIs that pipelines are written for: what each offers, and who puts it into words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from polyarch._version import __version__
from polyarch.ci.pipelines.github import FOLDER, github_permissions, github_workflow
from polyarch.ci.pipelines.logins import GITHUB_REGISTRY
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.runners import GITHUB
from polyarch.ci.pipelines.shape import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`hosted` are machines by platforms; `place` is the file, from the repository's root."""

    name: str
    hosted: Mapping[str, str]
    own_registry: str
    install: str
    image: str
    place: Callable[[Pipeline], str]
    words: Callable[[Pipeline, Mapping[str, Pin]], str]
    permissions: Callable[[Pipeline], Mapping[str, Mapping[str, str]]]


DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        Dialect(
            name="github",
            hosted=GITHUB,
            own_registry=GITHUB_REGISTRY,
            # GitHub's machines have pipx; no action that sets up Python is needed.
            install=f"pipx install polyarch=={__version__}",
            image="",
            place=lambda pipeline: f"{FOLDER}/{pipeline.name}.yml",
            words=github_workflow,
            permissions=github_permissions,
        ),
    )
}
