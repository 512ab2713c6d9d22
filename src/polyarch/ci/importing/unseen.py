"""Builds that a workflow starts and does not show: scripts, other actions, other files."""

import re
from collections.abc import Iterator

from polyarch.ci.importing.calls import BAKES, BUILDER, BUILDS
from polyarch.ci.importing.flow import Flow, FlowJob, FlowStep
from polyarch.ci.importing.told import Kind, Told

_SCRIPTS = (
    (re.compile(r"\bdocker\s+buildx\s+bake\b"), "docker buildx bake"),
    (re.compile(r"\bdocker\s+(?:image\s+|buildx\s+)?build\b"), "docker build"),
    (re.compile(r"\b(?:buildah|podman)\s+(?:bud|build)\b"), "buildah or podman build"),
    (re.compile(r"\bdocker\s+(?:image\s+)?push\b"), "docker push"),
    (re.compile(r"\bdocker\s+manifest\s+(?:create|push)\b"), "docker manifest"),
    (re.compile(r"\bimagetools\s+create\b"), "docker buildx imagetools create"),
    (re.compile(r"\bgoreleaser\b"), "goreleaser"),
    (re.compile(r"\bsemantic-release\b"), "semantic-release"),
    (re.compile(r"\b(?:ko|pack|kaniko|jib)\s+(?:build|publish|resolve)\b"), "another builder"),
    (re.compile(r"(?:^|\s)make\s+[^\n]*(?:image|docker|push|build)", re.MULTILINE), "make"),
    (re.compile(r"(?:^|\s)\./[\w./-]*(?:build|release|publish)[\w./-]*"), "a script"),
    (re.compile(r"^\s*\$\{\{\s*matrix\.[^}]*\}\}\s*$"), "a command of the matrix"),
    (re.compile(r"\bgradlew?\b[^\n]*(?:jib|image|docker)", re.IGNORECASE), "Gradle"),
)
_ACTIONS = re.compile(
    r"goreleaser|kaniko|buildah|ko-build|jib|docker-publish|semantic-release", re.IGNORECASE
)


def unseen_in(flow: Flow, *, seen_lines: frozenset[int]) -> Iterator[Told]:
    """Steps that build or push in a way that cannot be read here.

    `seen_lines` are those of steps that belong to builds that were understood.
    """
    for job in flow.jobs:
        if job.called and not job.called.lower().startswith(BUILDER):
            yield _told(job.line, f"uses: {job.called}", "the called workflow is not opened")
        for step in job.steps:
            if step.line not in seen_lines:
                yield from _step(job, step)


def _step(job: FlowJob, step: FlowStep) -> Iterator[Told]:
    if step.uses.startswith("./"):
        yield _told(step.line, f"uses: {step.uses}", "actions of the repository are not opened")
    elif _ACTIONS.search(step.uses) and step.uses not in (*BUILDS, *BAKES):
        yield _told(step.line, f"uses: {step.uses}", "what this action builds is set up elsewhere")
    for pattern, name in _SCRIPTS:
        if pattern.search(step.run):
            yield _told(step.line, f"job `{job.name}`: {name}", "scripts are not taken apart")
            return


def _told(line: int, what: str, why: str) -> Told:
    return Told(
        kind=Kind.UNSEEN,
        line=line,
        what=what,
        why=why,
        todo="if it builds or pushes an image of yours, write that image into polyarch.toml",
    )
