r"""One pattern of a .dockerignore file.

Source: moby/patternmatcher (`New`, `compile`, `match`) and Go's path/filepath (`Clean`, `Match`).
The reference makes a regular expression of a pattern and hands parts of it on unread, so that a
backslash before a letter (as in `bin\debug`) means what it means there: that is kept, because it
decides what a build sees. What the reference notices only when it comes to use a malformed pattern,
and what it turns into something that nobody wrote (`[*]`), is refused here at once.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from polyarch.dockerfile.spacing import WHITE_SPACE
from polyarch.errors import PatternSyntaxError

_WILD = frozenset("*?[]\\")
_ANY_FOLDERS = "(.*/)?"
_LETTERS = {
    "a": r"\x07", "f": r"\f", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\v",
    "d": "[0-9]", "D": "[^0-9]", "s": r"[\t\n\f\r ]", "S": r"[^\t\n\f\r ]",
    "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]", "b": r"\b", "B": r"\B", "A": r"\A", "z": r"\Z",
}  # fmt: skip
"""What a backslash and a letter mean to Go's regular expressions (regexp/syntax)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A cleaned pattern; `is_exception` is `!pattern`, whose files come back."""

    text: str
    is_exception: bool
    matches: Callable[[str], bool] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line that is neither blank nor a comment.

        Raises:
            PatternSyntaxError: a lone `!`, an unclosed, empty or ambiguous `[…]`, a backslash that
                escapes nothing.
        """
        is_exception = line.startswith("!")
        text = line[is_exception:].strip(WHITE_SPACE)
        text = clean(text) if text else ""
        if len(text) > 1:
            text = text.removeprefix("/")
        if not is_exception and text.startswith("!"):
            # The reference looks for `!` again once `./!file` or `/!file` is cleaned.
            is_exception, text = True, text[1:]
        if not text or (is_exception and text == "/"):
            raise PatternSyntaxError("`!` is followed by no pattern")
        return cls(text=text, is_exception=is_exception, matches=_matcher(text))

    @property
    def folder(self) -> str:
        """The pattern without a star for everything at its end."""
        return self.text.removesuffix("/**").removesuffix("/*")

    @property
    def has_plain_folder(self) -> bool:
        """Whether what stands before that star is a plain path."""
        return not any(character in "*[]?^\\" for character in self.folder)

    def __str__(self) -> str:
        """The line that reads as this pattern: slashes guard what a reader would take off."""
        before = "/" if self.text[0] in f"#\ufeff{WHITE_SPACE}" else ""
        behind = "/" if self.text[-1] in WHITE_SPACE else ""
        sign = "!" if self.is_exception else ""
        if sign and self.text.startswith("/"):
            sign = "/!"
        return f"{sign}{before}{self.text}{behind}"


def clean(path: str) -> str:
    """The shortest form of a path, as Go's filepath.Clean gives it."""
    normal = posixpath.normpath(path)
    return "/" + normal.lstrip("/") if normal.startswith("/") else normal


def _matcher(text: str) -> Callable[[str], bool]:
    """The reference's four ways; three of them are not what its expression alone would match."""
    expression = re.compile("".join(_expression(text)), re.ASCII)  # refuses what is malformed
    behind = text[2:]
    if text.startswith("**") and not _WILD.intersection(behind):
        suffix = behind
        return lambda path: path.endswith(suffix) or (suffix[:1] == "/" and path == suffix[1:])
    if text.endswith("**") and not _WILD.intersection(text[:-2]):
        return lambda path: path.startswith(text[:-2])
    if not _WILD.intersection(text):
        return lambda path: path == text
    return lambda path: expression.fullmatch(path) is not None


def _expression(text: str) -> Iterator[str]:
    at = 0
    folders = False
    while at < len(text):
        before, folders = folders, False
        character = text[at]
        at += 1
        if character == "*" and text.startswith("*", at):
            at += 1 + text.startswith("/", at + 1)
            folders = True
            if at >= len(text):
                yield ".*"
            elif not before:
                yield _ANY_FOLDERS
        elif character == "*":
            yield "[^/]*"
        elif character == "?":
            yield "[^/]"
        elif character == "[":
            characters, at = _class(text, at)
            yield characters
        elif character == "\\":
            yield _escaped(text[at : at + 1])
            at += 1
        else:
            yield re.escape(character)


def _escaped(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    if not character or not character.isascii() or character.isalnum():
        raise PatternSyntaxError(f"`\\{character}` means nothing: separate folders by `/`")
    return re.escape(character)


def _class(text: str, at: int) -> tuple[str, int]:
    """A class of characters from behind its `[`: the expression, and where the text goes on."""
    negated = text.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not (ranges and text.startswith("]", at)):
        low, at = _class_character(text, at)
        high = low
        if text.startswith("-", at):
            high, at = _class_character(text, at + 1)
        if high < low:
            raise PatternSyntaxError(f"the range `{low}-{high}` runs backwards")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{'^' if negated else ''}{''.join(ranges)}]", at + 1


def _class_character(text: str, at: int) -> tuple[str, int]:
    """One character of a class, and where the text goes on: never at its end, `]` must follow."""
    character = text[at : at + 1]
    if character == "\\":
        at += 1
        character = text[at : at + 1]
        plain = not character.isalnum() and character.isascii()
    else:
        plain = character not in "-]*?" and not text.startswith("[:", at)
    if at + 1 >= len(text):
        raise PatternSyntaxError("`[` begins a class of characters that is not closed")
    if not plain:
        raise PatternSyntaxError(f"`{character}` cannot stand there inside `[…]`")
    return character, at + 1
