"""One request to one part.

A part that is there is taken when its input key and its bases are the plan's; then only the labels
that tell of this commit are laid over it.
"""

import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, Engine
from polyarch.engines.graft import grafted
from polyarch.errors import (
    BuilderLostError,
    InterruptedByUserError,
    PolyarchError,
    StorageError,
)
from polyarch.events import BuildFailed, BuildFinished, BuildStarted, Listener
from polyarch.oci.config import ImageConfig
from polyarch.pipeline.failover import Task
from polyarch.pipeline.lineage import Lineage, lineage_of
from polyarch.pipeline.part import Part, PartBase, PartsFolder
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform
from polyarch.pipeline.relabel import Dress, relabelled, undressed
from polyarch.pipeline.sources import LAYOUT_PREFIX, is_whole, layouts_of, read_config


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPart:
    """A part, and whether it was there already."""

    part: Part
    reused: bool


PartsByImage = dict[str, tuple[BuiltPart, ...]]

Take = Callable[[PlannedPlatform, LayoutStore], Built]
"""Brings an image that exists already into a layout."""

MakeRequest = Callable[[ImagePlan, PlannedPlatform, PartsByImage], BuildRequest]
"""Turns one line of the plan into what an engine is asked; gets the bases that are built."""


Fetch = Callable[[Built, LayoutStore], Built]
"""Brings what is wanted here of an image that an engine pushed into a layout."""

Share = Callable[[ImagePlan, PlannedPlatform], str]
"""Names what builds of an image send to their builder once, where they have it in common."""

FindBase = Callable[[ImagePlan, PlannedPlatform, BuildRequest, ImageConfig], Lineage]
"""What a built image stands on, by its request and its config."""

AskBelow = Callable[[ImagePlan, PlannedPlatform, PartsByImage], Mapping[str, str]]
"""What an image stands on: names, and what they hand on to it now."""

