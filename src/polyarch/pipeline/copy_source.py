"""Opening the places that images are copied from; whatever is opened is closed at the end."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from polyarch.content.archivestore import ArchiveStore
from polyarch.content.dockersave import DockerArchive, SavedImage
from polyarch.content.entries import CONTAINERD_NAME, choose, name_of, named
from polyarch.content.following import FollowingStore
from polyarch.content.layout import LayoutStore
from polyarch.content.places import Kind, Place
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.content.tarindex import TarIndex
from polyarch.errors import (
    ContentError,
    ImageNotNamedError,
    InvalidReferenceError,
    LayoutNotFoundError,
    SpecError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import DEFAULT_TAG, Repository, TagReference, parse_reference
from polyarch.pipeline.copy_docker import Docker
from polyarch.registry.blocking import BlockingRegistries

SAVED = "its layers are not compressed: where it was pulled from it has another digest"
MADE = "there was no manifest for it: one was made, so its digest is new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An image that was found: its root with the bytes that it has there, and where the rest is.

    `name` is what it is called there, `tag` what of that a registry takes as a tag, `full_name` has
    the repository before it; each is empty where there is none. `repository` is that of a registry,
    `mount_from` are repositories that hold some of its blobs. `listed` are the entries of a layout,
    among which artifacts about the image may stand. `notes` are to be told.
    """

    place: Place
    root: ImageIndex | ImageManifest
    store: Fetcher
    name: str = ""
    tag: str = ""
    full_name: str = ""
    repository: Repository | None = None
    mount_from: tuple[Repository, ...] = ()
    listed: tuple[Descriptor, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pinned(self) -> str:
        """The place of exactly these bytes."""
        return self.place.pinned(self.root.descriptor.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Opens places. `folder` is where relative paths begin, `spool` takes what has to be fetched.

    `stack` closes what was opened.
    """

    folder: Path
    spool: Path
    environment: Mapping[str, str]
    registries: BlockingRegistries
    built: Callable[[Place], Source]
    stack: ExitStack

    def open(self, place: Place) -> Source:
        """Find the image of a place.

        Raises:
            NothingSelectedError: there is no such place or image, or it has to be named.
            RegistryError, HostError: it could not be asked for.
            ContentError, SpecError: it is damaged.
        """
        match place.kind:
            case Kind.REGISTRY:
                return self._in_registry(place)
            case Kind.LAYOUT:
                return self._in_layout(place)
            case Kind.OCI_ARCHIVE:
                return self._in_archive(place)
            case Kind.DOCKER_ARCHIVE:
                return self._saved(place, self.folder / place.path)
            case Kind.DOCKER_DAEMON:
                return self._in_engine(place)
            case Kind.BUILT:
                return self.built(place)

    def _in_registry(self, place: Place) -> Source:
        repository = _of(place)
        tag = place.tag or ("" if place.digest else DEFAULT_TAG)
        remote = self.registries.remote(repository)
        root = self.registries.run(remote.get_manifest(place.digest or tag))
        layout = LayoutStore(self.spool / "blobs")
        layout.add(root.descriptor.media_type, root.raw)
        store = FollowingStore(layout, Asked(self.registries.store(repository)))
        self.stack.callback(store.close)
        return Source(
            place=place,
            root=root,
            store=store,
            tag=tag,
            full_name=str(repository.tag(tag)) if tag else "",
            repository=repository,
            mount_from=(repository,),
        )

    def _in_layout(self, place: Place) -> Source:
        layout = LayoutStore(self.folder / place.path)
        if not layout.root.exists():
            raise LayoutNotFoundError(str(place), str(layout.root))
        layout.check()
        return _listed(place, layout, layout.entries())

    def _in_archive(self, place: Place) -> Source:
        store = ArchiveStore(self._tar(self.folder / place.path))
        store.check()
        return _listed(place, store, store.entries())

    def _in_engine(self, place: Place) -> Source:
        self.spool.mkdir(parents=True, exist_ok=True)
        path = self.spool / f"saved-{len(list(self.spool.iterdir()))}.tar"
        reference = str(place).removeprefix(f"{place.kind.value}:")
        Docker(self.environment).save(reference, path)
        only = Place(kind=Kind.DOCKER_ARCHIVE, path=str(path))
        if place.tag and not place.digest:
            only = Place(kind=only.kind, path=only.path, repository=place.repository, tag=place.tag)
        return self._saved(place, path, only)

    def _saved(self, place: Place, path: Path, inside: Place | None = None) -> Source:
        image = DockerArchive(self._tar(path)).find(inside or place)
        name = image.name or place.full_name
        return Source(
            place=place,
            root=image.root,
            store=image.store,
            tag=_tag_of(name),
            full_name=name,
            notes=tuple(_notes(image)),
        )

    def _tar(self, path: Path) -> TarIndex:
        return self.stack.enter_context(TarIndex.of(path, self.spool / "unpacked"))


class Asked:
    """A repository that is not asked whether it holds what its own manifest names."""

    def __init__(self, store: Fetcher) -> None:
        self._store = store

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on.

        Raises:
            BlobNotFoundError, RegistryError: as the repository says.
        """
        return self._store.open(descriptor, offset)

    def exists(self, _descriptor: Descriptor) -> bool:
        """Yes, until it is missed when it is read."""
        return True

    def __str__(self) -> str:
        return str(self._store)


def _listed(place: Place, store: Fetcher, entries: tuple[Descriptor, ...]) -> Source:
    """The image that a layout's index has under the place's name."""
    try:
        entry = choose(entries, place)
    except ImageNotNamedError:
        entry = choose([each for each in entries if not _has_subject(store, each)], place)
    names = {name_of(each) for each in entries if each.digest == entry.digest}
    name = name_of(entry) if place.tag or len(names) == 1 else ""  # which of them is not known
    entry = named(entry, name, entry.annotations.get(CONTAINERD_NAME, "") if name else "")
    full = entry.annotations.get(CONTAINERD_NAME, "") or name
    return Source(
        place=place,
        root=parse_any(read_small(store, entry), entry.media_type),
        store=store,
        name=name,
        tag=_tag_of(name),
        full_name=full if _is_full(full) else "",
        listed=entries,
    )


def _has_subject(store: Fetcher, entry: Descriptor) -> bool:
    """Whether an entry is about another one; not every tool says so in the list."""
    try:
        return parse_any(read_small(store, entry), entry.media_type).subject is not None
    except (ContentError, SpecError):
        return False


def _notes(image: SavedImage) -> Iterable[str]:
    if image.is_new:
        yield MADE
    elif isinstance(image.root, ImageManifest) and any(
        layer.media_type == mediatype.OCI_LAYER for layer in image.root.layers
    ):
        yield SAVED
    if image.absent:
        yield f"of its index {image.absent} more images are not there and are not copied"


def _tag_of(name: str) -> str:
    """The tag that a name ends with or is, empty where no registry takes it as one."""
    tag = name.rpartition("/")[2].rpartition(":")[2]
    try:
        return TagReference(repository=Repository.parse("a"), tag=tag).tag if tag else ""
    except InvalidReferenceError:
        return ""


def _is_full(name: str) -> bool:
    """Whether a name says repository and tag, not one of them alone."""
    try:
        return ":" in name.rpartition("/")[2] and isinstance(parse_reference(name), TagReference)
    except InvalidReferenceError:
        return False


def _of(place: Place) -> Repository:
    assert place.repository is not None  # noqa: S101 - the parser sets it
    return place.repository
