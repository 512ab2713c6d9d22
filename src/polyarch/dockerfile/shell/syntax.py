"""Script text to a syntax tree, within a budget, and from its nodes back to places in the source.

The tree is made by tree-sitter with the grammar of bash. Its recovery from errors can take a time
that grows with the square of the length (`a=(a=(a=(…`), so what one file may spend is bounded.
"""

import time
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from polyarch.dockerfile.source import JoinedText, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Point

LONGEST = 256 * 1024
"""Characters of a script that are read; real ones have some thousand."""
_CHUNK = 64 * 1024
_CONTINUING = range(0x80, 0xC0)
_LATER_BYTES = bytes(int(byte in _CONTINUING) for byte in range(256))
"""1 for a byte that in UTF-8 is not the first one of its character."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """Seconds of processor time that the scripts of one file may take in the parser."""

    seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A script's text, where it was written, and the table from bytes to characters."""

    text: JoinedText
    characters: tuple[int, ...] | None = field(repr=False)

    def start(self, node: "Node") -> int:
        """The first character of a node, in the script's text."""
        return self._character(node.start_byte)

    def end(self, node: "Node") -> int:
        """The character behind a node, in the script's text."""
        return self._character(node.end_byte)

    def of(self, node: "Node") -> str:
        """The node's text."""
        return self.text.text[self.start(node) : self.end(node)]

    def span(self, node: "Node") -> Span:
        """The node's place in the Dockerfile."""
        return self.text.span(self.start(node), self.end(node))

    def is_contiguous(self, node: "Node") -> bool:
        """Whether the node is unbroken in the Dockerfile."""
        return self.text.is_contiguous(self.start(node), self.end(node))

    def _character(self, byte: int) -> int:
        return byte if self.characters is None else self.characters[byte]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed script; `is_whole` is false where the grammar or a bound was met."""

    source: Source
    root: "Node | None"
    is_whole: bool


def parse_script(text: JoinedText, budget: Budget) -> Tree:
    """Parse a script; one that is too long is read as far as the bound, by whole lines."""
    short = _shortened(text)
    data = short.text.encode("utf-8", "replace")
    source = Source(text=short, characters=None if short.text.isascii() else _characters(data))
    root = _root(data, budget)
    is_whole = root is not None and not root.has_error and short is text
    return Tree(source=source, root=root, is_whole=is_whole)


def _shortened(text: JoinedText) -> JoinedText:
    if len(text.text) <= LONGEST:
        return text
    end = text.text.rfind("\n", 0, LONGEST)
    return text.cut(0, end if end > 0 else LONGEST)


def _characters(data: bytes) -> tuple[int, ...]:
    """For each byte the index of its character, and one more for the end."""
    inner = data.translate(_LATER_BYTES)
    starts = accumulate((1 - byte for byte in inner), initial=0)
    before = tuple(starts)
    # A byte inside a character counts to it: nodes never begin there.
    return tuple(
        count - 1 if index < len(inner) and inner[index] else count
        for index, count in enumerate(before)
    )


def _root(data: bytes, budget: Budget) -> "Node | None":
    if budget.seconds <= 0:
        return None
    parser = _parser()
    begin = time.thread_time()
    end = begin + budget.seconds

    def chunk(offset: int, _point: "Point") -> bytes:
        return data[offset : offset + _CHUNK]

    def is_late(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 -- the binding's form
        return time.thread_time() > end

    try:
        return parser.parse(chunk, progress_callback=is_late).root_node
    except ValueError:
        # The binding's way to say that the callback has cancelled.
        parser.reset()
        return None
    finally:
        # What is quick costs nothing: only what is slow for its length uses the budget up.
        spent = time.thread_time() - begin
        budget.seconds -= max(0.0, spent - len(data) * _FAIR)


_FAIR = 2e-6
"""Seconds that a character of an ordinary script takes at most (measured: 0.5e-6)."""


@cache
def _parser() -> "Parser":
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
