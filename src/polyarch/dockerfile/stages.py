"""From the tree to the stages that one target on one platform needs.

Source: BuildKit, frontend/dockerfile/dockerfile2llb/convert.go. Names are found as there: FROM sees
the stages above it, `--from` the last stage of a name, and a name beats an image of the same name.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.graph import ContextSource, Origin, OriginKind, Stage, StageGraph, Use
from polyarch.dockerfile.outline import Outline, StageOutline, outline
from polyarch.dockerfile.scope import Environment, automatic_arguments, declare_globally
from polyarch.dockerfile.transfers import From, context_sources, fetches, froms
from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.errors import (
    DockerfileSyntaxError,
    ExpansionError,
    InstructionError,
    InvalidPlatformError,
    InvalidReferenceError,
    StageNotFoundError,
)
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG, TagReference, parse_reference

_SCRATCH = "scratch"
_NO_CONTEXTS = frozenset({_SCRATCH, "context"})
"""Names that BuildKit never looks up among the named contexts."""
_INDEX = re.compile(r"[+-]?[0-9]{1,9}")
_NOTHING: Mapping[str, str] = MappingProxyType({})


def resolve(
    dockerfile: Dockerfile,
    *,
    target: str | None = None,
    platform: Platform,
    build_platform: Platform,
    build_args: Mapping[str, str] = _NOTHING,
    contexts: Collection[str] = (),
) -> StageGraph:
    """The stages that `target` needs for `platform`; without a target the last stage is it.

    `contexts` are the names of the build request's named contexts: they stand in for stages and
    images of their name.

    Raises:
        DockerfileSyntaxError: what BuildKit refuses before it builds, with line and reason.
        StageNotFoundError: no stage is called `target`.
    """
    plan = outline(dockerfile)
    chosen = _target(dockerfile, plan, target)
    name = target or plan.stages[-1].name or "default"
    automatic = automatic_arguments(platform, build_platform, name)
    return _Resolver(
        dockerfile=dockerfile,
        plan=plan,
        platform=platform,
        scope=_scope(dockerfile, plan, automatic, build_args),
        build_args=build_args,
        contexts=frozenset(_familiar(name) for name in contexts) - _NO_CONTEXTS,
    ).graph(chosen, build_platform)


def _target(dockerfile: Dockerfile, plan: Outline, target: str | None) -> int:
    """The index of the stage of this name; of two, the lower one in the file."""
    if not target:
        return len(plan.stages) - 1
    for stage in reversed(plan.stages):
        if stage.name == target.lower():
            return stage.index
    known = dict.fromkeys(stage.name for stage in plan.stages if stage.name)
    raise StageNotFoundError(dockerfile.path, target, tuple(known))


def _scope(
    dockerfile: Dockerfile,
    plan: Outline,
    automatic: Mapping[str, str],
    build_args: Mapping[str, str],
) -> Mapping[str, str]:
    """What FROM sees; a build argument beats an automatic one without any declaration."""
    scope = {name: build_args.get(name, value) for name, value in automatic.items()}
    for line, argument in plan.arguments:
        with _told_at(dockerfile.path, line):
            declare_globally(scope, argument, build_args, dockerfile.escape)
    return MappingProxyType(scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """A FROM with its variables expanded, and what the stage does and takes from elsewhere.

    `body` begins with the triggers that ONBUILD of the base stage left; it is empty where a named
    context stands in for the stage.
    """

    outline: StageOutline
    base: Origin
    platform: Platform | None
    body: tuple[Instruction, ...]
    uses: tuple[Use, ...]

    @property
    def needs(self) -> tuple[int, ...]:
        """The stages that must be built before."""
        origins = (self.base, *(use.origin for use in self.uses))
        return tuple(origin.stage for origin in origins if origin.stage is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolver:
    dockerfile: Dockerfile
    plan: Outline
    platform: Platform
    scope: Mapping[str, str]
    build_args: Mapping[str, str]
    contexts: frozenset[str]

    def graph(self, target: int, build_platform: Platform) -> StageGraph:
        headers = self._headers()
        stages: dict[int, Stage] = {}
        environments: dict[int, Environment] = {}
        for index in sorted(_reachable(headers, target, self.dockerfile.path)):
            stages[index], environments[index] = self._stage(headers[index], stages, environments)
        return StageGraph(
            path=self.dockerfile.path,
            platform=self.platform,
            build_platform=build_platform,
            stages=tuple(stages.values()),
            target=target,
        )

    # --- names -------------------------------------------------------------------------------

    def _headers(self) -> list[_Header]:
        names: dict[str, int] = {}
        last = {stage.name: stage.index for stage in self.plan.stages if stage.name}
        headers: list[_Header] = []
        for stage in self.plan.stages:
            with _told_at(self.dockerfile.path, stage.start.first_line):
                base = self._base(stage, names)
                platform = self._declared_platform(stage)
            triggers = self.plan.stages[base.stage].triggers if base.stage is not None else ()
            body = () if stage.name in self.contexts else (*triggers, *stage.body)
            uses = self._uses(body, last)
            headers.append(
                _Header(outline=stage, base=base, platform=platform, body=body, uses=uses)
            )
            if stage.name:
                names[stage.name] = stage.index
        return headers

    def _base(self, stage: StageOutline, names: Mapping[str, int]) -> Origin:
        text = expand(stage.base, self.scope.get, escape=self.dockerfile.escape).text
        if not text:
            raise InstructionError(f"the base `{stage.base}` is empty once expanded")
        if stage.name and stage.name in self.contexts:
            return Origin(kind=OriginKind.CONTEXT, text=stage.name)
        if text not in names and text.lower() in names:
            raise InstructionError(
                f"`{text}` is no image, and stages are found in lower case: `{text.lower()}`"
            )
        return self._origin(text, names.get(text))

    def _origin(self, text: str, stage: int | None) -> Origin:
        if stage is not None:
            return Origin(kind=OriginKind.STAGE, text=text, stage=stage)
        if text == _SCRATCH:
            return Origin(kind=OriginKind.SCRATCH, text=text)
        kind = OriginKind.CONTEXT if _familiar(text) in self.contexts else OriginKind.IMAGE
        return Origin(kind=kind, text=text)

    def _declared_platform(self, stage: StageOutline) -> Platform | None:
        if not stage.platform:
            return None
        text = expand(stage.platform, self.scope.get, escape=self.dockerfile.escape).text
        if not text:
            raise InstructionError(f"the platform `{stage.platform}` is empty once expanded")
        return Platform.parse(text)

    def _uses(self, body: tuple[Instruction, ...], names: Mapping[str, int]) -> tuple[Use, ...]:
        uses: list[Use] = []
        for instruction in body:
            line = instruction.first_line
            with _told_at(self.dockerfile.path, line):
                uses += (self._use(name, names) for name in froms(instruction, line))
        return tuple(uses)

    def _use(self, name: From, names: Mapping[str, int]) -> Use:
        if name.instruction == "COPY" and _INDEX.fullmatch(name.text):
            index = int(name.text)
            if not 0 <= index < len(self.plan.stages):
                raise InstructionError(f"there is no stage {name.text}: they count from 0")
            origin = Origin(kind=OriginKind.STAGE, text=name.text, stage=index)
        else:
            origin = self._origin(name.text, names.get(name.text.lower()))
        return Use(origin=origin, instruction=name.instruction, line=name.line, span=name.span)

    # --- stages ------------------------------------------------------------------------------

    def _stage(
        self,
        header: _Header,
        stages: Mapping[int, Stage],
        environments: Mapping[int, Environment],
    ) -> tuple[Stage, Environment]:
        base, start = header.base, header.outline.start
        parent = environments[base.stage] if base.stage is not None else None
        environment = parent.child() if parent else self._environment(base)
        sources = self._read(header.body, environment)
        stage = Stage(
            index=header.outline.index,
            name=header.outline.name,
            base=base,
            platform=self._platform(header, stages),
            platform_expression=header.outline.platform,
            copies_from=header.uses,
            context_sources=sources,
            has_run=any(instruction.name == "RUN" for instruction in header.body),
            fetches=any(fetches(instruction, environment) for instruction in header.body),
            line=start.first_line,
            span=start.span,
            base_span=header.outline.base_span,
        )
        return stage, environment

    def _environment(self, base: Origin) -> Environment:
        # BuildKit sets PATH itself where an image has none; its value depends on the system.
        is_open = base.kind is not OriginKind.SCRATCH
        return Environment(is_open=is_open, values={"PATH": None}, escape=self.dockerfile.escape)

    def _platform(self, header: _Header, stages: Mapping[int, Stage]) -> Platform:
        """What a stage runs on: that of its base stage, else what FROM says, else the target's.

        `scratch` always has the target's platform, whatever FROM says (`resolveReachableStages`).
        """
        if header.base.stage is not None:
            return stages[header.base.stage].platform
        if header.base.kind is OriginKind.SCRATCH:
            return self.platform
        return header.platform or self.platform

    def _read(
        self, body: tuple[Instruction, ...], environment: Environment
    ) -> tuple[ContextSource, ...]:
        sources: list[ContextSource] = []
        for instruction in body:
            with _told_at(self.dockerfile.path, instruction.first_line):
                if instruction.name == "ENV":
                    environment.set(instruction.assignments)
                for argument in instruction.assignments if instruction.name == "ARG" else ():
                    environment.declare(argument, self.scope, self.build_args)
                sources += context_sources(instruction, instruction.first_line, environment)
        return tuple(sources)


def _reachable(headers: list[_Header], target: int, path: str) -> set[int]:
    """The target and all that it needs; a stage can only need those above it."""
    found: set[int] = set()
    waiting = [target]
    while waiting:
        index = waiting.pop()
        if index in found:
            continue
        found.add(index)
        for use in headers[index].uses:
            if use.origin.stage is not None and use.origin.stage >= index:
                reason = f"`{use.origin}` is no stage above this one"
                raise DockerfileSyntaxError(path, use.line, reason)
        waiting += headers[index].needs
    return found


def _familiar(text: str) -> str:
    """The form in which named contexts are compared: short, without the tag `latest`."""
    try:
        reference = parse_reference(text)
    except InvalidReferenceError:
        return text.lower()
    if isinstance(reference, TagReference):
        tag = "" if reference.tag == DEFAULT_TAG else f":{reference.tag}"
        return f"{reference.repository.familiar}{tag}"
    return f"{reference.repository.familiar}@{reference.digest}"


@contextmanager
def _told_at(path: str, line: int) -> Iterator[None]:
    """Give what goes wrong with one instruction its file and line."""
    try:
        yield
    except (ExpansionError, InstructionError) as error:
        raise DockerfileSyntaxError(path, line, error.reason) from error
    except InvalidPlatformError as error:
        raise DockerfileSyntaxError(path, line, error.message) from error
