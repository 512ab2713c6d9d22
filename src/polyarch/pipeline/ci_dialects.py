"""The CIs that pipelines are written for: what each offers, and who puts it into words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from polyarch._version import __version__
from polyarch.ci.pipelines.github import FOLDER, github_workflow
from polyarch.ci.pipelines.github_permissions import github_permissions
from polyarch.ci.pipelines.gitlab import FILE as GITLAB_FILE
from polyarch.ci.pipelines.gitlab import gitlab_pipeline
from polyarch.ci.pipelines.logins import GITHUB as GITHUB_HOME
from polyarch.ci.pipelines.logins import GITLAB as GITLAB_HOME
from polyarch.ci.pipelines.logins import Home
from polyarch.ci.pipelines.makefile import FILE as MAKE_FILE
from polyarch.ci.pipelines.makefile import makefile
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.runners import GITHUB, GITLAB
from polyarch.ci.pipelines.shape import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`hosted` are machines by platforms; `place` is the file, from the repository's root.

    `starts` is false where it says nothing of what starts what: that is somebody else's. `watching`
    is a note for pipelines that watch what is published.
    """

    name: str
    hosted: Mapping[str, str]
    home: Home
    install: str
    image: str
    place: Callable[[Pipeline], str]
    words: Callable[[Pipeline, Mapping[str, Pin]], str]
    permissions: Callable[[Pipeline], Mapping[str, Mapping[str, str]]] = lambda _: {}
    starts: bool = True
    notes: tuple[str, ...] = ()
    watching: str = ""


DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        Dialect(
            name="github",
            hosted=GITHUB,
            home=GITHUB_HOME,
            # GitHub's machines have pipx; no action that sets up Python is needed.
            install=f"pipx install polyarch=={__version__}",
            image="",
            place=lambda pipeline: f"{FOLDER}/{pipeline.name}.yml",
            words=github_workflow,
            permissions=github_permissions,
        ),
        Dialect(
            name="gitlab",
            hosted=GITLAB,
            home=GITLAB_HOME,
            install=f"pip install --quiet polyarch=={__version__}",
            image="docker.io/library/python:3.13-trixie",
            place=lambda pipeline: (
                f".gitlab/{pipeline.name}.yml" if pipeline.environment else GITLAB_FILE
            ),
            words=gitlab_pipeline,
            notes=(
                "mask and protect them; show those of logins to the environment of `publish` alone",
                "a schedule is made in GitLab itself: Build, Pipeline schedules",
            ),
            watching="the one that watches has the variable POLYARCH_WATCH=true; show logins that"
            " may pull and no more to its environment, under the same names",
        ),
        Dialect(
            name="make",
            hosted=GITHUB,
            home=Home(registry="", given=()),
            install="",
            image="",
            place=lambda _: MAKE_FILE,
            words=makefile,
            starts=False,
        ),
    )
}
