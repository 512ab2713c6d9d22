"""What a tree of files is made of; the number of the layer that brought it stands in each.

Plain slotted classes that change: an image may have a million of them.
"""

from collections.abc import Iterator

from polyarch.checks.binary import Program


class Folder:
    """A folder and what lies in it."""

    __slots__ = ("children", "layer")

    def __init__(self, layer: int) -> None:
        self.layer = layer
        self.children: dict[str, Node] = {}


class File:
    """A file: whether it may be run, and what it is where it is a program or script."""

    __slots__ = ("layer", "mode", "program", "text")

    def __init__(
        self, layer: int, mode: int, program: Program | None = None, text: str = ""
    ) -> None:
        self.layer = layer
        self.mode = mode
        self.program = program
        self.text = text


class Link:
    """A symbolic link."""

    __slots__ = ("layer", "target")

    def __init__(self, layer: int, target: str) -> None:
        self.layer = layer
        self.target = target


class Other:
    """A device or pipe."""

    __slots__ = ("layer",)

    def __init__(self, layer: int) -> None:
        self.layer = layer


Node = Folder | File | Link | Other


def files_below(node: Node, path: str) -> Iterator[tuple[str, File]]:
    """Every file below, with its path; without recursion, as depth is somebody else's choice."""
    todo: list[tuple[str, Node]] = [(path, node)] if isinstance(node, Folder) else []
    while todo:
        place, folder = todo.pop()
        if not isinstance(folder, Folder):
            continue
        for name, child in folder.children.items():
            if isinstance(child, File):
                yield f"{place}/{name}", child
            elif isinstance(child, Folder):
                todo.append((f"{place}/{name}", child))


def prune(node: Node, layer: int) -> bool:
    """Take away what is older than the layer; whether the node itself stays.

    A folder stays where something in it does.
    """
    if not isinstance(node, Folder):
        return node.layer >= layer
    order = [node]
    for folder in order:
        order += [child for child in folder.children.values() if isinstance(child, Folder)]
    for folder in reversed(order):
        folder.children = {
            name: child
            for name, child in folder.children.items()
            if child.layer >= layer or (isinstance(child, Folder) and child.children)
        }
    return node.layer >= layer or bool(node.children)
