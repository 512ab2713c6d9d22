"""A Dockerfile as rules look at it: stages with their class, who ships them, and their scripts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.graph import OriginKind, Stage, StageGraph
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.given import NOTHING_GIVEN, Given
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.dockerfile.lint.names import AUTOMATIC, DECISIVE, through_defaults
from polyarch.dockerfile.lint.unset import graph_of, unset_arguments
from polyarch.dockerfile.outline import Outline, StageOutline, outline
from polyarch.dockerfile.shell.read import script_reader
from polyarch.dockerfile.shell.script import Command, Script
from polyarch.dockerfile.tree import Assignment, Dockerfile, Instruction
from polyarch.oci.platform import Platform


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageView:
    """A stage of the file.

    `platforms` are those of the requested ones that need it; empty where none does, and then only
    name and outline can be trusted. `is_shipped`: it is the image, or one that the image stands on.
    `resolved` is the stage as each of these platforms has it, `kinds` what each runs it on.
    `parents` are the stages that it stands on, each once: several where the platform chooses.
    `body` is what it does: first the triggers that ONBUILD of its base stages left, then its own.
    """

    outline: StageOutline
    kinds: Mapping[Platform, StageClass]
    is_shipped: bool
    platforms: tuple[Platform, ...]
    resolved: Mapping[Platform, Stage]
    parents: tuple[int, ...]
    body: tuple[Instruction, ...]
    runs: tuple[Run, ...]

    @property
    def kind(self) -> StageClass:
        """Its class; where platforms choose bases of several, the first of target, constant."""
        found = set(self.kinds.values()) or {StageClass.TARGET}
        order = (StageClass.TARGET, StageClass.CONSTANT, StageClass.NATIVE)
        return next(kind for kind in order if kind in found)

    @property
    def name(self) -> str:
        """What it is called, else its number."""
        return self.outline.name or str(self.index)

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
        return StageClass.TARGET in self.kinds.values()

    @property
    def bases(self) -> tuple[str, ...]:
        """The images or stages that its FROM names once expanded, each once."""
        return tuple(dict.fromkeys(one.base.text for one in self.resolved.values()))

    @property
    def commands(self) -> Iterator[tuple[Run, Command]]:
        """All commands of its RUN instructions."""
        return ((run, command) for run in self.runs for command in run.commands)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileView:
    """A whole file for the platforms that are asked for; only the same view is equal to itself.

    `graphs` has the stages that each of them needs. `arguments` are the global ARGs in order, each
    with its line, `defaults` what they are worth as written (quotes kept) or as the build is given
    them, `unset` the names of those that are nothing without the caller of the build.
    `children` are the stages that stand on a stage. `lookup` finds base images and `folder` is
    the build context, where there is one; `given` is what the build's caller adds to the file.
    """

    file: Dockerfile
    platforms: tuple[Platform, ...]
    build_platform: Platform
    target: int
    stages: tuple[StageView, ...]
    graphs: Mapping[Platform, StageGraph]
    arguments: tuple[tuple[int, Assignment], ...]
    defaults: Mapping[str, str]
    unset: frozenset[str]
    children: Mapping[int, tuple[int, ...]]
    lookup: BaseLookup | None = None
    folder: ContextFolder | None = None
    given: Given = NOTHING_GIVEN

    @property
    def others(self) -> tuple[Platform, ...]:
        """The requested platforms that the building machine is not of."""
        return tuple(one for one in self.platforms if one != self.build_platform)

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
        found = {stage.index: stage}
        waiting = [stage]
        for one in waiting:
            for index in one.parents:
                if index not in found:
                    found[index] = self.stages[index]
                    waiting.append(self.stages[index])
        return tuple(found.values())

    def standing_on(self, stage: StageView) -> tuple[StageView, ...]:
        """The stages whose FROM names this one."""
        return tuple(self.stages[index] for index in self.children.get(stage.index, ()))


def view_of(
    file: Dockerfile,
    *,
    platforms: tuple[Platform, ...],
    build_platform: Platform,
    target: str | None = None,
    lookup: BaseLookup | None = None,
    folder: ContextFolder | None = None,
    given: Given = NOTHING_GIVEN,
) -> FileView:
    """Lay a file out; `platforms` are at least one.

    Raises:
        DockerfileSyntaxError: what BuildKit refuses before it builds.
        StageNotFoundError: no stage is called `target`.
    """
    graphs = {
        platform: graph_of(
            file, target=target, platform=platform, build_platform=build_platform, given=given
        )
        for platform in platforms
    }
    shipped = {stage for graph in graphs.values() for stage in _chain(graph)}
    plan = outline(file)
    defaults = _defaults(plan.arguments, given)
    stages = tuple(_stages(file, plan, graphs, shipped, defaults))
    return FileView(
        file=file,
        platforms=platforms,
        build_platform=build_platform,
        target=next(iter(graphs.values())).target,
        stages=stages,
        graphs=graphs,
        arguments=plan.arguments,
        defaults=defaults,
        unset=unset_arguments(plan) - given.build_args.keys(),
        children=_children(stages),
        lookup=lookup,
        folder=folder,
        given=given,
    )


def _children(stages: Iterable[StageView]) -> Mapping[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for stage in stages:
        for parent in stage.parents:
            found.setdefault(parent, []).append(stage.index)
    return {parent: tuple(indices) for parent, indices in found.items()}


def _defaults(arguments: Iterable[tuple[int, Assignment]], given: Given) -> Mapping[str, str]:
    """The last ARG of a name counts, and what the build is given beats it."""
    return {one.name: given.build_args.get(one.name, one.value or "") for _, one in arguments}


def _stages(
    file: Dockerfile,
    plan: Outline,
    graphs: Mapping[Platform, StageGraph],
    shipped: set[int],
    defaults: Mapping[str, str],
) -> Iterator[StageView]:
    resolved: dict[int, dict[Platform, Stage]] = {}
    for platform, graph in graphs.items():
        for stage in graph.stages:
            resolved.setdefault(stage.index, {})[platform] = stage
    read = script_reader(file)
    kinds: dict[int, dict[Platform, StageClass]] = {}
    for one in plan.stages:
        found = resolved.get(one.index, {})
        kinds[one.index] = {
            platform: _kind(stage, platform, kinds, defaults) for platform, stage in found.items()
        }
        body = (*_triggers(found.values(), plan), *one.body)
        yield StageView(
            outline=one,
            kinds=kinds[one.index],
            is_shipped=one.index in shipped,
            platforms=tuple(found),
            resolved=found,
            parents=_parents(found.values()),
            body=body,
            runs=tuple(
                Run(instruction=each, scripts=read(each)) for each in body if each.name == "RUN"
            ),
        )


def _parents(stages: Iterable[Stage]) -> tuple[int, ...]:
    found = (one.base.stage for one in stages)
    return tuple(dict.fromkeys(index for index in found if index is not None))


def _triggers(stages: Iterable[Stage], plan: Outline) -> Iterator[Instruction]:
    """What ONBUILD of the base stages left, in file order; of grandparents nothing is left."""
    parents = {stage.base.stage for stage in stages if stage.base.stage is not None}
    for parent in sorted(parents):
        yield from plan.stages[parent].triggers


def _kind(
    stage: Stage,
    platform: Platform,
    kinds: Mapping[int, Mapping[Platform, StageClass]],
    defaults: Mapping[str, str],
) -> StageClass:
    """By the base stage, else by the variables that `--platform` stands on.

    A default of an automatic variable is not followed: `ARG BUILDPLATFORM=linux/amd64` makes it a
    constant, and is told of on its own; what the author meant is what the other rules look at. An
    argument that nobody gave is the target's: somebody builds one platform after the other.
    """
    if stage.base.stage is not None:
        return kinds[stage.base.stage][platform]
    if stage.platform_expression is None or stage.base.kind is OriginKind.SCRATCH:
        return StageClass.TARGET
    names = through_defaults(stage.platform_expression, defaults)
    decisive = names & DECISIVE
    is_open = any(not defaults.get(name, "").strip("\"'") for name in names - AUTOMATIC)
    if is_open or any(name.startswith("TARGET") for name in decisive):
        return StageClass.TARGET
    return StageClass.NATIVE if decisive else StageClass.CONSTANT


def _chain(graph: StageGraph) -> Iterator[int]:
    stage = graph.final
    by_index = {one.index: one for one in graph.stages}
    yield stage.index
    while stage.base.stage is not None:
        stage = by_index[stage.base.stage]
        yield stage.index
