"""Which variables and which programs' answers a shell variable's value comes from."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from polyarch.dockerfile.shell.word import ShellWord

_MOST = 32
"""Names that are followed for one variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`variables` in the order in which they are met, `asks` commands as text."""

    variables: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    def joined(self, other: "Origin") -> "Origin":
        """What either comes from."""
        return Origin(
            variables=tuple(dict.fromkeys(self.variables + other.variables))[:_MOST],
            asks=tuple(dict.fromkeys(self.asks + other.asks))[:_MOST],
        )


@dataclass(slots=True)
class Origins:
    """What the assignments read so far tell."""

    known: dict[str, Origin] = field(default_factory=dict)

    def of(self, words: Iterable[ShellWord]) -> Origin:
        """Where the words' values come from, the variables that they name first."""
        words = tuple(words)
        found = Origin(
            variables=tuple(name for word in words for name in word.variables)[:_MOST],
            asks=tuple(ask for word in words for ask in word.asks)[:_MOST],
        )
        for name in found.variables:
            found = found.joined(self.known.get(name, _NOTHING))
        return found.joined(_NOTHING)

    def set(self, name: str, value: ShellWord, *, is_certain: bool) -> None:
        """An assignment; one that is not certain (in an arm, appended) keeps what was before."""
        new = self.of((value,))
        self.known[name] = new if is_certain else self.known.get(name, _NOTHING).joined(new)


_NOTHING = Origin()
