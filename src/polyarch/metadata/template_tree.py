"""What a template is made of once it is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text that stands for itself."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`{{! … }}`: nothing, but it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A name, or names with dots between them.

    `outer`: it starts with `..` or `@`, where nothing is known. `scoped`: it starts with `this`,
    so that it never names a helper. `literal`: it was a quoted text or a number.
    """

    parts: tuple[str, ...]
    outer: bool = False
    scoped: bool = False
    literal: bool = False

    def __str__(self) -> str:
        return ".".join(self.parts) or "this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A quoted text, a number, true, false, or null and undefined (both None)."""

    value: str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A path with what it is given; without arguments it is a look-up."""

    path: Path
    arguments: "tuple[Operand, ...]" = ()
    named: "tuple[tuple[str, Operand], ...]" = ()


Operand = Path | Literal | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Mustache:
    """An expression whose result stands in the text; `escaped` for HTML."""

    call: Call
    escaped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`{{#if x}}body{{else}}otherwise{{/if}}`."""

    call: Call
    body: "tuple[Node, ...]"
    otherwise: "tuple[Node, ...]"


Node = Text | Comment | Mustache | Block
"""One piece of a template; a template is a tuple of them."""
