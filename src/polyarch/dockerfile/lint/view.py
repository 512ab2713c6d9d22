"""A Dockerfile as rules look at it: stages with their class, who ships them, and their scripts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.graph import Stage, StageGraph
from polyarch.dockerfile.outline import Outline, StageOutline, outline
from polyarch.dockerfile.shell.read import read_scripts
from polyarch.dockerfile.shell.script import Command, Script
from polyarch.dockerfile.stages import resolve
from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.oci.platform import Platform

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_AUTOMATIC = frozenset(
    f"{side}{what}"
    for side in ("BUILD", "TARGET")
    for what in ("PLATFORM", "OS", "ARCH", "VARIANT")
)


class StageClass(StrEnum):
    """What a stage's programs run on."""

    NATIVE = "native"
    """The machine that builds."""

    CONSTANT = "constant"
    """One platform, whatever is asked for."""

    TARGET = "target"
    """The platform that is asked for: emulated where the machine is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A RUN (or what ONBUILD of a base stage left) with its scripts: one, or one per heredoc.

    Without a script it is in the exec form; `scripts` then has one that holds the one command.
    """

    instruction: Instruction
    scripts: tuple[Script, ...]

    @property
    def commands(self) -> Iterator[Command]:
        """All commands, in order."""
        return (command for script in self.scripts for command in script.commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """A stage of the file.

    `platforms` are those of the requested ones that need it; empty where none does, and then only
    name and outline can be trusted. `is_shipped`: it is the image, or one that the image stands on.
    `resolved` is the stage as each of these platforms has it.
    """

    outline: StageOutline
    kind: StageClass
    is_shipped: bool
    platforms: tuple[Platform, ...]
    resolved: Mapping[Platform, Stage]
    runs: tuple[Run, ...]

    @property
    def index(self) -> int:
        """Its number in the file, from 0."""
        return self.outline.index

    @property
    def line(self) -> int:
        """Of its FROM."""
        return self.outline.start.first_line

    @property
    def is_emulated(self) -> bool:
        """Whether a machine of another platform emulates its programs."""
        return self.kind is StageClass.TARGET and bool(self.platforms)

    @property
    def bases(self) -> tuple[str, ...]:
        """The images or stages that its FROM names once expanded, each once."""
        return tuple(dict.fromkeys(one.base.text for one in self.resolved.values()))

    @property
    def parents(self) -> tuple[int, ...]:
        """The stages that it stands on, each once: several where the platform chooses."""
        found = (one.base.stage for one in self.resolved.values())
        return tuple(dict.fromkeys(index for index in found if index is not None))

    @property
    def commands(self) -> Iterator[tuple[Run, Command]]:
        """All commands of its RUN instructions."""
        return ((run, command) for run in self.runs for command in run.commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A whole file for the platforms that are asked for.

    `graphs` has the stages that each of them needs.
    """

    file: Dockerfile
    platforms: tuple[Platform, ...]
    build_platform: Platform
    target: int
    stages: tuple[StageView, ...]
    graphs: Mapping[Platform, StageGraph]

    @property
    def needed(self) -> tuple[StageView, ...]:
        """The stages that some platform needs."""
        return tuple(stage for stage in self.stages if stage.platforms)

    @property
    def shipped(self) -> tuple[StageView, ...]:
        """The last stage, and those that it stands on, in file order."""
        return tuple(stage for stage in self.stages if stage.is_shipped)

    @property
    def final(self) -> StageView:
        """The stage that becomes the image."""
        return self.stages[self.target]

    def chain(self, stage: StageView) -> tuple[StageView, ...]:
        """The stage and all that it stands on, itself first."""
        found = [stage]
        for one in found:
            found += [self.stages[i] for i in one.parents if self.stages[i] not in found]
        return tuple(found)

    def standing_on(self, stage: StageView) -> tuple[StageView, ...]:
        """The stages whose FROM names this one."""
        return tuple(one for one in self.needed if stage.index in one.parents)


def view_of(
    file: Dockerfile,
    *,
    platforms: tuple[Platform, ...],
    build_platform: Platform,
    target: str | None = None,
) -> FileView:
    """Lay a file out.

    Raises:
        DockerfileSyntaxError: what BuildKit refuses before it builds.
        StageNotFoundError: no stage is called `target`.
    """
    graphs = {
        platform: resolve(file, target=target, platform=platform, build_platform=build_platform)
        for platform in platforms
    }
    shipped = {stage for graph in graphs.values() for stage in _chain(graph)}
    plan = outline(file)
    return FileView(
        file=file,
        platforms=platforms,
        build_platform=build_platform,
        target=next(iter(graphs.values())).target,
        stages=tuple(_stages(file, plan, graphs, shipped)),
        graphs=graphs,
    )


def _stages(
    file: Dockerfile, plan: Outline, graphs: Mapping[Platform, StageGraph], shipped: set[int]
) -> Iterator[StageView]:
    kinds: dict[int, StageClass] = {}
    for one in plan.stages:
        resolved = _of(one.index, graphs)
        parents = [stage.base.stage for stage in resolved.values() if stage.base.stage is not None]
        kinds[one.index] = kinds[parents[0]] if parents else _kind(one, plan)
        runs = (each for each in one.body if each.name == "RUN")
        yield StageView(
            outline=one,
            kind=kinds[one.index],
            is_shipped=one.index in shipped,
            platforms=tuple(resolved),
            resolved=resolved,
            runs=tuple(Run(instruction=each, scripts=read_scripts(each, file)) for each in runs),
        )


def _of(index: int, graphs: Mapping[Platform, StageGraph]) -> dict[Platform, Stage]:
    return {
        platform: stage
        for platform, graph in graphs.items()
        for stage in graph.stages
        if stage.index == index
    }


def _kind(stage: StageOutline, plan: Outline) -> StageClass:
    """By the variables that `--platform` stands on, through the defaults of global ARGs."""
    if stage.platform is None or stage.base == "scratch":
        return StageClass.TARGET
    names = _names(stage.platform, {one.name: one.value or "" for _, one in plan.arguments})
    if any(name.startswith("BUILD") for name in names & _AUTOMATIC):
        return StageClass.NATIVE
    return StageClass.TARGET if names & _AUTOMATIC else StageClass.CONSTANT


def _names(text: str, defaults: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    waiting = [text]
    while waiting:
        for name in _VARIABLE.findall(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(defaults.get(name, ""))
    return found


def _chain(graph: StageGraph) -> Iterator[int]:
    stage = graph.final
    yield stage.index
    while stage.base.stage is not None:
        stage = graph.stage(stage.base.stage)
        yield stage.index
