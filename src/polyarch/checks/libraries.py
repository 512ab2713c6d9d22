"""The libraries that a program needs, found as its loader would find them.

Sources: ld.so(8) for glibc, musl's ldso/dynlink.c. Where both search differently, whatever either
would find counts as there: a library is told as missing only where no loader finds it.
"""

import posixpath
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.checks.binary import Program
from polyarch.checks.command import Located, at_path
from polyarch.checks.filesystem import Filesystem
from polyarch.oci.platform import Platform
from polyarch.oci.toolchain import names_of

_MAX_LIBRARIES = 2000
_MUSL_OWN = ("libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.")
"""Names that musl's loader answers itself (`load_library`, "reserved")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A library that `user` (the path of a program or library) asks for by `name`.

    `found` is what is loaded; where nothing that fits is there, `others` are the files of that name
    that the loader passes over.
    """

    name: str
    user: str
    found: Located | None
    others: tuple[Located, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """How one program's libraries are looked for."""

    files: Filesystem
    platform: Platform
    is_musl: bool
    own_names: frozenset[str]
    first: tuple[str, ...]
    last: tuple[str, ...]


@dataclass(slots=True)
class _Search:
    loader: Loader
    program: Program
    loaded: set[str] = field(default_factory=set)
    todo: deque[tuple[str, Program, tuple[str, ...]]] = field(default_factory=deque)


def libraries(loader: Loader, path: str, program: Program) -> Iterator[Needed]:
    """Every library of a program and of its libraries, breadth first, each name once."""
    search = _Search(loader, program, loaded=set(loader.own_names))
    search.todo.append((path, program, ()))
    while search.todo and len(search.loaded) < _MAX_LIBRARIES:
        user, binary, inherited = search.todo.popleft()
        rpath = (*inherited, *(_expanded(loader, user, binary.rpath)))
        folders = _folders(loader, user, binary, rpath)
        for name in binary.needed:
            if name and name not in search.loaded and not _is_own(loader, name):
                search.loaded.add(name)
                yield _needed(search, name, user, folders, rpath)


def _needed(
    search: _Search, name: str, user: str, folders: tuple[str, ...], rpath: tuple[str, ...]
) -> Needed:
    paths = [name] if "/" in name else [f"{folder}/{name}" for folder in folders]
    places = (at_path(search.loader.files, posixpath.join("/", each)) for each in paths)
    others: list[Located] = []
    for place in places:
        if not isinstance(place, Located):
            continue
        binary = place.file.program
        if binary and search.program.loads(binary):
            if binary.soname:
                search.loaded.add(binary.soname)
            search.todo.append((place.path, binary, rpath))
            return Needed(name=name, user=user, found=place)
        others.append(place)
    return Needed(name=name, user=user, found=None, others=tuple(others))


def _is_own(loader: Loader, name: str) -> bool:
    return loader.is_musl and name.startswith(_MUSL_OWN)


def _folders(loader: Loader, user: str, binary: Program, rpath: tuple[str, ...]) -> tuple[str, ...]:
    runpath = _expanded(loader, user, binary.runpath)
    return tuple(dict.fromkeys([*rpath, *loader.first, *runpath, *loader.last]))


def _expanded(loader: Loader, user: str, folders: tuple[str, ...]) -> tuple[str, ...]:
    """The folders with $ORIGIN, $LIB and $PLATFORM in their places, all that these can be."""
    names = names_of(loader.platform)
    found: list[str] = []
    for folder in folders:
        text = _put(folder, "ORIGIN", posixpath.dirname(user))
        libs = ["lib", "lib64", *([f"lib/{names['multiarch']}"] if names["multiarch"] else [])]
        with_lib = [_put(text, "LIB", each) for each in libs]
        found += [_put(each, "PLATFORM", names["uname"] or "") for each in with_lib]
    return tuple(dict.fromkeys(found))


def _put(text: str, name: str, value: str) -> str:
    return text.replace(f"${{{name}}}", value).replace(f"${name}", value)
