"""YAML 1.2 as a tree of texts with their lines.

Nothing is taken for a number, a date or an object: an image's tag `1.10` stays what was written.
Aliases and merge keys are followed, and what they may grow to is bounded, as are size and depth.

Source: YAML 1.2.2; merge keys as of 1.1, which every writer of compose files uses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from polyarch.errors import YamlError

MAX_BYTES = 1024 * 1024
MAX_NODES = 200_000
"""With all aliases followed; a hundred lines can say ten to the ninth."""
MAX_DEPTH = 64

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = "<<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A value: a text, a list, a table, or nothing at all.

    `line` counts from 1. `tag` is the local tag that was written before it, such as `!reset`.
    """

    line: int
    tag: str = ""
    text: str | None = None
    items: tuple["Tree", ...] | None = None
    table: Mapping[str, "Tree"] | None = None

    @property
    def is_null(self) -> bool:
        """Whether nothing stands there."""
        return self.text is None and self.items is None and self.table is None

    def get(self, key: str) -> "Tree | None":
        """What a table has under a key; None where it is no table."""
        return (self.table or {}).get(key)


def read_yaml(raw: bytes, name: str) -> Tree:
    """Read one document; an empty one is nothing.

    Raises:
        YamlError: it is not YAML, has a key twice, or is larger than any file of people's.
    """
    if len(raw) > MAX_BYTES:
        raise YamlError(name, 1, f"it is larger than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(name, raw[: error.start].count(b"\n") + 1, "it is not UTF-8") from error
    node = _composed(text, name)
    return Tree(line=1) if node is None else _Planting(name=name).tree(node, 0)


def _composed(text: str, name: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "it cannot be read"
        raise YamlError(name, mark.line + 1 if mark else 1, reason) from error
    except (YAMLError, ValueError) as error:
        raise YamlError(name, 1, str(error).partition("\n")[0]) from error
    except RecursionError:
        raise YamlError(name, 1, "values stand in each other too deep") from None


@dataclass(slots=True, kw_only=True)
class _Planting:
    name: str
    made: int = 0
    above: set[int] = field(default_factory=set)

    def tree(self, node: Any, depth: int) -> Tree:
        line = node.start_mark.line + 1
        self.made += 1
        if self.made > MAX_NODES:
            raise YamlError(self.name, line, "aliases make it larger than any file needs to be")
        if depth > MAX_DEPTH or id(node) in self.above:
            raise YamlError(
                self.name, line, "values stand in each other too deep, or in themselves"
            )
        self.above.add(id(node))
        try:
            return self._planted(node, line, depth)
        finally:
            self.above.discard(id(node))

    def _planted(self, node: Any, line: int, depth: int) -> Tree:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        tag = str(node.tag or "")
        local = tag if tag.startswith("!") and tag != "!" else ""
        if isinstance(node, MappingNode):
            return Tree(line=line, tag=local, table=self._table(node, depth))
        if isinstance(node, SequenceNode):
            items = tuple(self.tree(each, depth + 1) for each in node.value)
            return Tree(line=line, tag=local, items=items)
        plain = node.style is None and not local
        if plain and node.value in _NULLS:
            return Tree(line=line)
        return Tree(line=line, tag=local, text=node.value)

    def _table(self, node: Any, depth: int) -> Mapping[str, Tree]:
        own: dict[str, Tree] = {}
        merged: dict[str, Tree] = {}
        for key, value in node.value:
            name = self._key(key)
            if name == _MERGE:
                for each in self._merged(self.tree(value, depth + 1)):
                    merged = {**(each.table or {}), **merged}
                continue
            if name in own:
                line = key.start_mark.line + 1
                raise YamlError(self.name, line, f"the key `{name}` stands there twice")
            own[name] = self.tree(value, depth + 1)
        return MappingProxyType({**merged, **own})

    def _key(self, key: Any) -> str:
        if not isinstance(key.value, str):
            raise YamlError(self.name, key.start_mark.line + 1, "a key is no text")
        return key.value

    def _merged(self, value: Tree) -> Iterator[Tree]:
        listed: Sequence[Tree] = value.items if value.items is not None else (value,)
        for each in listed:
            if each.table is None:
                raise YamlError(self.name, each.line, "what is merged with `<<` is no table")
            yield replace(each)
