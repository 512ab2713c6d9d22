"""How the arguments of an instruction part into words, before any expansion.

There are three ways, and the instruction decides: flags (quotes taken out), `name=value` words of
ARG, ENV and LABEL (quotes kept), and plain words between blanks, which know no quotes at all. All
of them give places in the text as given.

Source: BuildKit, frontend/dockerfile/parser, split_command.go and line_parsers.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.spacing import WHITE_SPACE, Word

BLANKS = "\t\n\v\f\r "
_PLAIN_WORD = re.compile(r"[^\t\v\f\r ]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagWords:
    """The flags at the start of a text, and where the rest begins."""

    words: tuple[Word, ...]
    rest: int


def plain_words(text: str) -> tuple[Word, ...]:
    """Words between blanks, as FROM, EXPOSE and the shell form of ADD and COPY have them."""
    return tuple(
        Word(text=found[0], start=found.start(), end=found.end())
        for found in _PLAIN_WORD.finditer(text)
    )


def flag_words(text: str, escape: str) -> FlagWords:
    """The words that begin with `--`, without their quotes; a bare `--` ends them."""
    words: list[Word] = []
    at = _skip_blanks(text, 0)
    while text.startswith("--", at):
        word = _flag_word(text, at, escape)
        at = _skip_blanks(text, word.end)
        if word.text == "--":
            break
        words.append(word)
    return FlagWords(words=tuple(words), rest=at)


def quoted_words(text: str, escape: str) -> Iterator[Word]:
    """Words of ARG, ENV and LABEL: quotes and escapes keep white space in, and stay as written.

    An escape character at the very end of the text is left out.
    """
    at = 0
    while at < len(text):
        if text[at] in WHITE_SPACE:
            at += 1
            continue
        start, at = at, _quoted_word_end(text, at, escape)
        end = min(at, len(text) - (at > len(text)))
        if end > start:
            yield Word(text=text[start:end], start=start, end=end)


def _quoted_word_end(text: str, at: int, escape: str) -> int:
    """Where the word ends: one behind the text's end if its last character escapes nothing."""
    quote = ""
    while at < len(text):
        character = text[at]
        if not quote and character in WHITE_SPACE:
            break
        if character == escape and quote != "'":
            at += 1
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        at += 1
    return at


def _flag_word(text: str, start: int, escape: str) -> Word:
    result: list[str] = []
    quote = ""
    at = start
    while at < len(text):
        character = text[at]
        if not quote and character in BLANKS:
            break
        at += 1
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character == escape:
            result.append(text[at : at + 1])
            at += 1
        else:
            result.append(character)
    return Word(text="".join(result), start=start, end=min(at, len(text)))


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at
