"""HCL as far as bake files say with it what is built: blocks, texts, lists, tables, variables.

Expressions beyond that (functions, conditions, loops) are passed over and are unknown. A library
for the whole language was looked at: python-hcl2 keeps no places of values, which findings need.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.ci.hcl_tokens import Token, TokenKind, tokens
from polyarch.errors import BakeFileError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64

_PARTS = re.compile(r"\$\{\s*([A-Za-z_][\w-]*)\s*\}|\$\$\{|[$%]\{|\\(.)|[^$%\\]+|.", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_OPENING, _CLOSING = frozenset("[{("), frozenset("]})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What stands behind `=`: a text in `parts`, a list, a table, or what is not known.

    `parts` are pairs (is it a variable's name, text). `start` and `end` are offsets of the source.
    """

    line: int
    start: int
    end: int
    parts: tuple[tuple[bool, str], ...] | None = None
    items: "tuple[Value, ...] | None" = None
    table: "tuple[tuple[str, Value], ...] | None" = None

    def text(self, variables: Mapping[str, str]) -> str | None:
        """The text with its variables; None where it has none, or stands on an unknown one."""
        if self.parts is None or any(name not in variables for is_, name in self.parts if is_):
            return None
        return "".join(variables[each] if is_name else each for is_name, each in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`kind "label" { … }` with its attributes; blocks inside of it are kept too."""

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    blocks: "list[Block]" = field(default_factory=list)


def read_hcl(text: str, name: str) -> Block:
    """The whole file as one block without a kind.

    Raises:
        BakeFileError: it is not HCL, or larger than any file of people's.
    """
    if len(text) > MAX_BYTES:
        raise BakeFileError(name, 1, f"it is larger than {MAX_BYTES} bytes")
    return _Reader(name, list(tokens(text, name))).body()


class _Reader:
    def __init__(self, name: str, words: Sequence[Token]) -> None:
        self._name = name
        self._words = words
        self._at = 0

    def body(self) -> Block:
        """All blocks, one inside the other, without recursion."""
        open_: list[tuple[Block, dict[str, Value]]] = [_made("", (), 1)]
        while True:
            word = self._next()
            if word.kind is TokenKind.NEWLINE or word.text == ",":
                continue
            if word.kind is TokenKind.END and len(open_) == 1:
                return open_[0][0]
            if word.kind is TokenKind.MARK and word.text == "}" and len(open_) > 1:
                open_.pop()
            elif word.kind in {TokenKind.NAME, TokenKind.TEXT}:
                self._member(word, open_)
            else:
                raise self._wrong(word)

    def _member(self, word: Token, open_: list[tuple[Block, dict[str, Value]]]) -> None:
        """An attribute, or the head of a block."""
        if self._peek().text == "=" and self._peek().kind is TokenKind.MARK:
            self._next()
            open_[-1][1][word.text] = self._value(0)
            self._skip_expression()
            return
        labels: list[str] = []
        while (following := self._next()).kind in {TokenKind.NAME, TokenKind.TEXT}:
            labels.append(following.text)
        if following.text != "{" or len(open_) > MAX_DEPTH:
            raise self._wrong(following)
        made = _made(word.text, tuple(labels), word.line)
        open_[-1][0].blocks.append(made[0])
        open_.append(made)

    def _value(self, depth: int) -> Value:
        """One value; what follows it, or what it is beyond the subset, makes it unknown."""
        first = self._peek()
        if depth > MAX_DEPTH:
            raise BakeFileError(self._name, first.line, "values stand in each other too deep")
        value = self._simple(depth)
        if value is None or not self._is_over(inside=depth > 0):
            self._skip_expression(inside=depth > 0)
            return Value(line=first.line, start=first.start, end=first.end)
        return value

    def _simple(self, depth: int) -> Value | None:
        word = self._peek()
        if word.kind is TokenKind.MARK and word.text == "[":
            return self._list(depth)
        if word.kind is TokenKind.MARK and word.text == "{":
            return self._table(depth)
        if word.kind is TokenKind.TEXT:
            parts = _parts(word.text)
        elif word.kind is TokenKind.NAME:
            parts = ((word.text not in {"true", "false"}, word.text),)
        elif word.kind is TokenKind.NUMBER:
            parts = ((False, word.text),)
        else:
            return None
        self._next()
        return Value(line=word.line, start=word.start, end=word.end, parts=parts)

    def _list(self, depth: int) -> Value | None:
        first, found = self._next(), list[Value]()
        while True:
            self._skip_lines()
            word = self._peek()
            if word.kind is TokenKind.MARK and word.text == "]":
                self._next()
                return Value(line=first.line, start=first.start, end=word.end, items=tuple(found))
            if word.kind is TokenKind.END or (
                word.kind is TokenKind.MARK and word.text in _CLOSING | {","}
            ):
                raise self._wrong(word)
            found.append(self._value(depth + 1))
            self._skip_lines()
            if self._peek().text == ",":
                self._next()

    def _table(self, depth: int) -> Value | None:
        first, found = self._next(), list[tuple[str, Value]]()
        while True:
            self._skip_lines()
            word = self._next()
            if word.kind is TokenKind.MARK and word.text == "}":
                return Value(line=first.line, start=first.start, end=word.end, table=tuple(found))
            if word.kind is TokenKind.END:
                raise self._wrong(word)
            if word.text == ",":
                continue
            if self._peek().text in {"=", ":"}:
                self._next()
                self._skip_lines()
                found.append((word.text, self._value(depth + 1)))
            else:  # a loop, or a key that is worked out
                self._skip_expression(inside=True)

    def _is_over(self, *, inside: bool) -> bool:
        word = self._peek()
        if word.kind in {TokenKind.NEWLINE, TokenKind.END}:
            return True
        return word.kind is TokenKind.MARK and word.text in (_CLOSING | {","} if inside else {"}"})

    def _skip_expression(self, *, inside: bool = False) -> None:
        """Go to what ends an expression: its line, or in a list the comma or bracket."""
        depth = 0
        while True:
            word = self._peek()
            if word.kind is TokenKind.END:
                return
            if depth == 0 and self._is_over(inside=inside):
                return
            is_mark = word.kind is TokenKind.MARK
            depth += is_mark and word.text in _OPENING
            depth -= is_mark and word.text in _CLOSING
            depth = max(depth, 0)
            self._next()

    def _skip_lines(self) -> None:
        while self._peek().kind is TokenKind.NEWLINE:
            self._next()

    def _peek(self) -> Token:
        return self._words[self._at]

    def _next(self) -> Token:
        word = self._words[self._at]
        self._at = min(self._at + 1, len(self._words) - 1)
        return word

    def _wrong(self, word: Token) -> BakeFileError:
        what = f"`{word.text}` cannot stand here" if word.text.strip() else "something is missing"
        return BakeFileError(self._name, word.line, what)


def _made(kind: str, labels: tuple[str, ...], line: int) -> tuple[Block, dict[str, Value]]:
    attributes: dict[str, Value] = {}
    return Block(kind=kind, labels=labels, line=line, attributes=attributes), attributes


def _parts(text: str) -> tuple[tuple[bool, str], ...] | None:
    """Texts and names of variables; None where a template holds more than a name."""
    found: list[tuple[bool, str]] = []
    for match in _PARTS.finditer(text):
        if match[1]:
            found.append((True, match[1]))
        elif match[0] in {"${", "%{"}:
            return None
        elif match[2]:
            found.append((False, _ESCAPES.get(match[2], match[0])))
        else:
            found.append((False, "${" if match[0] == "$${" else match[0]))
    return tuple(found)


def blocks_of(root: Block, kind: str) -> Iterator[Block]:
    """The blocks of a kind at the top of a file."""
    return (block for block in root.blocks if block.kind == kind)
