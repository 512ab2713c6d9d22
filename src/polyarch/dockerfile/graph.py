"""The stages that one target on one platform needs, and where each takes its files from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.source import Span
from polyarch.oci.platform import Platform


class OriginKind(StrEnum):
    """What a name after FROM, `--from=` or `from=` turned out to be."""

    STAGE = "stage"
    IMAGE = "image"
    SCRATCH = "scratch"
    CONTEXT = "context"
    """A named context of the build request, which stands before stages and images of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where files come from. `text` is the name as expanded, `stage` the index of a stage."""

    kind: OriginKind
    text: str
    stage: int | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Files taken from elsewhere by `COPY --from=` or `RUN --mount=…,from=`.

    `instruction` is COPY or RUN, `span` the flag.
    """

    origin: Origin
    instruction: str
    line: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSource:
    """A path of the build context that ADD, COPY or a bind mount of RUN reads.

    `path` is expanded and otherwise as written: it may be a pattern, `.` is the whole context. None
    where it stands on a variable that only the base image can know.
    """

    path: str | None
    instruction: str
    line: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage as built for the target platform.

    `platform` is what its RUN instructions run on; `platform_expression` the text of `--platform=`
    as written. `base_span` is the base's name in FROM. Triggers that ONBUILD of a base stage left
    are part of the stage; those of base images are not known here.
    """

    index: int
    name: str | None
    base: Origin
    platform: Platform
    platform_expression: str | None
    copies_from: tuple[Use, ...]
    context_sources: tuple[ContextSource, ...]
    has_run: bool
    fetches: bool
    line: int
    span: Span
    base_span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class StageGraph:
    """The stages that the target needs, in file order; `target` is its index in the file."""

    path: str
    platform: Platform
    build_platform: Platform
    stages: tuple[Stage, ...]
    target: int

    @property
    def final(self) -> Stage:
        """The stage that becomes the image."""
        return self.stage(self.target)

    @property
    def has_run(self) -> bool:
        """Whether any of the stages runs a program."""
        return any(stage.has_run for stage in self.stages)

    @property
    def fetches(self) -> bool:
        """Whether any of the stages adds what lies elsewhere and may be something else tomorrow."""
        return any(stage.fetches for stage in self.stages)

    @property
    def context_sources(self) -> tuple[ContextSource, ...]:
        """What all the stages read from the build context."""
        return tuple(source for stage in self.stages for source in stage.context_sources)

    def stage(self, index: int) -> Stage:
        """The stage of this index in the file.

        Raises:
            KeyError: the target does not need it, or there is none.
        """
        for stage in self.stages:
            if stage.index == index:
                return stage
        raise KeyError(index)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalReference:
    """A name outside the Dockerfile: an image, or a named context that stands for one.

    `instruction` is FROM, COPY or RUN; `platform` the one that is taken of the image; `stage` the
    index of the stage that asks; `span` the name in FROM, or the flag.
    """

    origin: Origin
    instruction: str
    platform: Platform
    stage: int
    line: int
    span: Span

    @property
    def text(self) -> str:
        """The reference as expanded."""
        return self.origin.text


def external_images(graph: StageGraph) -> tuple[ExternalReference, ...]:
    """Every image outside the Dockerfile that the target needs, in file order, repeats kept."""
    return _references(graph, OriginKind.IMAGE)


def named_contexts(graph: StageGraph) -> tuple[ExternalReference, ...]:
    """Every place at which a named context of the build request is taken."""
    return _references(graph, OriginKind.CONTEXT)


def _references(graph: StageGraph, kind: OriginKind) -> tuple[ExternalReference, ...]:
    found = (reference for stage in graph.stages for reference in _of_stage(graph, stage))
    return tuple(reference for reference in found if reference.origin.kind is kind)


def _of_stage(graph: StageGraph, stage: Stage) -> Iterator[ExternalReference]:
    yield ExternalReference(
        origin=stage.base,
        instruction="FROM",
        platform=stage.platform,
        stage=stage.index,
        line=stage.line,
        span=stage.base_span,
    )
    for use in stage.copies_from:
        # BuildKit takes these for the target, whatever platform the stage itself runs on
        # (dockerfile2llb, `resolveBaseImage` for unregistered states).
        yield ExternalReference(
            origin=use.origin,
            instruction=use.instruction,
            platform=graph.platform,
            stage=stage.index,
            line=use.line,
            span=use.span,
        )
