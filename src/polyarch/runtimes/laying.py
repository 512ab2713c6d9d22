"""Laying the members of layers into a folder: whiteouts, links, and nothing outside of it.

Every file is new under its name and never written to again, so a layer cannot change what another
name shows. Devices, pipes and sockets are left out, and so are the bits that change users. Sources:
image-spec v1.1 layer.md, "Applying Changesets" and "Whiteouts".
"""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.content.tarheader import FILES, HARD_LINK, SPARSE, SYMBOLIC_LINK
from polyarch.errors import LayerBoundsError, LayerDamagedError, StorageError, shorten
from polyarch.runtimes.members import Member
from polyarch.runtimes.root import MAX_DEPTH, Names, Root, Step, parts

FOLDER = b"5"
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_KEPT_FREE_BYTES = 256 << 20
HEAD_BYTES = 20
_MAX_NAME = 4096
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who owns a file and who may do what, as the layer says it."""

    mode: int
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayingBounds:
    """What an image may hold in all; `entries` counts folders that are only named, too."""

    entries: int = 2_000_000
    bytes: int = 64 << 30


@dataclass(slots=True)
class Laying:
    """All layers of one image, base first, laid into a root.

    `heads` are the first bytes of files that begin as ELF files do, by their real path; `rights`
    those of programs and folders that not everybody may use; `left_out` are paths that were not
    laid although they hold something.
    """

    root: Root
    bounds: LayingBounds
    heads: dict[Names, bytes] = field(default_factory=dict)
    rights: dict[Names, Rights] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    _entries: int = 0
    _bytes: int = 0
    _laid: set[Names] = field(default_factory=set)

    def begin_layer(self) -> None:
        """What comes now is of the next layer.

        Raises:
            StorageError: the disk is as good as full.
        """
        self._laid = set()
        self._check_room()

    def lay(self, member: Member, content: Iterator[bytes]) -> None:
        """Do what one member says.

        Raises:
            LayerDamagedError: it cannot be done, or would lead outside.
            LayerBoundsError: it is too much.
            StorageError: the disk is full.
        """
        names = _clean(member.name)
        self._count()
        try:
            if not names:
                return
            with self.root.enter("/".join(names[:-1]), self._make_folder) as folder:
                self._lay(folder, names[-1], member, content)
        except ValueError as error:
            raise LayerDamagedError(f"`{shorten(member.name)}` is no name") from error
        except OSError as error:
            if error.errno in _FULL:
                reason = error.strerror or str(error)
                raise StorageError(str(self.root.folder), reason) from error
            reason = f"`{shorten(member.name)}` cannot be laid ({error.strerror})"
            raise LayerDamagedError(reason) from error

    def _lay(self, folder: Step, name: str, member: Member, content: Iterator[bytes]) -> None:
        if name.startswith(_WHITEOUT):
            self._white_out(folder, name)
            return
        names = (*folder.names, name)
        if len(names) > MAX_DEPTH:
            raise LayerBoundsError(f"it has folders {MAX_DEPTH} deep")
        self.heads.pop(names, None)
        if member.kind != FOLDER:
            self.rights.pop(names, None)
        if member.kind == FOLDER or (member.kind == b"\0" and member.name.endswith("/")):
            self._lay_folder(folder.handle, names, member)
        elif member.kind in FILES:
            self._make_room(folder.handle, names)
            self._lay_file(folder.handle, names, member, content)
        elif member.kind == SYMBOLIC_LINK:
            self._make_room(folder.handle, names)
            os.symlink(member.link, name, dir_fd=folder.handle)
        elif member.kind == HARD_LINK:
            self._link(folder.handle, names, member)
        elif member.kind == SPARSE:
            self._make_room(folder.handle, names)
            self.left_out.append("/" + "/".join(names))
        self._note(names)

    def _lay_folder(self, handle: int, names: Names, member: Member) -> None:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISDIR(os.stat(names[-1], dir_fd=handle, follow_symlinks=False).st_mode):
                self._make_room(handle, names)
        with contextlib.suppress(FileExistsError):
            os.mkdir(names[-1], 0o755, dir_fd=handle)
        # This user must be able to go on laying, and to remove it all.
        inner = os.open(names[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
        try:
            os.fchmod(inner, member.mode & 0o1777 | 0o700)
        finally:
            os.close(inner)
        self._keep_rights(names, member)

    def _lay_file(
        self, handle: int, names: Names, member: Member, content: Iterator[bytes]
    ) -> None:
        mode = member.mode & 0o777 | 0o600 | (0o100 if member.mode & 0o111 else 0)
        head = b""
        with os.fdopen(os.open(names[-1], _NEW, 0o600, dir_fd=handle), "wb") as file:
            for part in content:
                head = head or part[:HEAD_BYTES]
                self._weigh(len(part))
                file.write(part)
            file.flush()
            os.fchmod(file.fileno(), mode)
        self._keep_rights(names, member)
        if head.startswith(b"\x7fELF"):
            self.heads[names] = head

    def _link(self, handle: int, names: Names, member: Member) -> None:
        target = _clean(member.link)
        with self.root.enter("/".join(target[:-1])) as source:
            real = (*source.names, *target[-1:])
            if real == names:
                return
            meant = target[-1] if target else "."
            info = os.stat(meant, dir_fd=source.handle, follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                raise LayerDamagedError(f"`{shorten(member.name)}` links to a folder")
            self._make_room(handle, names)
            os.link(
                meant,
                names[-1],
                src_dir_fd=source.handle,
                dst_dir_fd=handle,
                follow_symlinks=False,
            )
        if real in self.heads:
            self.heads[names] = self.heads[real]
        if real in self.rights:
            self.rights[names] = self.rights[real]

    def _white_out(self, folder: Step, name: str) -> None:
        """Hide what lower layers have; what this layer laid stays, whichever came first."""
        above = tuple(folder.names)
        if name == _OPAQUE:
            with os.scandir(folder.handle) as entries:
                found = [entry.name for entry in entries]
            for each in found:
                self._hide(folder.handle, (*above, each))
        elif hidden := name.removeprefix(_WHITEOUT):
            if hidden in {".", ".."}:
                raise LayerDamagedError(f"`{shorten(name)}` hides what has no name")
            self._hide(folder.handle, (*above, hidden))

    def _hide(self, handle: int, names: Names) -> None:
        try:
            info = os.stat(names[-1], dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            return
        if names not in self._laid:
            self._make_room(handle, names)
        elif stat.S_ISDIR(info.st_mode):
            with self.root.enter("/".join(names)) as inner:
                self._white_out(inner, _OPAQUE)

    def _make_room(self, handle: int, names: Names) -> None:
        """Remove what stands under a name."""
        try:
            os.unlink(names[-1], dir_fd=handle)
        except FileNotFoundError:
            return
        except (IsADirectoryError, PermissionError):
            shutil.rmtree(names[-1], dir_fd=handle)

    def _make_folder(self, handle: int, names: Names) -> None:
        """For a folder that is only named on the way to others."""
        self._count()
        os.mkdir(names[-1], 0o755, dir_fd=handle)
        self.rights.pop(names, None)
        self._note(names)

    def _keep_rights(self, names: Names, member: Member) -> None:
        self.rights.pop(names, None)
        is_used = member.kind == FOLDER or member.mode & 0o111
        if is_used and member.mode & 0o555 != 0o555:  # noqa: PLR2004 - read and run for all
            self.rights[names] = Rights(mode=member.mode & 0o777, uid=member.uid, gid=member.gid)

    def _note(self, names: Names) -> None:
        while names and names not in self._laid:
            self._laid.add(names)
            names = names[:-1]

    def _count(self) -> None:
        self._entries += 1
        if self._entries > self.bounds.entries:
            raise LayerBoundsError(f"the image has more than {self.bounds.entries} entries")

    def _weigh(self, size: int) -> None:
        before, self._bytes = self._bytes, self._bytes + size
        if self._bytes > self.bounds.bytes:
            raise LayerBoundsError(f"the image unpacks to more than {self.bounds.bytes} bytes")
        if before // _KEPT_FREE_BYTES != self._bytes // _KEPT_FREE_BYTES:
            self._check_room()

    def _check_room(self) -> None:
        free = os.fstatvfs(self.root.handle)
        if free.f_bavail * free.f_frsize < _KEPT_FREE_BYTES:
            reason = f"there are less than {_KEPT_FREE_BYTES >> 20} MiB left to unpack the image"
            raise StorageError(str(self.root.folder), reason)


def _clean(name: str) -> Names:
    names = parts(name)
    if ".." in names:
        raise LayerDamagedError(f"`{shorten(name)}` leads outside of it")
    if len(name) > _MAX_NAME:
        raise LayerDamagedError("a name is longer than any can be")
    return tuple(names)
