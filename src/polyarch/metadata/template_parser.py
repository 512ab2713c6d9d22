"""The pieces of a template become a tree.

By hand, because no maintained Python package is compatible with Handlebars 4.7. There are plain and
unescaped expressions, calls with arguments, comments, `~`, escaped braces, `if`, `unless` and
`else`. Partials, decorators, raw blocks, block parameters and other blocks are refused. Line ends
around a block that stands alone on its line are kept.
"""

from polyarch.errors import InvalidTemplateError
from polyarch.metadata.template_lexer import Piece, Word, cut
from polyarch.metadata.template_tree import (
    Block,
    Call,
    Comment,
    Literal,
    Mustache,
    Node,
    Operand,
    Path,
    Text,
)

BLOCKS = ("if", "unless")

_DEEPEST = 40
"""Blocks and calls within each other: text from outside must not exhaust the stack."""

_CONSTANTS = {"true": True, "false": False, "undefined": None, "null": None}


def parse(template: str) -> tuple[Node, ...]:
    """Read a whole template.

    Raises:
        InvalidTemplateError: it is malformed, or uses what is not there.
    """
    return _Tree(template).all()


def is_raw_statement(template: str) -> bool:
    """Whether the template is one expression that names `raw`, and nothing else."""
    try:
        nodes = parse(template)
    except InvalidTemplateError:
        return False
    return (
        len(nodes) == 1
        and isinstance(nodes[0], Mustache)
        and not nodes[0].call.path.literal
        and nodes[0].call.path.parts == ("raw",)
    )


class _Tree:
    """Takes the pieces one after the other."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._pieces = cut(template)
        self._at = 0
        self._depth = 0

    def all(self) -> tuple[Node, ...]:
        nodes = self._nodes()
        if self._at < len(self._pieces):
            raise self._problem(f"`{self._pieces[self._at].source}` closes nothing")
        return nodes

    def _nodes(self) -> tuple[Node, ...]:
        found: list[Node] = []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            if piece.kind in {"close", "else", "chain"}:
                break
            self._at += 1
            found.append(self._node(piece))
        return tuple(found)

    def _node(self, piece: Piece) -> Node:
        if piece.kind == "text":
            return Text(value=piece.source)
        if piece.kind == "comment":
            return Comment()
        call = _Expression(self._template, piece).call()
        if piece.kind in {"escaped", "unescaped"}:
            return Mustache(call=call, escaped=piece.kind == "escaped")
        block = self._block(call, inverted=piece.kind == "inverse")
        self._close(call)
        return block

    def _block(self, call: Call, *, inverted: bool) -> Block:
        self._depth += 1
        name = str(call.path)
        if name not in BLOCKS or self._depth > _DEEPEST:
            problem = f"the block `{name}` is not supported" if name not in BLOCKS else "too deep"
            raise self._problem(problem)
        first, second = self._nodes(), self._otherwise(chained=not inverted)
        self._depth -= 1
        body, otherwise = (second, first) if inverted else (first, second)
        return Block(call=call, body=body, otherwise=otherwise)

    def _otherwise(self, *, chained: bool) -> tuple[Node, ...]:
        piece = self._pieces[self._at] if self._at < len(self._pieces) else None
        if piece is None or piece.kind == "close":
            return ()
        self._at += 1
        if piece.kind == "else":
            return self._nodes()
        if not chained:
            raise self._problem(f"`{piece.source}` cannot follow `{{{{^`")
        return (self._block(_Expression(self._template, piece).call(), inverted=False),)

    def _close(self, call: Call) -> None:
        piece = self._pieces[self._at] if self._at < len(self._pieces) else None
        if piece is None or piece.kind != "close":
            raise self._problem(f"the block `{call.path}` does not end as it should")
        self._at += 1
        if _Expression(self._template, piece).call() != Call(path=call.path):
            raise self._problem(f"`{piece.source}` closes another block than `{call.path}`")

    def _problem(self, reason: str) -> InvalidTemplateError:
        return InvalidTemplateError(self._template, reason)


class _Expression:
    """Takes the words of one tag."""

    def __init__(self, template: str, piece: Piece) -> None:
        self._template = template
        self._source = piece.source
        self._words = piece.words
        self._at = 0
        self._depth = 0

    def call(self) -> Call:
        """The whole tag."""
        call = self._call()
        if self._word() is not None:
            raise self._problem()
        return call

    def _call(self) -> Call:
        path = self._callee()
        arguments: list[Operand] = []
        named: list[tuple[str, Operand]] = []
        while (word := self._word()) is not None and word.text != ")":
            if self._peek(1) == "=" and word.kind in {"name", "segment"}:
                self._at += 2
                named.append((_plain(word), self._operand()))
            elif named:
                raise self._problem()
            else:
                arguments.append(self._operand())
        return Call(path=path, arguments=tuple(arguments), named=tuple(named))

    def _callee(self) -> Path:
        word = self._word()
        if word is not None and word.kind in {"text", "literal"}:
            # A literal in place of a name is the name of that spelling.
            self._at += 1
            return Path(parts=(_plain(word),), literal=True)
        return self._path()

    def _operand(self) -> Operand:
        word = self._word()
        if word is None:
            raise self._problem()
        if word.kind in {"text", "literal"}:
            self._at += 1
            return _literal(word)
        return self._inner() if word.text == "(" else self._path()

    def _inner(self) -> Call:
        self._depth += 1
        self._at += 1
        if self._depth > _DEEPEST:
            raise InvalidTemplateError(self._template, "too deep")
        call = self._call()
        if self._peek() != ")":
            raise self._problem()
        self._at += 1
        self._depth -= 1
        return call

    def _path(self) -> Path:
        data = self._peek() == "@"
        self._at += data
        words = [self._name()]
        while self._peek() in {".", "/"}:
            self._at += 1
            words.append(self._name())
        parts: list[str] = []
        outer, scoped = data, False
        for word in words:
            if word.kind == "name" and word.text in {"..", ".", "this"}:
                if parts:
                    raise self._problem()
                outer = outer or word.text == ".."
                scoped = True
            else:
                parts.append(_plain(word))
        return Path(parts=tuple(parts), outer=outer, scoped=scoped)

    def _name(self) -> Word:
        word = self._word()
        if word is None or word.kind not in {"name", "segment"}:
            raise self._problem()
        self._at += 1
        return word

    def _word(self) -> Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._words[at].text if at < len(self._words) else ""

    def _problem(self) -> InvalidTemplateError:
        return InvalidTemplateError(self._template, f"`{self._source}` is malformed")


def _plain(word: Word) -> str:
    if word.kind == "segment":
        return word.text[1:-1].replace("\\]", "]")
    if word.kind == "text":
        quote = word.text[0]
        return word.text[1:-1].replace(f"\\{quote}", quote)
    return word.text


def _literal(word: Word) -> Literal:
    if word.kind == "text":
        return Literal(value=_plain(word))
    if word.text in _CONSTANTS:
        return Literal(value=_CONSTANTS[word.text])
    return Literal(value=float(word.text))
