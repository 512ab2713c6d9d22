"""Layers of a table laid over each other, each value with the places that it comes from.

Tables merge key by key, lists and scalars replace, a key with a plus appends to the list below.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from polyarch.config.keypath import KeyPath
from polyarch.config.keys import APPEND, keys_of
from polyarch.config.lines import line_of
from polyarch.config.source import DEFAULT, Source, SourceKind
from polyarch.config.table import Table

DEFAULT_SOURCES = (DEFAULT,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A value that is not a table; several sources where a list was appended to."""

    value: object
    sources: tuple[Source, ...]


Tree = Mapping[str, "Leaf | Tree"]
"""A resolved table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A checked table, and how to name the place of a path in it."""

    table: Mapping[str, object]
    source: Callable[[KeyPath], Source]

    def only(self, keys: Iterable[str]) -> "Layer":
        """The layer with these keys, plain or appending."""
        wanted = set(keys)
        table = {k: v for k, v in self.table.items() if k.removesuffix(APPEND) in wanted}
        return Layer(table=table, source=self.source)

    def part(self, *path: str) -> "Layer":
        """The layer of a table within this one, empty where there is none."""
        table: object = self.table
        for key in path:
            table = table.get(key) if isinstance(table, dict) else None
        inner = table if isinstance(table, dict) else {}
        return Layer(table=inner, source=lambda rest: self.source((*path, *rest)))


def default_layer(table: type[Table]) -> Layer:
    """The schema's defaults."""
    defaults = {key.name: key.default for key in keys_of(table).values() if key.default is not None}
    return Layer(table=defaults, source=lambda _: DEFAULT)


def file_layer(
    table: Mapping[str, object], path: KeyPath, *, name: str, lines: Mapping[KeyPath, int]
) -> Layer:
    """A table of the file that stands at `path`."""

    def source(rest: KeyPath) -> Source:
        place = (*path, *rest)
        line = line_of(lines, place)
        return Source(kind=SourceKind.FILE, name=name, line=line, path=place)

    return Layer(table=table, source=source)


def environment_layer(
    table: Mapping[str, object], environment: str, *, name: str, lines: Mapping[KeyPath, int]
) -> Layer:
    """The table of an environment."""

    def source(rest: KeyPath) -> Source:
        place = ("environments", environment, *rest)
        return Source(
            kind=SourceKind.ENVIRONMENT,
            name=name,
            line=line_of(lines, place),
            path=place,
            environment=environment,
        )

    return Layer(table=table, source=source)


def flag_layer(table: Mapping[str, object], flag: str) -> Layer:
    """What a flag of the command line sets."""
    return Layer(table=table, source=lambda _: Source(kind=SourceKind.COMMAND_LINE, name=flag))


def merge(layers: Iterable[Layer]) -> Tree:
    """All layers in one, the last one on top."""
    tree: Tree = {}
    for layer in layers:
        tree = _overlay(tree, layer.table, (), layer.source)
    return tree


def plain(tree: Tree) -> dict[str, object]:
    """The values without their sources."""
    return {
        name: node.value if isinstance(node, Leaf) else plain(node) for name, node in tree.items()
    }


def leaves(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Every value with its path, in the order of the tables."""
    for name, node in tree.items():
        if isinstance(node, Leaf):
            yield (*path, name), node
        else:
            yield from leaves(node, (*path, name))


def map_texts(tree: Tree, change: Callable[[str], str]) -> Tree:
    """Change every text; names of keys stay."""
    return {
        name: Leaf(value=_map_texts(node.value, change), sources=node.sources)
        if isinstance(node, Leaf)
        else map_texts(node, change)
        for name, node in tree.items()
    }


def _map_texts(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case list():
            return [_map_texts(item, change) for item in value]
        case dict():
            return {name: _map_texts(item, change) for name, item in value.items()}
        case _:
            return value


def _overlay(
    base: Tree, table: Mapping[str, object], path: KeyPath, source: Callable[[KeyPath], Source]
) -> Tree:
    merged = dict(base)
    # An appending key comes after the plain one of the same table, wherever it stands.
    for name, value in sorted(table.items(), key=lambda item: _appends(*item)):
        place = (*path, name)
        if isinstance(value, dict):
            below = merged.get(name, {})
            tree = {} if isinstance(below, Leaf) else below
            merged[name] = _overlay(tree, value, place, source)
        elif _appends(name, value):
            plain_name = name.removesuffix(APPEND)
            merged[plain_name] = _append(merged.get(plain_name), value, source(place))
        else:
            merged[name] = Leaf(value=value, sources=(source(place),))
    return merged


def _appends(name: str, value: object) -> bool:
    """A label or argument may end in a plus as well, but none of them is a list."""
    return name.endswith(APPEND) and isinstance(value, list)


def _append(below: "Leaf | Tree | None", value: object, source: Source) -> Leaf:
    added = value if isinstance(value, list) else []
    if isinstance(below, Leaf) and isinstance(below.value, list) and below.value:
        return Leaf(value=[*below.value, *added], sources=(*below.sources, source))
    return Leaf(value=added, sources=(source,))
