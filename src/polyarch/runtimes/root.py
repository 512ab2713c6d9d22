"""A folder that an image is unpacked into, as the image's own programs would see it.

Links lead where they would lead if the folder were the root, and never outside: each step goes from
an open folder to a name in it, and no step follows a link by itself.
"""

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

MAX_DEPTH = 255
_MAX_LINKS = 40
"""As many as Linux follows (path_resolution(7))."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Names = tuple[str, ...]
MakeFolder = Callable[[int, Names], None]
"""Makes the folder with the last of the names in an open one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands at a path; `names` are the real ones, without any link on the way."""

    names: Names
    info: os.stat_result

    @property
    def path(self) -> str:
        """The real path, from the image's root."""
        return "/" + "/".join(self.names)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.info.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.info.st_mode)


class Root:
    """Use it as a context manager: it holds the folder open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.handle = os.open(folder, _FOLDER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.handle)

    def find(self, path: str, *, follow: bool = True) -> Found | None:
        """What stands at a path; None where there is nothing or links lead nowhere."""
        try:
            step = self._walk(path, follow=follow)
        except OSError:
            return None
        with step:
            return (
                Found(names=tuple(step.names), info=os.fstat(step.handle))
                if step.whole
                else (self._leaf(step))
            )

    def enter(self, path: str, make: MakeFolder | None = None) -> "Step":
        """The folder at a path, made with `make` where it is not there. The caller closes it.

        Raises:
            OSError: something else stands there or on the way, or links go round in circles.
        """
        step = self._walk(path, follow=True, make=make)
        if step.leaf:
            step.close()
            raise NotADirectoryError(errno.ENOTDIR, "it is no folder", path)
        return step

    def open_folder(self, names: Names) -> int:
        """The folder of real names.

        Raises:
            OSError: there is none.
        """
        handle = os.dup(self.handle)
        for name in names:
            handle = _into(handle, name)
        return handle

    def read(self, found: Found, size: int) -> bytes:
        """The beginning of a file, empty where it cannot be read."""
        with contextlib.suppress(OSError):
            folder = self.open_folder(found.names[:-1])
            try:
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                handle = os.open(found.names[-1], flags, dir_fd=folder)
            finally:
                os.close(folder)
            with os.fdopen(handle, "rb") as file:
                return file.read(size)
        return b""

    def _leaf(self, step: "Step") -> Found | None:
        info = _stat(step.leaf, step.handle)
        return Found(names=(*step.names, step.leaf), info=info) if info else None

    def _walk(self, path: str, *, follow: bool, make: MakeFolder | None = None) -> "Step":
        step = Step(handle=os.dup(self.handle), names=[])
        try:
            self._go(step, deque(parts(path)), follow=follow, make=make)
        except BaseException:
            step.close()
            raise
        return step

    def _go(self, step: "Step", rest: deque[str], *, follow: bool, make: MakeFolder | None) -> None:
        links = 0
        while rest:
            name = rest.popleft()
            if name == "..":
                step.move(self.open_folder(tuple(step.names[:-1])), step.names[:-1])
                continue
            info = _stat(name, step.handle)
            if info is None and make and len(step.names) < MAX_DEPTH:
                make(step.handle, (*step.names, name))
                info = _stat(name, step.handle)
            if info is None:
                raise FileNotFoundError(errno.ENOENT, "it is not there", name)
            if stat.S_ISLNK(info.st_mode) and (rest or follow):
                links += 1
                if links > _MAX_LINKS:
                    raise OSError(errno.ELOOP, "its links go round in circles", name)
                target = os.readlink(name, dir_fd=step.handle)
                if target.startswith("/"):
                    step.move(os.dup(self.handle), [])
                rest.extendleft(reversed(parts(target)))
            elif stat.S_ISDIR(info.st_mode):
                step.move(_into(os.dup(step.handle), name), [*step.names, name])
            elif rest:
                raise NotADirectoryError(errno.ENOTDIR, "it is no folder", name)
            else:
                step.leaf = name


@dataclass(slots=True)
class Step:
    """An open folder; `leaf` is a name in it that is none, empty where the folder is meant."""

    handle: int
    names: list[str]
    leaf: str = ""

    @property
    def whole(self) -> bool:
        """Whether the path led to the folder itself."""
        return not self.leaf

    def move(self, handle: int, names: list[str]) -> None:
        """Stand in another folder."""
        os.close(self.handle)
        self.handle, self.names = handle, names

    def close(self) -> None:
        """Let the folder go."""
        os.close(self.handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def parts(path: str) -> list[str]:
    """The names of a path, without what says nothing; `..` stays."""
    return [name for name in path.split("/") if name not in {"", "."}]


def _into(handle: int, name: str) -> int:
    """The folder of that name in an open one, which is closed."""
    try:
        return os.open(name, _FOLDER, dir_fd=handle)
    finally:
        os.close(handle)


def _stat(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