FindOwnBase = Callable[[ImagePlan, PlannedPlatform, PartsByImage], PartBase | None]
"""The project's image that the last stage of another stands on, where it is built with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """All that building needs beside the plan.

    `created` is the commit's time, RFC 3339. `finished` gets every part as it is done, also when
    another fails; `stopped` says why no further build may begin, nothing while one may. `nodes` are
    the builders' engines by their names, `parallel` how many builds one does at once, if it says.
    """

    engines: Mapping[str, Engine]
    nodes: Mapping[str, Engine]
    parts: PartsFolder
    request: MakeRequest
    lineage: FindBase
    take: Take
    fetch: Fetch
    below: AskBelow
    base: FindOwnBase
    created: str
    revision: str
    ci_run: str | None
    listen: Listener
    parallel: Mapping[str, int] = field(default_factory=dict)
    shared: Share = lambda _image, _planned: ""
    force: bool = False
    stopped: list[str] = field(default_factory=list)
    finished: list[BuiltPart] = field(default_factory=list)

    def engine(self, planned: PlannedPlatform) -> Engine:
        """What builds a platform: the builder in the plan, else an engine of this machine."""
        return self.nodes[planned.builder] if planned.builder else self.engines[planned.engine]

    def task(self, planned: PlannedPlatform, request: BuildRequest, layout: LayoutStore) -> Task:
        """One build, as it is asked of an engine."""
        return Task(
            engine=self.engine(planned),
            builder=planned.builder,
            request=request,
            layout=layout,
            listen=self.listen,
            is_over=lambda: bool(self.stopped),
        )


def make_part(
    image: ImagePlan,
    planned: PlannedPlatform,
    workshop: Workshop,
    bases: PartsByImage,
    begun: Callable[[], None],
) -> BuiltPart:
    """Take the part that is there, or build it; `begun` is told when an engine is asked.

    Raises:
        BuilderLostError: the builder went away, and not for what it was to build.
        BuildFailedError, EngineUnusableError, StorageError: as engines say.
    """
    platform, listen = planned.platform, workshop.listen
    below = {**planned.bases, **workshop.below(image, planned, bases)}
    own = workshop.base(image, planned, bases)
    found = None if workshop.force or planned.anew else workshop.parts.read(image.name, platform)
    if found and _is_current(found, planned, below, workshop):
        based = replace(found, base=own or found.base)
        return _again(_dressed(based, image, planned, workshop), workshop)
    if planned.reuse:
        part = _built(None, image, planned, below, workshop, base=own)
        return _again(part, workshop)
    listen(
        BuildStarted(
            image=image.name,
            platform=platform,
            engine=planned.engine,
            strategy=planned.strategy,
            builder=planned.builder,
        )
    )
    begun()
    try:
        request = None if planned.source else workshop.request(image, planned, bases)
        part = _built(request, image, planned, below, workshop)
    except PolyarchError as error:
        # What an engine says when it is ended is noise: only the build that failed first has words.
        reason = (*workshop.stopped, error.message)[0]
        if isinstance(error, BuilderLostError) and planned.alternatives:
            raise
        listen(BuildFailed(image=image.name, platform=platform, reason=reason))
        raise
    listen(BuildFinished(image=image.name, platform=platform, digest=part.manifest.digest))
    return _finished(part, workshop, reused=False)


def _again(part: Part, workshop: Workshop) -> BuiltPart:
    """A part for which nothing had to be built."""
    digest = part.manifest.digest
    workshop.listen(
        BuildFinished(image=part.image, platform=part.platform, digest=digest, reused=True)
    )
    return _finished(part, workshop, reused=True)


def _finished(part: Part, workshop: Workshop, *, reused: bool) -> BuiltPart:
    built = BuiltPart(part=part, reused=reused)
    workshop.finished.append(built)
    return built


def _is_current(
    part: Part, planned: PlannedPlatform, bases: Mapping[str, str], workshop: Workshop
) -> bool:
    same = part.input_key == planned.input_key and dict(part.bases) == dict(bases)
    # What registries were seen to hold counts where it was seen.
    there = not (planned.reuse and planned.source) or planned.source in part.sources
    return same and there and is_whole(workshop.parts, part)


def _built(
    request: BuildRequest | None,
    image: ImagePlan,
    planned: PlannedPlatform,
    below: Mapping[str, str],
    workshop: Workshop,
    *,
    base: PartBase | None = None,
) -> Part:
    """Build beside the old part and take its place in one step; a failed build leaves nothing.

    Without a request the image exists already and is taken; it stands on `base` then, if that is
    built with it.
    """
    final = workshop.parts.layout(image.name, planned.platform)
    fresh = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    try:
        layout = LayoutStore(fresh)
        if workshop.stopped:
            raise InterruptedByUserError
        lineage = Lineage()
        if request is None:
            built = workshop.take(planned, layout)
            if planned.reuse:
                lineage = lineage_of(read_config(layout, built.manifest))
            if planned.reuse == "layers":
                built = replace(built, manifest=undressed(layout, built.manifest))
        else:
            built = workshop.task(planned, request, layout).run()
            built = workshop.fetch(built, layout) if built.pushed else built
            built = grafted(built, layout, request.base) if request.base else built
            lineage = workshop.lineage(image, planned, request, read_config(layout, built.manifest))
        layout.set_entries((built.manifest, *built.attestations))
        part = Part(
            image=image.name,
            platform=planned.platform,
            manifest=replace(built.manifest.bare(), platform=planned.platform),
            built=replace(built.manifest.bare(), platform=planned.platform),
            attestations=built.attestations,
            sources=(LAYOUT_PREFIX + final.name, *built.borrowed),
            input_key="" if lineage.has_triggers else planned.input_key,
            revision=workshop.revision,
            ci_run=workshop.ci_run,
            engine=planned.engine,
            builder=planned.builder,
            bases=below,
            built_on=planned.built_on,
            base=base or lineage.base,
            inherited=lineage.inherited,
        )
        workshop.parts.discard(image.name, planned.platform)
        _take_place(fresh, final)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return _dressed(part, image, planned, workshop)


def _take_place(fresh: Path, final: Path) -> None:
    try:
        fresh.rename(final)
    except OSError as error:
        raise StorageError(str(final), error.strerror or str(error)) from error


def _dressed(part: Part, image: ImagePlan, planned: PlannedPlatform, workshop: Workshop) -> Part:
    """The part under this plan's labels and annotations, and its record written."""
    manifest = part.manifest if planned.reuse == "digest" else part.built
    # What is attested is about exactly this digest; what exists already is published as it is.
    as_it_is = planned.reuse == "digest" or (planned.source and not planned.reuse)
    if not part.attestations and not as_it_is:
        [layout] = layouts_of(workshop.parts, part)
        below = part.base.labels() if part.base else {}
        annotations = image.manifest_annotations
        dress = Dress(
            labels={**below, **planned.labels},
            created=workshop.created,
            annotations={**below, **annotations} if annotations else {},
            without=part.inherited,
        )
        manifest = relabelled(layout, manifest, dress)
        layout.set_entries((manifest,))
    now = (str(manifest.digest), workshop.revision, workshop.ci_run)
    dressed = replace(
        part,
        manifest=manifest,
        revision=workshop.revision,
        ci_run=workshop.ci_run,
        proofs=tuple(p for p in part.proofs if (p.subject, p.revision, p.ci_run) == now),
    )
    workshop.parts.write(dressed)
    return dressed
