"""Places of this machine that images are copied to: brought there first, shown last.

`stage` does all that may fail for want of room or bytes and changes nothing that a reader sees;
`commit` shows it in one step; `discard` leaves things as they were.
"""

import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from polyarch.content.archive import Packed, write_archive, write_layout_archive
from polyarch.content.archivestore import ArchiveStore
from polyarch.content.dockersave import DockerArchive
from polyarch.content.entries import name_of, named
from polyarch.content.files import alone_in
from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.places import Kind, Place
from polyarch.content.store import Fetcher
from polyarch.content.tarindex import TarIndex
from polyarch.errors import (
    ArchiveNotFoundError,
    LoadedOtherwiseError,
    NotInEngineError,
    PolyarchError,
    StorageError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.copy_choice import Root, platform_of, single
from polyarch.pipeline.copy_docker import Docker
from polyarch.transaction.values import TagStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One image on its way: its name there (empty for none) and the full one where it has one.

    `beside` are artifacts about it, as entries of a layout.
    """

    image: str
    root: Root
    store: Fetcher
    name: str
    full_name: str
    beside: tuple[Descriptor, ...] = ()

    @property
    def packed(self) -> tuple[Packed, ...]:
        """Its entries in a layout: artifacts first, the image last."""
        entry = named(self.root.descriptor, self.name, self.full_name)
        return tuple(Packed(entry=each, source=self.store) for each in (*self.beside, entry))


class Local(Protocol):
    """A place that takes parcels; `commit` gives what became of each, in their order."""

    def stage(self) -> None:
        """Bring everything there, out of sight."""
        ...

    def commit(self) -> tuple[TagStatus, ...]:
        """Show it."""
        ...

    def discard(self) -> None:
        """Leave things as they were; nothing happens after `commit`."""
        ...


class LayoutPlace:
    """A layout's folder; entries of other names stay."""

    def __init__(self, path: Path, parcels: Sequence[Parcel]) -> None:
        self._layout = LayoutStore(path)
        self._parcels = parcels
        self._is_new = not path.exists()

    def stage(self) -> None:
        """Copy the blobs; no entry leads to them yet."""
        if (self._layout.root / "index.json").exists():
            self._layout.check()
        for parcel in self._parcels:
            for packed in parcel.packed:
                copy_graph(packed.source, self._layout, packed.entry)

    def commit(self) -> tuple[TagStatus, ...]:
        """Replace `index.json` once."""
        before = self._layout.entries()
        told = tuple(_status(before, parcel) for parcel in self._parcels)
        entries = [packed.entry for parcel in self._parcels for packed in parcel.packed]
        self._layout.add_entries(*entries)
        self._is_new = False
        return told

    def discard(self) -> None:
        """Remove the folder if it was made for this; blobs that nothing leads to do no harm."""
        if self._is_new:
            with suppress(PolyarchError):
                if not self._layout.entries():
                    shutil.rmtree(self._layout.root, ignore_errors=True)


class ArchivePlace:
    """An OCI archive; with `keep` the images that it holds already stay in it."""

    def __init__(self, path: Path, parcels: Sequence[Parcel], spool: Path, *, keep: bool) -> None:
        self._path = path
        self._parcels = parcels
        self._spool = spool
        self._keep = keep
        self._fresh = _fresh(path)
        self._before: tuple[Descriptor, ...] = ()
        self._held = ExitStack()

    def stage(self) -> None:
        """Write the new archive beside the old one; nobody else adds to that until `commit`."""
        if self._keep:
            self._held.enter_context(alone_in(self._path.parent))
        packed = [each for parcel in self._parcels for each in parcel.packed]
        with ExitStack() as stack:
            kept = self._there(stack)
            self._before = kept.entries() if kept else ()
            write_layout_archive(self._fresh, packed, kept=kept if self._keep else None)

    def commit(self) -> tuple[TagStatus, ...]:
        """Put the new archive in the place of the old one."""
        _replace(self._fresh, self._path)
        self._held.close()
        return tuple(_status(self._before, parcel) for parcel in self._parcels)

    def discard(self) -> None:
        """Remove the new archive."""
        self._fresh.unlink(missing_ok=True)
        self._held.close()

    def _there(self, stack: ExitStack) -> ArchiveStore | None:
        """What stands there; a file that is no archive is replaced, unless it is to be kept."""
        try:
            store = ArchiveStore(stack.enter_context(TarIndex.of(self._path, self._spool)))
            store.check()
            store.entries()
        except ArchiveNotFoundError:
            return None
        except PolyarchError:
            if self._keep:
                raise
            return None
        return store


class DockerArchivePlace:
    """An archive for `docker load`; it holds one image and takes the place of what is there."""

    def __init__(self, place: Place, path: Path, parcel: Parcel, spool: Path) -> None:
        self._place = place
        self._path = path
        self._parcel = parcel
        self._spool = spool
        self._fresh = _fresh(path)
        self._is_new = not path.exists()
        self._manifest = single(parcel.root, parcel.store, str(place))

    def stage(self) -> None:
        """Write it beside the old one, and read back what it holds."""
        name = self._parcel.full_name
        write_archive(self._fresh, self._parcel.store, self._manifest.descriptor, name)
        with TarIndex.of(self._fresh, self._spool) as tar:
            written = Place(kind=Kind.DOCKER_ARCHIVE, path=str(self._fresh))
            image = DockerArchive(tar).find(written)
            found = image.root
            if found.descriptor.digest != self._manifest.descriptor.digest:
                expected = str(self._manifest.descriptor.digest)
                raise LoadedOtherwiseError(str(self._place), expected, str(found.descriptor.digest))

    def commit(self) -> tuple[TagStatus, ...]:
        """Put it in the place of the old one."""
        _replace(self._fresh, self._path)
        return (TagStatus.CREATED if self._is_new else TagStatus.MOVED,)

    def discard(self) -> None:
        """Remove it."""
        self._fresh.unlink(missing_ok=True)


class EnginePlace:
    """The Docker Engine; what it shows afterwards is compared with what it was given."""

    def __init__(
        self, place: Place, parcel: Parcel, spool: Path, environment: Mapping[str, str]
    ) -> None:
        self._place = place
        self._parcel = parcel
        self._docker = Docker(environment)
        self._archive = spool / f"load-{secrets.token_hex(4)}.tar"
        self._is_new = True
        self._manifest = single(parcel.root, parcel.store, str(place))

    def stage(self) -> None:
        """Write what will be loaded, and see that there is an Engine."""
        try:
            self._docker.platform(self._parcel.full_name)
            self._is_new = False
        except NotInEngineError:
            self._is_new = True
        name, store = self._parcel.full_name, self._parcel.store
        write_archive(self._archive, store, self._manifest.descriptor, name)

    def commit(self) -> tuple[TagStatus, ...]:
        """Load it, and ask the Engine what its name is an image of now."""
        self._docker.load(self._archive, self._parcel.full_name)
        self._archive.unlink(missing_ok=True)
        expected = _platform(self._manifest, self._parcel.store)
        found = self._docker.platform(self._parcel.full_name)
        if expected is not None and found != expected:
            raise LoadedOtherwiseError(str(self._place), str(expected), f"one for {found}")
        return (TagStatus.CREATED if self._is_new else TagStatus.MOVED,)

    def discard(self) -> None:
        """Remove what would have been loaded."""
        self._archive.unlink(missing_ok=True)


def _status(before: Sequence[Descriptor], parcel: Parcel) -> TagStatus:
    """What becomes of a name, by what stood there."""
    own = parcel.root.descriptor.digest
    there = [entry.digest for entry in before if name_of(entry) == parcel.name]
    if not parcel.name:
        return TagStatus.UNCHANGED if own in there else TagStatus.CREATED
    if not there:
        return TagStatus.CREATED
    return TagStatus.UNCHANGED if there[-1] == own else TagStatus.MOVED


def _platform(manifest: ImageManifest, store: Fetcher) -> Platform | None:
    own = platform_of(manifest, store)
    return own and Platform.of(own.os, own.architecture, own.variant)


def _fresh(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def _replace(fresh: Path, path: Path) -> None:
    try:
        fresh.replace(path)
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error
