"""`copy`: any image that exists already to any number of places, as one transaction.

Places of this machine are brought their bytes first and show them last: what a registry refuses
leaves them as they were, and what this machine refuses leaves every tag where it was.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.files import locked
from polyarch.content.overlay import Overlay
from polyarch.content.places import Kind, Place
from polyarch.events import Note, Warned
from polyarch.metadata.tagname import why_reserved
from polyarch.pipeline.copy_built import BuiltImages
from polyarch.pipeline.copy_choice import chosen, images_of
from polyarch.pipeline.copy_cosign import Tagged, look_for_tagged
from polyarch.pipeline.copy_local import (
    ArchivePlace,
    DockerArchivePlace,
    EnginePlace,
    LayoutPlace,
    Local,
    Parcel,
)
from polyarch.pipeline.copy_meter import Meter
from polyarch.pipeline.copy_referrers import find_referrers
from polyarch.pipeline.copy_result import CopiedImage, CopyOutcome, CopyResult
from polyarch.pipeline.copy_routes import CopyRequest, Found, Route, routes
from polyarch.pipeline.copy_run import CopyRun, Here
from polyarch.pipeline.copy_source import Sources
from polyarch.pipeline.copy_spool import spool
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.world import World
from polyarch.registry.blocking import BlockingRegistries


def copy_images(
    request: CopyRequest, reach: Reach, world: World, *, project: Project | None, folder: Path
) -> CopyResult:
    """Copy images to registries and places of this machine; relative paths begin at `folder`.

    What a place refuses is an outcome in the result, not an exception.

    Raises:
        UsageError: a place cannot take it, or a name is ambiguous.
        NothingSelectedError, RegistryError, HostError, ContentError, SpecError: a source is not
            there, cannot be had or is not whole; nothing was copied.
    """
    with ExitStack() as stack:
        run, recorded = stack.enter_context(recording(world))
        scratch = stack.enter_context(spool(world.state, run.id))
        registries = stack.enter_context(reach.blocking())
        desk = _Desk(request=request, world=recorded, folder=folder, scratch=scratch)
        found = desk.find(registries, project, stack)
        ways = routes(found, request)
        _warn_of_reserved(ways, recorded)
        runner = stack.enter_context(asyncio.Runner())
        client = reach.client()
        stack.callback(lambda: runner.run(client.close()))
        outcomes, reason = CopyRun(
            run=run,
            request=request,
            listen=recorded.listen,
            routes=ways,
            here=desk.places(ways),
            runner=runner,
            client=client,
        ).go()
        told = tuple(_told(each, outcomes) for each in found)
        return CopyResult(run=run.id, images=told, reason=reason, usage=reach.usage())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What a copy works from: what was asked, and where on this machine it may work."""

    request: CopyRequest
    world: World
    folder: Path
    scratch: Path

    def find(
        self, registries: BlockingRegistries, project: Project | None, stack: ExitStack
    ) -> tuple[Found, ...]:
        """Open the sources and choose their platforms."""
        if any(place.kind is Kind.BUILT for place in self.request.sources):
            waiting = Note(text="another polyarch is at work in this project; waiting for it")
            lock = locked(self.world.state / "lock", on_wait=lambda: self.world.listen(waiting))
            stack.enter_context(lock)
        built = BuiltImages(
            parts=PartsFolder(root=self.world.state / "parts"),
            project=project,
            scratch=self.scratch / "built",
            opened=registries.store,
            wanted=self.request.platforms,
        )
        sources = Sources(
            folder=self.folder,
            spool=self.scratch,
            environment=self.world.environment,
            registries=registries,
            built=built.find,
            stack=stack,
        )
        return tuple(self._found(sources, registries, place) for place in self.request.sources)

    def _found(self, sources: Sources, registries: BlockingRegistries, place: Place) -> Found:
        source = sources.open(place)
        root = chosen(source.root, source.store, self.request.platforms)
        for note in source.notes:
            self.world.listen(Note(text=f"{place}: {note}"))
        wanted = self.request.referrers
        about = find_referrers(source, root, registries, self.world.listen) if wanted else ()
        tagged: tuple[Tagged, ...] = ()
        if wanted and source.repository:
            tagged = look_for_tagged(source.repository, root, registries, self.world.listen)
        store = source.store if root is source.root else Overlay(source.store, root)
        return Found(source=source, root=root, store=store, referrers=about, tagged=tagged)

    def places(self, ways: Sequence[Route]) -> list[Here]:
        """The places of this machine, each with all that goes there."""
        grouped: dict[str, list[Route]] = {}
        for way in ways:
            if not way.place.is_registry:
                alone = way.place.kind in {Kind.DOCKER_ARCHIVE, Kind.DOCKER_DAEMON}
                key = str(way.place) if alone else way.place.name
                grouped.setdefault(key, []).append(way)
        return [self._here(tuple(each)) for each in grouped.values()]

    def _here(self, ways: tuple[Route, ...]) -> Here:
        meters = tuple(Meter(way.place.name, way.found.store, self.world.listen) for way in ways)
        parcels = [
            replace(way.parcel(into=self.request.into), store=meter)
            for way, meter in zip(ways, meters, strict=True)
        ]
        return Here(routes=ways, place=self._place(ways[0].place, parcels), meters=meters)

    def _place(self, place: Place, parcels: Sequence[Parcel]) -> Local:
        environment = self.world.environment
        path, spooled = self.folder / place.path, self.scratch / "unpacked"
        match place.kind:
            case Kind.LAYOUT:
                return LayoutPlace(path, parcels)
            case Kind.OCI_ARCHIVE:
                return ArchivePlace(path, parcels, spooled, keep=self.request.into)
            case Kind.DOCKER_ARCHIVE:
                return DockerArchivePlace(place, path, parcels[0], spooled)
            case _:
                return EnginePlace(place, parcels[0], self.scratch, environment)


def _warn_of_reserved(ways: Sequence[Route], world: World) -> None:
    """A list of referrers may be mended by hand; an image there takes something else away."""
    for way in ways:
        for tag in way.tags if way.place.is_registry else ():
            same = tag == way.found.source.tag and "." in tag  # cosign's own, copied by hand
            if (reason := why_reserved(tag)) and not same:
                world.listen(Warned(text=f"{way.repository}:{tag} is written over: {reason}"))


def _told(found: Found, outcomes: Sequence[CopyOutcome]) -> CopiedImage:
    source = found.source
    return CopiedImage(
        name=found.name,
        source=source.pinned,
        original=source.root.descriptor.digest,
        digest=found.digest,
        platforms=images_of(found.root, source.store),
        notes=source.notes,
        outcomes=tuple(each for each in outcomes if each.image == found.name),
    )
