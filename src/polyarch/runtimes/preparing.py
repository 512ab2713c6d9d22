"""What a runtime adds to an image's folder before a program starts: mount points, name files."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from polyarch.runtimes.root import Names, Root

_HOSTS = b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_RESOLVER = Path("/etc/resolv.conf")


def folder_for(root: Root, path: str, mode: int = 0o755) -> str | None:
    """The real path of a folder, made where it is not there; None where something is in the way."""
    with contextlib.suppress(OSError), root.enter(path, _maker(mode)) as step:
        return "/" + "/".join(step.names)
    return None


def add_name_files(root: Root, *, network: bool) -> None:
    """Give the image what runtimes give each container, where it brings nothing itself."""
    _fill(root, "hosts", _HOSTS)
    with contextlib.suppress(OSError):
        _fill(root, "resolv.conf", _RESOLVER.read_bytes() if network else b"")


def _maker(mode: int) -> Callable[[int, Names], None]:
    def make(handle: int, names: Names) -> None:
        os.mkdir(names[-1], mode, dir_fd=handle)
        with contextlib.suppress(OSError):
            os.chmod(names[-1], mode, dir_fd=handle)

    return make


def _fill(root: Root, name: str, content: bytes) -> None:
    found = root.find(f"/etc/{name}", follow=False)
    if found and (not found.is_file or found.info.st_size):
        return
    with contextlib.suppress(OSError), root.enter("/etc", _maker(0o755)) as step:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=step.handle)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o644, dir_fd=step.handle), "wb") as file:
            file.write(content)
