"""Words of a script: what is written, what it is worth, what it expands."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarch.dockerfile.shell.syntax import Source
from polyarch.dockerfile.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_UNKNOWN = frozenset({"simple_expansion", "expansion", "arithmetic_expansion", *_SUBSTITUTIONS})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r"\\([$`\"\\])")
_CONTINUATION = re.compile(r"\\\r?\n")
_ANSI_ESCAPE = re.compile(r"\\([abefnrtv\\'\"?])")
_ANSI = {"a": "\a", "b": "\b", "e": "\033", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BLANKS = re.compile(r"\s+")
_MOST_PARTS = 4096
"""Parts of one word that are looked at; a longer one has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellWord:
    """One word of a command.

    `text` is as written, continuations taken out; `value` is what it is worth without quotes, None
    where it holds a variable or a substitution. `variables` are the names that it expands, in
    order, without those inside a substitution; `asks` the commands that it substitutes, as text
    with single blanks (`uname -m`). `span` is its place in the source; `is_contiguous` says that no
    continuation is inside: then the source there is `text`.
    """

    text: str
    value: str | None
    variables: tuple[str, ...]
    span: Span
    is_contiguous: bool = True
    asks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text if self.value is None else self.value


def word_of(node: "Node", source: Source) -> ShellWord:
    """The word that a node is."""
    return words_as_one((node,), source)


def words_as_one(nodes: "tuple[Node, ...]", source: Source) -> ShellWord:
    """One word of nodes that follow each other without a gap."""
    start, end = source.start(nodes[0]), source.end(nodes[-1])
    raw = source.text.text[start:end]
    text = raw if _is_raw(nodes) else _CONTINUATION.sub("", raw)
    parts = _Parts.read(nodes, source)
    return ShellWord(
        text=text,
        value=parts.value,
        variables=parts.variables,
        span=source.text.span(start, end),
        is_contiguous=text == raw and source.is_contiguous(start, end),
        asks=parts.asks,
    )


def _is_raw(nodes: "tuple[Node, ...]") -> bool:
    return len(nodes) == 1 and nodes[0].type in {"raw_string", "ansi_c_string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    value: str | None
    variables: tuple[str, ...]
    asks: tuple[str, ...]

    @classmethod
    def read(cls, nodes: "tuple[Node, ...]", source: Source) -> "_Parts":
        values: list[str] = []
        variables: list[str] = []
        asks: list[str] = []
        is_known = True
        # With each node whether a name directly in it stands for itself: `export name=value`.
        waiting = [(node, True) for node in reversed(nodes)]
        seen = 0
        while waiting and seen < _MOST_PARTS:
            node, is_name = waiting.pop()
            seen += 1
            kind = node.type
            is_known = is_known and kind not in _UNKNOWN and kind != "ERROR"
            if kind in _SUBSTITUTIONS:
                asks.append(_inner(source.of(node)))
            elif kind == "variable_name":
                (values if is_name else variables).append(source.of(node))
            elif node.child_count and kind != "string":
                names = kind == "variable_assignment"
                waiting += ((one, names) for one in reversed(node.children))
            elif kind == "string":
                values.append(_quoted(source.of(node)))
                waiting += ((one, False) for one in reversed(node.named_children))
            elif kind not in {"string_content", '"'}:
                values.append(_value(kind, source.of(node)))
        known = is_known and not waiting
        return cls(
            value="".join(values) if known else None,
            variables=tuple(variables),
            asks=tuple(asks),
        )


def _value(kind: str, text: str) -> str:
    """What a leaf outside of double quotes is worth."""
    if kind == "raw_string":
        return text[1:-1]
    if kind == "ansi_c_string":
        return _ANSI_ESCAPE.sub(lambda found: _ANSI.get(found[1], found[1]), text[2:-1])
    return _ESCAPE.sub(r"\1", _CONTINUATION.sub("", text))


def _quoted(text: str) -> str:
    """What `"…"` or `$"…"` is worth if nothing is expanded in it."""
    inner = text.removeprefix("$").removeprefix('"').removesuffix('"')
    return _QUOTED_ESCAPE.sub(r"\1", _CONTINUATION.sub("", inner))


def _inner(text: str) -> str:
    """The command inside `$(…)`, backquotes or `<(…)`, with single blanks."""
    for opening, closing in (("$(", ")"), ("<(", ")"), (">(", ")"), ("`", "`")):
        if text.startswith(opening):
            text = text[len(opening) :].removesuffix(closing)
            break
    return _BLANKS.sub(" ", text).strip()
