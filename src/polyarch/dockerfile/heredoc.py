"""Which words of an instruction begin here-documents.

The lexer for them always takes a backslash as its escape character, even below `# escape=` with a
backtick, and a line whose quotes or braces do not close has no here-documents at all: both are
BuildKit's ways (frontend/dockerfile/parser/parser.go, `heredocsFromLine`).
"""

import re
from dataclasses import dataclass

from polyarch.dockerfile.expand import RAW, Reading, expand
from polyarch.errors import ExpansionError

_WORD = re.compile(r"([0-9]*)<<(-?)([\t\n\f\r ]*)([^<]*)")
_UNQUOTED = Reading(keep_unset=True)
_QUOTED = Reading(keep_unset=True, keep_quotes=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeredocWord:
    """`<<name` with what its form says; `start` and `end` are its place in the text as given.

    `is_spaced` is `<< name`, a here-document since BuildKit 0.22 only.
    """

    name: str
    expands: bool
    drops_tabs: bool
    is_spaced: bool
    file_descriptor: int | None
    start: int
    end: int


def heredoc_words(text: str) -> tuple[HeredocWord, ...]:
    """The here-documents that a joined line announces, in order.

    Raises:
        ExpansionError: a name that cannot be read.
    """
    if "<<" not in text:
        return ()
    try:
        words = expand(text, reading=RAW).words
    except ExpansionError:
        return ()
    found = (heredoc_word(word.text, word.start, word.end) for word in words)
    return tuple(word for word in found if word)


def heredoc_word(text: str, start: int = 0, end: int = 0) -> HeredocWord | None:
    """Read one word; None if it begins no here-document.

    Raises:
        ExpansionError: it does, but its name cannot be read.
    """
    found = _WORD.fullmatch(text)
    if not found or not found[4]:
        return None
    names = expand(found[4], reading=_UNQUOTED).words
    if len(names) != 1:
        return None
    raw_names = expand(found[4], reading=_QUOTED).words
    if len(raw_names) != 1:
        raise ExpansionError(text, "the name of the here-document is not one word")
    name = names[0].text
    return HeredocWord(
        name=name,
        expands=_quotes(name) == _quotes(raw_names[0].text),
        drops_tabs=bool(found[2]),
        is_spaced=bool(found[3]),
        # The shell's limit; more digits are no descriptor, and int() would refuse thousands.
        file_descriptor=int(found[1]) if 0 < len(found[1]) < _MAX_DIGITS else None,
        start=start,
        end=end,
    )


_MAX_DIGITS = 10


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
