"""Unpacking one platform's image into a folder, proven byte for byte.

Programs of other machines lose the bit that lets them run: on this machine the kernel or an
emulator might run them all the same, and hide that they are wrong. Their content stays.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.content.inflate import unpacked
from polyarch.content.reader import proven_chunks, read_small
from polyarch.content.store import Fetcher
from polyarch.errors import BlobNotFoundError, DigestMismatchError, LayerDamagedError
from polyarch.host.binfmt import architecture_of
from polyarch.host.process import check_not_ending
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.runtimes.laying import HEAD_BYTES, Laying, LayingBounds, Rights
from polyarch.runtimes.members import Members
from polyarch.runtimes.root import Names, Root

_ALSO_RUN = {"amd64": ("386",), "arm64": ("arm",)}
"""What machines of an architecture run beside it: all of them, or many."""
_PROGRAM, _SHARED = 2, 3
"""`e_type` of programs, and of libraries and programs that can be loaded anywhere."""
_BIG = b"\x02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A program of another machine; `path` is the real one, from the image's root."""

    path: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackedImage:
    """An image in a folder.

    `rights` are those of folders and programs that not everybody may use, by their real names.
    `left_out` are paths of files that could not be laid.
    """

    manifest: ImageManifest
    config: ImageConfig
    root: Root
    rights: dict[Names, Rights]
    foreign: tuple[Foreign, ...]
    left_out: tuple[str, ...]


def unpack(
    store: Fetcher, image: Descriptor, platform: Platform, root: Root, bounds: LayingBounds
) -> UnpackedImage:
    """Unpack all layers of an image into an empty root.

    Raises:
        BlobNotFoundError, SizeMismatchError, DigestMismatchError: the store's bytes are not those.
        MalformedManifestError: no image of layers.
        LayerDamagedError, LayerBoundsError: a layer that cannot be laid, or that is too much.
        StorageError: the disk is full.
        InterruptedByUserError: everything is being ended.
    """
    manifest = ImageManifest.parse(read_small(store, image), image.media_type)
    config = ImageConfig.parse(read_small(store, manifest.config), manifest.config.media_type)
    if len(config.diff_ids) != len(manifest.layers):
        reason = f"{len(manifest.layers)} layers for {len(config.diff_ids)} of its config"
        raise LayerDamagedError(f"the image has {reason}", digest=str(image.digest))
    laying = Laying(root, bounds)
    for layer, diff_id in zip(manifest.layers, config.diff_ids, strict=True):
        if not mediatype.is_distributed(layer.media_type) and not store.exists(layer):
            raise BlobNotFoundError(str(layer.digest), str(store))
        _lay(store, layer, diff_id, laying)
    return UnpackedImage(
        manifest=manifest,
        config=config,
        root=root,
        rights=laying.rights,
        foreign=tuple(_without_right_to_run(root, laying.heads, platform)),
        left_out=tuple(laying.left_out),
    )


def _lay(store: Fetcher, layer: Descriptor, diff_id: Digest, laying: Laying) -> None:
    laying.begin_layer()
    checker = hashlib.new(diff_id.algorithm)
    with store.open(layer) as content:
        chunks = proven_chunks(layer, content, str(store))

        def pieces() -> Iterator[bytes]:
            for piece in unpacked(chunks, laying.bounds.bytes):
                check_not_ending()
                checker.update(piece)
                yield piece

        try:
            members = Members(pieces())
            for member in members:
                laying.lay(member, members.content())
        except LayerDamagedError as error:
            # Bytes that are not those of the digest explain any damage.
            for _ in chunks:
                pass
            raise error.at(str(layer.digest)) from error
    if checker.hexdigest() != diff_id.encoded:
        found = f"{diff_id.algorithm}:{checker.hexdigest()}"
        raise DigestMismatchError(str(diff_id), found, str(store))


def _without_right_to_run(
    root: Root, heads: dict[Names, bytes], platform: Platform
) -> Iterator[Foreign]:
    fitting = {platform.architecture, *_ALSO_RUN.get(platform.architecture, ())}
    for names, head in sorted(heads.items()):
        architecture = architecture_of(head) or "another machine"
        if architecture in fitting or not _is_program(head, names[-1]):
            continue
        if _take_bit(root, names):
            yield Foreign(path="/" + "/".join(names), architecture=architecture)


def _is_program(head: bytes, name: str) -> bool:
    kind = head[17] if head[5:6] == _BIG else head[16]
    # Libraries have the bit as well, by custom, and nobody runs them.
    is_library = kind == _SHARED and (".so" in name or name.endswith(".node"))
    return kind in {_PROGRAM, _SHARED} and len(head) == HEAD_BYTES and not is_library


def _take_bit(root: Root, names: Names) -> bool:
    """Let a file not be run; false where it is gone, or was not to be run in any case."""
    try:
        folder = root.open_folder(names[:-1])
    except OSError:
        return False
    try:
        info = os.stat(names[-1], dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode) or not info.st_mode & 0o111:
            return False
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(names[-1], flags, dir_fd=folder)
        try:
            os.fchmod(handle, stat.S_IMODE(info.st_mode) & ~0o111)
        finally:
            os.close(handle)
    except OSError:
        return False
    finally:
        os.close(folder)
    return True
