"""White space, and words parted by it while a text is read piece by piece."""

import re
from dataclasses import dataclass

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
"""What Go's unicode.IsSpace holds to be white space; Python's `str.isspace` knows more."""

_SPACE_OR_WORD = re.compile(f"([{WHITE_SPACE}]+)|[^{WHITE_SPACE}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of a split text; `start` and `end` are its place in the text as given."""

    text: str
    start: int
    end: int


class WordCollector:
    """Collects words: white space of the text or of variables parts them, quoted space does not."""

    def __init__(self) -> None:
        self.done: list[Word] = []
        self.pieces: list[str] = []
        self.start: int | None = None

    def add(self, piece: str, at: int, *, splits: bool) -> None:
        """Take a piece that begins at offset `at` of the text."""
        if not splits:
            self._append(piece, at)
            return
        for run in _SPACE_OR_WORD.finditer(piece):
            if run[1] is None:
                self._append(run[0], at + run.start())
            elif self.pieces:
                self._flush(at + run.start())

    def forget(self) -> None:
        """Lose the word so far.

        BuildKit shares one buffer between nested readers, so that the part of a word before
        `${x:-…}` is lost when a text is split (lex.go, `processStopOn`). Where here-documents begin
        depends on it.
        """
        self.pieces.clear()
        self.start = None

    def close(self, end: int) -> tuple[Word, ...]:
        """All words, the text being at its end."""
        if self.pieces:
            self._flush(end)
        return tuple(self.done)

    def _append(self, piece: str, at: int) -> None:
        if self.start is None:
            self.start = at
        if piece:
            self.pieces.append(piece)

    def _flush(self, end: int) -> None:
        start = end if self.start is None else self.start
        self.done.append(Word(text="".join(self.pieces), start=start, end=end))
        self.pieces.clear()
        self.start = None
