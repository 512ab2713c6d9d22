"""The files of an image as its layers leave them, without their content and without a disk.

Layers are applied as containerd does it: names are looked up through the symbolic links that are
there, a whiteout removes what lower layers brought and never what came with it, a hard link shares
what stands at its target.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from polyarch.checks.binary import Program
from polyarch.checks.bounds import DEFAULT_BOUNDS, Bounds
from polyarch.checks.entry import RUN_BITS, Entry, EntryKind
from polyarch.checks.tree import File, Folder, Link, Node, Other, files_below, prune
from polyarch.errors import LayerBoundsError

MAX_LINKS = 40
"""How many symbolic links the kernel follows in one name."""

_NOT_NAMES = frozenset({"", ".", ".."})
_MAX_STEPS = 50_000_000
_MAX_DEPTH = 1024
_MAX_REMOVED = 10_000
_NODE_BYTES = 160
"""What a name with its node takes beside its characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path leads to: `path` is its real one, with a leading slash."""

    path: str
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Why a path leads nowhere, and how far one comes."""

    path: str
    reason: str


@dataclass(slots=True)
class Filesystem:
    """Layers count from 0; `removed` tells which one took a program or script away."""

    bounds: Bounds = DEFAULT_BOUNDS
    root: Folder = field(default_factory=lambda: Folder(0))
    removed: dict[str, int] = field(default_factory=dict)
    broken_links: list[tuple[str, str, int]] = field(default_factory=list)
    _count: int = 0
    _bytes: int = 0
    _steps: int = 0
    _last: tuple[str, Folder] | None = None
    _plain: dict[tuple[int, int], File] = field(default_factory=dict)

    def apply(self, entry: Entry, layer: int) -> None:
        """Do what an entry of a layer says.

        Raises:
            LayerBoundsError: the image has too many entries, or names of too many characters.
        """
        if entry.kind is EntryKind.OPAQUE:
            self._empty(entry.path, layer)
        elif entry.kind is EntryKind.WHITEOUT:
            self._remove(entry.path, layer)
        else:
            self._put(entry, layer)

    def look(self, path: str, *, folder: str = "/") -> Place | Gone:
        """Follow a path through all its links; one that is relative begins in `folder`."""
        return self._walk(path if path.startswith("/") else f"{folder}/{path}")

    def files(self) -> Iterator[tuple[str, File]]:
        """Every file with its real path."""
        return files_below(self.root, "")

    def _put(self, entry: Entry, layer: int) -> None:
        parent_path, _, name = entry.path.rpartition("/")
        node = self._made(entry, layer)
        if node is None:
            return
        parent = self._parent(parent_path, layer)
        there = parent.children.get(name)
        if isinstance(node, Folder) and isinstance(there, Folder):
            there.layer = layer
            return
        if isinstance(there, Folder | Link) or isinstance(node, Link):
            self._last = None
        self._weigh(name, node)
        parent.children[name] = node

    def _made(self, entry: Entry, layer: int) -> Node | None:
        if entry.kind is EntryKind.FOLDER:
            return Folder(layer)
        if entry.kind is EntryKind.SYMBOLIC_LINK:
            return Link(layer, entry.link)
        if entry.kind is EntryKind.HARD_LINK:
            return self._hard_link(entry, layer)
        if entry.kind is not EntryKind.FILE:
            return Other(layer)
        if entry.program or entry.text:
            return File(layer, entry.mode, entry.program, entry.text)
        return self._plain_file(layer, entry.mode)

    def _plain_file(self, layer: int, mode: int) -> File:
        """One object for all files of a layer that differ in nothing but their names."""
        key = (layer, mode)
        found = self._plain.get(key)
        if found is None:
            found = self._plain[key] = File(layer, mode)
        return found

    def _hard_link(self, entry: Entry, layer: int) -> Node | None:
        folder, _, name = entry.link.rpartition("/")
        parent = self._walk(folder)
        node = parent.node if isinstance(parent, Place) else None
        found = node.children.get(name) if isinstance(node, Folder) else None
        if isinstance(found, File):
            if found.program or found.text:
                return File(layer, found.mode, found.program, found.text)
            return self._plain_file(layer, found.mode)
        if isinstance(found, Link):
            return Link(layer, found.target)
        if isinstance(found, Other):
            return found
        if len(self.broken_links) < _MAX_REMOVED:
            self.broken_links.append((entry.path, entry.link, layer))
        return None

    def _remove(self, path: str, layer: int) -> None:
        folder, _, name = path.rpartition("/")
        parent = self._walk(folder)
        node = parent.node if isinstance(parent, Place) else None
        found = node.children.get(name) if isinstance(node, Folder) else None
        if isinstance(node, Folder) and found is not None:
            self._last = None
            self._note(found, f"/{path}", layer)
            if not prune(found, layer):
                del node.children[name]

    def _empty(self, path: str, layer: int) -> None:
        found = self._walk(path)
        if isinstance(found, Place) and isinstance(found.node, Folder):
            self._last = None
            self._note(found.node, found.path.rstrip("/"), layer)
            prune(found.node, layer)

    def _note(self, node: Node, path: str, layer: int) -> None:
        """Remember who removes what could have been run."""
        files = [(path, node)] if isinstance(node, File) else files_below(node, path)
        for name, file in files:
            if len(self.removed) >= _MAX_REMOVED:
                return
            if file.layer < layer and (file.program or file.mode & RUN_BITS):
                self.removed[name] = layer

    def _parent(self, path: str, layer: int) -> Folder:
        if self._last and self._last[0] == path:
            return self._last[1]
        found = self._walk(path, make=layer)
        folder = found.node if isinstance(found, Place) else None
        if not isinstance(folder, Folder):
            folder = Folder(layer)  # through links that lead in circles: it is nowhere
        self._last = (path, folder)
        return folder

    def _walk(self, path: str, *, make: int | None = None) -> Place | Gone:
        """Follow a path; with `make`, what lacks is made as folders of that layer."""
        todo = path.split("/")[::-1]
        trail: list[tuple[str, Node]] = [("", self.root)]
        links = 0
        while todo:
            part = todo.pop()
            self._step()
            if part in _NOT_NAMES:
                if part == ".." and len(trail) > 1:
                    trail.pop()
                continue
            here = trail[-1][1]
            if not isinstance(here, Folder):
                return Gone(path=_joined(trail), reason="it is not a folder")
            found = _child(here, part, make)
            if found is None:
                return Gone(path=_joined([*trail, (part, here)]), reason="it is not there")
            if isinstance(found, Link):
                links += 1
                if links > MAX_LINKS:
                    return Gone(path=path, reason="its links lead in circles")
                trail = trail[:1] if found.target.startswith("/") else trail
                todo += found.target.split("/")[::-1]
                continue
            if len(trail) > _MAX_DEPTH:
                raise LayerBoundsError(f"its folders are more than {_MAX_DEPTH} deep")
            trail.append((part, found))
        if make is not None:
            self._hang(trail)
        return Place(path=_joined(trail), node=trail[-1][1])

    def _hang(self, trail: list[tuple[str, Node]]) -> None:
        """Put the folders that were made on the way where they belong."""
        for (_, parent), (name, node) in pairwise(trail):
            if isinstance(parent, Folder) and parent.children.get(name) is not node:
                parent.children[name] = node
                self._weigh(name, node)

    def _weigh(self, name: str, node: Node) -> None:
        self._count += 1
        self._bytes += len(name) + _NODE_BYTES
        if isinstance(node, File):
            self._bytes += len(node.text) + _program_bytes(node.program)
        elif isinstance(node, Link):
            self._bytes += len(node.target)
        if self._count > self.bounds.entries:
            raise LayerBoundsError(f"the image has more than {self.bounds.entries} entries")
        if self._bytes > self.bounds.memory_bytes:
            raise LayerBoundsError("the names of its entries take too much memory")

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise LayerBoundsError("its links make names too long to follow")


def _child(folder: Folder, name: str, make: int | None) -> Node | None:
    """What has the name; with `make` a new folder where there is none that can be gone through.

    It is hung up at the end of the way: `..` may leave it again.
    """
    found = folder.children.get(name)
    if make is None or isinstance(found, Folder | Link):
        return found
    return Folder(make)


def _joined(trail: list[tuple[str, Node]]) -> str:
    return "/".join(name for name, _ in trail) or "/"


def _program_bytes(program: Program | None) -> int:
    if program is None:
        return 0
    lists = (program.needed, program.rpath, program.runpath)
    return 1000 + sum(100 + len(each) for listed in lists for each in listed)
