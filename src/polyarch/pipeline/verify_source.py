"""Opening what is to be looked at, wherever it is; a registry's layers are never kept on disk."""

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.overlay import Overlay
from polyarch.content.places import Kind, Place
from polyarch.content.sharing import SharedReads
from polyarch.content.store import Fetcher
from polyarch.errors import InvalidPlaceError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG
from polyarch.pipeline.copy_built import BuiltImages
from polyarch.pipeline.copy_source import Source, Sources
from polyarch.pipeline.copy_spool import spool
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.world import World
from polyarch.registry.blocking import BlockingRegistries

_LOCAL = frozenset({Kind.LAYOUT})
"""Places that are read where they are, and need no folder beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Opens places, from any thread; what it opens is closed with `stack`."""

    registries: BlockingRegistries
    stack: ExitStack
    shared: SharedReads
    elsewhere: Callable[[], Sources]
    here: Sources
    guard: threading.Lock

    def open(self, place: Place) -> Source:
        """Find the image of a place.

        Raises:
            NothingSelectedError, RegistryError, HostError, ContentError, SpecError: there is none,
                it cannot be asked for, or it is damaged.
        """
        if place.kind is Kind.REGISTRY:
            return self._in_registry(place)
        with self.guard:  # these share a folder, or a lock
            sources = self.here if place.kind in _LOCAL else self.elsewhere()
            return sources.open(place)

    def _in_registry(self, place: Place) -> Source:
        repository = place.repository
        if repository is None:
            raise InvalidPlaceError(str(place), "it is no repository")
        tag = place.tag or ("" if place.digest else DEFAULT_TAG)
        remote = self.registries.remote(repository)
        root = self.registries.run(remote.get_manifest(place.digest or tag))
        store: Fetcher = Overlay(self.shared.over(self.registries.store(repository)), root)
        return Source(
            place=place,
            root=root,
            store=store,
            tag=tag,
            full_name=str(repository.tag(tag)) if tag else "",
            repository=repository,
        )


def opener(
    reach: Reach,
    world: World,
    stack: ExitStack,
    *,
    project: Project | None,
    folder: Path,
    wanted: Sequence[Platform] = (),
) -> Opener:
    """What opens places; relative paths begin at `folder`.

    A folder of its own is made only when a place needs one: archives that are compressed, and what
    the Docker Engine hands out.
    """
    registries = stack.enter_context(reach.blocking())
    made: list[Sources] = []

    def sources(scratch: Path) -> Sources:
        built = BuiltImages(
            parts=PartsFolder(root=world.state / "parts"),
            project=project,
            scratch=scratch / "built",
            opened=registries.store,
            wanted=tuple(wanted),
        )
        return Sources(
            folder=folder,
            spool=scratch,
            environment=world.environment,
            registries=registries,
            built=built.find,
            stack=stack,
        )

    def elsewhere() -> Sources:
        if not made:
            scratch = stack.enter_context(spool(world.state, f"verify-{secrets.token_hex(6)}"))
            made.append(sources(scratch))
        return made[0]

    return Opener(
        registries=registries,
        stack=stack,
        shared=SharedReads(),
        elsewhere=elsewhere,
        here=sources(world.state),
        guard=threading.Lock(),
    )
