"""Expressions of GitHub Actions, as they stand between `${{` and `}}`, as trees.

Source: docs.github.com, "Evaluate expressions in workflows and actions".
"""

import re
from dataclasses import dataclass
from typing import Literal as OneOf

from polyarch.errors import ExpressionSyntaxError

MAX_CHARACTERS = 21_000
"""As many as GitHub takes."""
MAX_DEPTH = 50
"""Likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A text, a number, `true`, `false` or `null`."""

    value: str | float | bool | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A context, as `github`."""

    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """`of.key` or `of[key]`; `key` None is `.*`, all of them."""

    of: "Node"
    key: "Node | None"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function, its name in lower case."""

    name: str
    arguments: "tuple[Node, ...]"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """`!of`."""

    of: "Node"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """Two sides and what stands between them."""

    operator: OneOf["&&", "||", "==", "!=", "<", "<=", ">", ">="]
    left: "Node"
    right: "Node"
    source: str


Node = Literal | Name | Member | Call | Not | Binary

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:0x[0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))"
    r"(?![\w.])"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\].,*]))"
)
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))
_WORDS: dict[str, bool | float | None] = {
    "true": True,
    "false": False,
    "null": None,
    "nan": float("nan"),
    "infinity": float("inf"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse_expression(text: str) -> Node:
    """Read what stands between the braces.

    Raises:
        ExpressionSyntaxError: it is none, or larger or deeper than GitHub takes.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionSyntaxError(text, f"it is longer than {MAX_CHARACTERS} characters")
    return _Parser(text).whole()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ExpressionSyntaxError(text, f"`{text[at:].strip()[:1]}` has no place there")
        kind = match.lastgroup
        found.append(
            _Token(kind=kind, text=match[kind], start=match.start(kind), end=match.end(kind))
        )
        at = match.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._at < len(self._tokens):
            raise self._problem(f"`{self._tokens[self._at].text}` is left over")
        return node

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._prefixed()
        start = self._start()
        left = self._level(level + 1)
        while (sign := self._take(*_LEVELS[level])) is not None:
            right = self._level(level + 1)
            left = Binary(
                operator=sign,  # type: ignore[arg-type]  # one of _LEVELS
                left=left,
                right=right,
                source=self._since(start),
            )
        return left

    def _prefixed(self) -> Node:
        start, count = self._start(), 0
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._problem(f"it is deeper than {MAX_DEPTH} levels")
        while self._take("!") is not None:
            count += 1
        node = self._followed()
        for _ in range(min(count, 2) if count % 2 == 0 else 1):
            node = Not(of=node, source=self._since(start))
        self._depth -= 1
        return node

    def _followed(self) -> Node:
        start = self._start()
        node = self._primary()
        count = 0
        while (sign := self._take(".", "[")) is not None:
            count += 1
            if count > MAX_DEPTH:
                raise self._problem(f"it is deeper than {MAX_DEPTH} levels")
            key: Node | None
            if self._take("*") is not None:
                key = None
            elif sign == ".":
                token = self._next("name")
                key = Literal(value=token.text, source=token.text)
            else:
                key = self._level(0)
            if sign == "[":
                self._expect("]")
            node = Member(of=node, key=key, source=self._since(start))
        return node

    def _primary(self) -> Node:
        start = self._start()
        if self._take("(") is not None:
            node = self._level(0)
            self._expect(")")
            return node
        if self._at >= len(self._tokens):
            raise self._problem("something is missing at its end")
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "text":
            return Literal(value=token.text[1:-1].replace("''", "'"), source=token.text)
        if token.kind == "number":
            return Literal(value=_number(token.text), source=token.text)
        if token.kind == "sign":
            raise self._problem(f"`{token.text}` has no place there")
        if token.text.lower() in _WORDS:
            return Literal(value=_WORDS[token.text.lower()], source=token.text)
        if self._take("(") is None:
            return Name(name=token.text.lower(), source=token.text)
        arguments: list[Node] = []
        while self._take(")") is None:
            if arguments:
                self._expect(",")
            arguments.append(self._level(0))
        return Call(name=token.text.lower(), arguments=tuple(arguments), source=self._since(start))

    def _take(self, *signs: str) -> str | None:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind == "sign" and token.text in signs:
                self._at += 1
                return token.text
        return None

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._problem(f"`{sign}` is missing")

    def _next(self, kind: str) -> _Token:
        if self._at < len(self._tokens) and self._tokens[self._at].kind == kind:
            self._at += 1
            return self._tokens[self._at - 1]
        raise self._problem("a name is missing behind a dot")

    def _start(self) -> int:
        if self._at < len(self._tokens):
            return self._tokens[self._at].start
        return len(self._text)

    def _since(self, start: int) -> str:
        return self._text[start : self._tokens[self._at - 1].end]

    def _problem(self, problem: str) -> ExpressionSyntaxError:
        return ExpressionSyntaxError(self._text, problem)


def _number(text: str) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    bare = text.lstrip("+-")
    return sign * (float(int(bare, 16)) if bare.lower().startswith("0x") else float(bare))
