"""What `docker save` writes, of old and new Engines: `manifest.json` and the files that it names.

Engines since 25 put an OCI layout into the same archive (moby/moby#44598). From older ones, and
from other tools that write this form, there is no manifest: one is made, always the same for the
same image. Its layers stand in it as they stand in the archive, mostly not compressed.

Source: moby/docker-image-spec, v1.2 "Combined Image JSON + Filesystem Changeset Format".
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.content.archivestore import ArchiveStore
from polyarch.content.graph import MAX_DEPTH, successors, walk
from polyarch.content.places import Place
from polyarch.content.reader import read_small
from polyarch.content.savedlayers import SavedStore, layer_of
from polyarch.content.store import Fetcher
from polyarch.content.tarindex import TarIndex
from polyarch.errors import (
    ContentError,
    ImageNotNamedError,
    InvalidReferenceError,
    MalformedManifestError,
    NothingSelectedError,
)
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES, JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import parse_reference

MANIFEST_FILE = "manifest.json"
_KIND = "Docker archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One image as `manifest.json` names it: its config's file, its names, its layers' files."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedImage:
    """An image of an archive and where its bytes are.

    `is_new`: there was no manifest, so its digest is known nowhere yet. `absent` counts the images
    of its index that the archive does not hold.
    """

    root: ImageIndex | ImageManifest
    store: Fetcher
    name: str
    is_new: bool = False
    absent: int = 0


class DockerArchive:
    """Reads one archive, which stays open as long as the index of it."""

    def __init__(self, tar: TarIndex) -> None:
        self._tar = tar
        self._layout = ArchiveStore(tar)

    def images(self) -> tuple[Saved, ...]:
        """What the archive says that it holds.

        Raises:
            MalformedManifestError: it is no archive of Docker's.
        """
        raw = self._tar.read(MANIFEST_FILE, MAX_MANIFEST_BYTES)
        if raw is None:
            form = "an OCI layout, read as `oci-archive:`" if self._layout.is_layout else "another"
            raise self._malformed(f"there is no `{MANIFEST_FILE}` in it; its form is {form}")
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise self._malformed(f"its `{MANIFEST_FILE}` is not JSON") from error
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._malformed(f"its `{MANIFEST_FILE}` is not a list of images")
        return tuple(self._saved(item) for item in value)

    def find(self, place: Place) -> SavedImage:
        """The image that a place means.

        Raises:
            NothingSelectedError, ImageNotNamedError: there is none of this name, or several.
            MalformedManifestError, ContentError: it is damaged.
        """
        saved, name = self._choose(place)
        raw = self._tar.read(saved.config, MAX_MANIFEST_BYTES)
        if raw is None:
            raise self._malformed(f"there is no `{saved.config}` in it")
        found = self._in_layout(Digest.of(raw), name) if self._layout.is_layout else None
        found = found or self._made(saved, raw, name)
        digest = found.root.descriptor.digest
        if place.digest not in {None, digest}:
            raise NothingSelectedError(str(place.digest), [str(digest)], kind="digest")
        return found

    def _choose(self, place: Place) -> tuple[Saved, str]:
        """The image, and the name under which it was asked for or that it has."""
        images = self.images()
        if place.tag.startswith("@"):
            number = int(place.tag[1:])
            if number >= len(images):
                known = [f"@{at}" for at in range(len(images))]
                raise NothingSelectedError(place.tag, known)
            images = (images[number],)
        elif place.full_name:
            wanted = place.full_name
            images = tuple(each for each in images if wanted in map(_full, each.names))[-1:]
            if not images:
                known = [name for each in self.images() for name in each.names]
                raise NothingSelectedError(wanted, known)
            return images[0], wanted
        if len(images) != 1:
            known = [", ".join(each.names) or f"@{at}" for at, each in enumerate(images)]
            raise ImageNotNamedError(place.name, known)
        return images[0], _full(images[0].names[0]) if images[0].names else ""

    def _saved(self, item: JsonObject) -> Saved:
        config, layers = item.get("Config"), item.get("Layers") or []
        names = item.get("RepoTags") or []
        if not isinstance(config, str) or not _are_texts(layers) or not _are_texts(names):
            raise self._malformed(f"an image in its `{MANIFEST_FILE}` lacks `Config` or `Layers`")
        return Saved(config=config, names=tuple(names), layers=tuple(layers))

    def _in_layout(self, config: Digest, name: str) -> SavedImage | None:
        """The image with the manifest that it always had, its whole index where that is there."""
        for entry in self._layout.entries():
            whole = [node for node in self._manifests(entry) if self._is_whole(node)]
            for node in whole:
                manifest = ImageManifest.parse(read_small(self._layout, node), node.media_type)
                if manifest.config.digest != config:
                    continue
                root = parse_any(read_small(self._layout, entry), entry.media_type)
                if isinstance(root, ImageIndex) and self._is_whole(entry):
                    return SavedImage(root=root, store=self._layout, name=name)
                images = root.images if isinstance(root, ImageIndex) else ()
                absent = sum(child not in whole for child in images)
                return SavedImage(root=manifest, store=self._layout, name=name, absent=absent)
        return None

    def _manifests(self, node: Descriptor, depth: int = MAX_DEPTH) -> Iterator[Descriptor]:
        """Every manifest below a node that is in the archive."""
        if mediatype.is_manifest(node.media_type):
            yield node
        elif mediatype.is_index(node.media_type) and depth and self._layout.exists(node):
            for child in successors(self._layout, node):
                yield from self._manifests(child, depth - 1)

    def _is_whole(self, node: Descriptor) -> bool:
        try:
            return all(self._layout.exists(each) for each in walk(self._layout, node))
        except ContentError:
            return False

    def _made(self, saved: Saved, raw: bytes, name: str) -> SavedImage:
        """The image under a manifest that is made for it.

        Raises:
            MalformedManifestError: files and config do not fit together.
        """
        config = ImageConfig.parse(raw)
        told = saved.config.rpartition("/")[2].removesuffix(".json")
        if len(told) == len(config.descriptor.digest.encoded) and told not in str(
            config.descriptor.digest
        ):
            raise self._malformed(f"`{saved.config}` in it is not what its name says")
        if len(config.diff_ids) != len(saved.layers):
            reason = f"it has {len(saved.layers)} layers for {len(config.diff_ids)} of its config"
            raise self._malformed(reason)
        pairs = zip(saved.layers, config.diff_ids, strict=True)
        layers = [layer_of(self._tar, file, diff_id) for file, diff_id in pairs]
        manifest = ImageManifest.build(config=config.descriptor, layers=layers)
        files = {layer.digest: file for layer, file in zip(layers, saved.layers, strict=True)}
        files[config.descriptor.digest] = saved.config
        made = {manifest.descriptor.digest: manifest.raw}
        store = SavedStore(self._tar, files, made)
        return SavedImage(root=manifest, store=store, name=name, is_new=True)

    def _malformed(self, reason: str) -> MalformedManifestError:
        return MalformedManifestError(_KIND, reason, where=self._tar.where)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _full(name: str) -> str:
    try:
        return str(parse_reference(name))
    except InvalidReferenceError:
        return name
