"""Where programs and libraries are looked for in an image, as its runtime and loaders do it.

Sources: runc's default PATH and moby's; ld.so(8) and ldconfig(8) for glibc, with the folders of
Debian's multiarch and of the 64-bit ABIs; musl's ldso/dynlink.c.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from polyarch.checks.filesystem import Filesystem, Place
from polyarch.checks.tree import File, Folder
from polyarch.oci.config import ImageConfig
from polyarch.oci.platform import Platform
from polyarch.oci.toolchain import names_of

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_GLIBC = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib64/lp64d", "/usr/lib64/lp64d")
_MUSL = ("/lib", "/usr/local/lib", "/usr/lib")
_MAX_INCLUDES = 200


def environment(config: ImageConfig, name: str) -> str | None:
    """A variable of the image; the last one counts."""
    found = [each.partition("=")[2] for each in config.environment if each.startswith(f"{name}=")]
    return found[-1] if found else None


def program_folders(config: ImageConfig) -> tuple[str, ...]:
    """The folders of PATH in their order; one that is not absolute begins in the working one."""
    path = environment(config, "PATH")
    working = config.working_dir or "/"
    folders = (DEFAULT_PATH if path is None else path).split(":")
    return tuple(posixpath.join("/", working, each) for each in folders)


def library_folders(config: ImageConfig) -> tuple[str, ...]:
    """The folders of LD_LIBRARY_PATH."""
    path = environment(config, "LD_LIBRARY_PATH") or ""
    return tuple(each for each in re.split("[:;]", path) if each.startswith("/"))


def glibc_folders(files: Filesystem, platform: Platform) -> tuple[str, ...]:
    """What ld.so.conf and the loader's cache name, and the folders that are compiled in."""
    triple = names_of(platform)["multiarch"]
    own = (f"/lib/{triple}", f"/usr/lib/{triple}") if triple else ()
    named = _configured(files, "/etc/ld.so.conf", [_MAX_INCLUDES])
    return tuple(dict.fromkeys([*named, *_cached(files), *own, *_GLIBC]))


def musl_folders(files: Filesystem) -> tuple[str, ...]:
    """What /etc/ld-musl-ARCH.path names, else the folders that are compiled in."""
    etc = files.look("/etc")
    if isinstance(etc, Place) and isinstance(etc.node, Folder):
        for name, node in etc.node.children.items():
            if name.startswith("ld-musl-") and name.endswith(".path") and isinstance(node, File):
                return tuple(each for each in re.split("[:\n]", node.text) if each.startswith("/"))
    return _MUSL


def real_folders(files: Filesystem, folders: Iterable[str]) -> frozenset[str]:
    """Where the folders really lie, those that are there."""
    found = (files.look(folder) for folder in folders)
    return frozenset(
        each.path for each in found if isinstance(each, Place) and isinstance(each.node, Folder)
    )


def _cached(files: Filesystem) -> list[str]:
    found = files.look("/etc/ld.so.cache")
    node = found.node if isinstance(found, Place) else None
    return node.text.split("\n") if isinstance(node, File) and node.text else []


def _configured(files: Filesystem, path: str, left: list[int]) -> Iterator[str]:
    """The folders of a file and of those that it includes; `left` counts down how many more."""
    found = files.look(path)
    node = found.node if isinstance(found, Place) else None
    if not isinstance(node, File) or left[0] <= 0:
        return
    left[0] -= 1
    for line in node.text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["include"]:
            for pattern in words[1:]:
                for name in _matching(files, posixpath.join(posixpath.dirname(path), pattern)):
                    yield from _configured(files, name, left)
        elif words and words[0].startswith("/"):
            yield from (each for each in re.split("[:, \t=]", line) if each.startswith("/"))


def _matching(files: Filesystem, pattern: str) -> list[str]:
    """The files of one folder whose names fit a glob; globs of folders are not followed."""
    folder, _, name = pattern.rpartition("/")
    found = files.look(folder or "/")
    if not isinstance(found, Place) or not isinstance(found.node, Folder):
        return []
    return [
        f"{found.path}/{each}" for each in sorted(found.node.children) if fnmatchcase(each, name)
    ]
