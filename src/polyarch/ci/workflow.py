"""Workflows of GitHub Actions, as far as they say which platforms are built where.

Source: docs.github.com, "Workflow syntax"; the inputs of docker/build-push-action,
docker/setup-qemu-action and docker/setup-buildx-action.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.ci.matrix import Leg, legs_of
from polyarch.ci.yaml import Tree, read_yaml
from polyarch.errors import InvalidPlatformError, YamlError
from polyarch.oci.platform import Platform

_BUILDS = ("docker/build-push-action", "depot/build-push-action", "useblacksmith/build-push-action")
_EMULATORS = re.compile(
    r"tonistiigi/binfmt|multiarch/qemu-user-static|qemu-user-static|binfmt-support"
)
_ELSEWHERE = re.compile(r"\bdocker buildx create\b[^\n]*(?:--append|ssh://|tcp://|--driver)")
_OWN_BUILDERS = ("cloud", "remote", "kubernetes")
_COMMAS = re.compile(r"[,\s]+")
_RUNNER = re.compile(r"ubuntu-(?:latest|[0-9.]+)(-arm)?")
_AMD = (Platform.parse("linux/amd64"), Platform.parse("linux/386"))
_ARM = tuple(Platform.parse(f"linux/{name}") for name in ("arm64", "arm/v7", "arm/v6"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; `uses` is without its version."""

    name: str
    line: int
    uses: str
    run: str
    inputs: Mapping[str, Tree]

    @property
    def builds(self) -> bool:
        """Whether it builds an image."""
        return self.uses in _BUILDS

    def input(self, key: str) -> str:
        """An input as written; empty where it is not given."""
        tree = self.inputs.get(key)
        return (tree.text or "") if tree else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowJob:
    """A job that runs steps here; `legs` are empty where its matrix is worked out elsewhere."""

    name: str
    runner: str
    steps: tuple[Step, ...]
    legs: tuple[Leg, ...]

    @property
    def emulator(self) -> Step | None:
        """The step that sets up emulators."""
        for step in self.steps:
            if step.uses == "docker/setup-qemu-action" or _EMULATORS.search(step.run):
                return step
        return None

    @property
    def builds_elsewhere(self) -> bool:
        """Whether its builders may be other machines than the runner."""
        return any(_is_elsewhere(step) for step in self.steps)

    def native(self, leg: Leg) -> tuple[Platform, ...]:
        """What the runner runs by itself; nothing where nobody knows its machine."""
        found = _RUNNER.fullmatch(leg.text(self.runner) or "")
        if found is None:
            return ()
        return _ARM if found[1] else _AMD


def read_workflow(raw: bytes, name: str) -> tuple[WorkflowJob, ...]:
    """The jobs of a file in its order.

    Raises:
        YamlError: it cannot be read.
    """
    tree = read_yaml(raw, name)
    if tree.table is None and not tree.is_null:
        raise YamlError(name, 1, "a workflow is a table")
    jobs, env = tree.get("jobs"), _texts(tree.get("env"))
    return tuple(
        _job(key, job, env)
        for key, job in ((jobs.table or {}) if jobs else {}).items()
        if job.get("steps")
    )


def platforms_in(text: str) -> tuple[Platform, ...] | None:
    """A list with commas or lines; None where something in it is no platform."""
    try:
        return tuple(Platform.parse(word) for word in _COMMAS.split(text) if word)
    except InvalidPlatformError:
        return None


def _job(name: str, tree: Tree, outer: Mapping[str, str]) -> WorkflowJob:
    env = {**outer, **_texts(tree.get("env"))}
    runner = tree.get("runs-on")
    return WorkflowJob(
        name=name,
        runner=(runner.text or "") if runner else "",
        steps=tuple(_steps(tree.get("steps"))),
        legs=legs_of(tree, env),
    )


def _steps(tree: Tree | None) -> Iterator[Step]:
    for item in (tree.items or ()) if tree else ():
        uses, run, inputs, identity = (item.get(key) for key in ("uses", "run", "with", "id"))
        yield Step(
            name=(identity.text or "") if identity else "",
            line=item.line,
            uses=((uses.text or "") if uses else "").partition("@")[0].lower(),
            run=(run.text or "") if run else "",
            inputs=(inputs.table or {}) if inputs else {},
        )


def _is_elsewhere(step: Step) -> bool:
    if step.uses.startswith(("depot/", "useblacksmith/", "namespacelabs/", "docker/setup-docker")):
        return True
    if step.uses == "docker/setup-buildx-action":
        driver = step.input("driver")
        return driver in _OWN_BUILDERS or any(map(step.input, ("endpoint", "append")))
    if step.builds and step.input("builder") and "steps." not in step.input("builder"):
        return True
    return bool(_ELSEWHERE.search(step.run))


def _texts(tree: Tree | None) -> dict[str, str]:
    table = (tree.table or {}) if tree else {}
    return {key: value.text for key, value in table.items() if value.text is not None}
