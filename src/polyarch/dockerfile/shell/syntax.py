"""Script text to a syntax tree, within a budget, and from its nodes back to places in the source.

The tree is made by tree-sitter with the grammar of bash. Its recovery from errors can take a time
that grows with the square of the length (`a=(a=(a=(…`), so what one file may spend is bounded.
"""

import re
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from polyarch.dockerfile.source import JoinedText, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Point

LONGEST = 256 * 1024
"""Characters of a script that are read; real ones have some thousand."""
_CHUNK = 64 * 1024
_UNENDED = re.compile(rb"(?<=[)}])[ \t](?=[ \t]*(?:else|elif|fi|then|do|done|esac)\b)")
_STAND_IN = ","
"""What the grammar sees in place of NUL and of characters outside of ASCII."""
_FOREIGN = re.compile(r"[^\x01-\x7f]")


@dataclass(slots=True, kw_only=True)
class Budget:
    """What the scripts of one file may take: processor time in the parser, and characters."""

    seconds: float = 5.0
    characters: int = 1024 * 1024

    @property
    def is_spent(self) -> bool:
        """Whether nothing more is read."""
        return self.seconds <= 0 or self.characters <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A script's text with its places; nodes count its characters.

    `is_exact` says that each character is the one at its place in the Dockerfile, as those that an
    escape of JSON stands for are not.
    """

    text: JoinedText
    is_exact: bool = True

    def start(self, node: "Node") -> int:
        """The first character of a node, in the script's text."""
        return node.start_byte

    def end(self, node: "Node") -> int:
        """The character behind a node, in the script's text."""
        return node.end_byte

    def of(self, node: "Node") -> str:
        """The node's text."""
        return self.text.text[self.start(node) : self.end(node)]

    def span(self, node: "Node") -> Span:
        """The node's place in the Dockerfile."""
        return self.text.span(self.start(node), self.end(node))

    def is_contiguous(self, start: int, end: int) -> bool:
        """Whether these characters stand unbroken in the Dockerfile."""
        return self.is_exact and self.text.is_contiguous(start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed script; `is_whole` is false where the grammar or a bound was met."""

    source: Source
    root: "Node | None"
    is_whole: bool


def parse_script(text: JoinedText, budget: Budget, *, is_exact: bool = True) -> Tree:
    """Parse a script; one that is too long is read as far as the bound, by whole lines.

    The parser gets one byte for each character. That keeps offsets simple, and it keeps the grammar
    from reading outside of its tables: its scanner hands any character to `isdigit` of C
    (tree-sitter-bash, src/scanner.c), which ends the process for those far beyond ASCII.
    """
    short = _shortened(text)
    data = _FOREIGN.sub(_STAND_IN, short.text).encode("ascii")
    source = Source(text=short, is_exact=is_exact)
    root = _root(data, budget)
    if root is not None and root.has_error:
        root = _mended(data, root, budget)
    is_whole = root is not None and not root.has_error and short is text
    return Tree(source=source, root=root, is_whole=is_whole)


def _shortened(text: JoinedText) -> JoinedText:
    if len(text.text) <= LONGEST:
        return text
    end = text.text.rfind("\n", 0, LONGEST)
    return text.cut(0, end if end > 0 else LONGEST)


def _mended(data: bytes, root: "Node", budget: Budget) -> "Node":
    """The tree once `( … ) else` has the `;` that the grammar wants and the shell does not.

    A blank becomes the `;`, so that all places stay.
    """
    mended = _UNENDED.sub(b";", data)
    found = _root(mended, budget) if mended != data else None
    return root if found is None or found.has_error else found


def _root(data: bytes, budget: Budget) -> "Node | None":
    if budget.is_spent:
        return None
    budget.characters -= len(data)
    parser = _parser()
    begin = time.thread_time()
    view = memoryview(data)

    def chunk(offset: int, _point: "Point") -> memoryview:
        return view[offset : offset + _CHUNK]

    def is_late(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 -- the binding's form
        return time.thread_time() > begin + budget.seconds

    try:
        root = parser.parse(chunk, progress_callback=is_late).root_node
    except ValueError:
        # The binding's way to say that the callback has cancelled.
        parser.reset()
        budget.seconds = 0.0
        return None
    # What is quick costs nothing: only what is slow for its length uses the budget up.
    spent = time.thread_time() - begin
    budget.seconds -= max(0.0, spent - len(data) * _FAIR)
    return root


_FAIR = 2e-6
"""Seconds that a character of an ordinary script takes at most (measured: 0.5e-6)."""


@cache
def _parser() -> "Parser":
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
