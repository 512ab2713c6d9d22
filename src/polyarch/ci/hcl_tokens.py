"""HCL cut into tokens, in one pass over the text.

Source: the HCL native syntax specification (hashicorp/hcl, hclsyntax/spec.md), "Lexical Elements".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from polyarch.errors import BakeFileError


class TokenKind(Enum):
    """What a token is."""

    NAME = auto()
    TEXT = auto()
    NUMBER = auto()
    MARK = auto()
    """Punctuation and operators."""
    NEWLINE = auto()
    END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`text` is a name, a mark or a number as written; of a text it is what stands between quotes.

    `start` and `end` are offsets of the source, `line` counts from 1.
    """

    kind: TokenKind
    text: str
    start: int
    end: int
    line: int


_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\f\v\ufeff]+|(?:#|//)[^\n]*)"
    r"|(?P<comment>/\*)"
    r"|(?P<newline>\n)"
    r"|(?P<heredoc><<-?(?P<word>[A-Za-z_][\w-]*)[ \t\r]*\n)"
    r"|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<number>[0-9][0-9.eE]*)"
    r'|(?P<quote>")'
    r"|(?P<mark>=>|==|!=|<=|>=|&&|\|\||\.\.\.|[^\w\s])"
)
_INSIDE = re.compile(r'[^"\\$%\n]+')


def tokens(text: str, name: str) -> Iterator[Token]:
    """The tokens of a text, at last one for its end.

    Raises:
        BakeFileError: a text or comment that is not closed, or a character that is none of HCL.
    """
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BakeFileError(name, line, f"`{text[at]}` cannot stand here")
        end = found.end()
        if found["comment"]:
            end = _closed(text, end, "*/", name, line)
        elif found["heredoc"]:
            end = _heredoc(text, end, found["word"], name, line)
            body = text[found.end() : text.rfind("\n", 0, end) + 1]
            yield Token(kind=TokenKind.TEXT, text=body, start=at, end=end, line=line)
        elif found["quote"]:
            end = _quoted(text, end, name, line)
            inner = text[at + 1 : end - 1]
            yield Token(kind=TokenKind.TEXT, text=inner, start=at, end=end, line=line)
        elif not found["blank"]:
            kind = _KINDS[found.lastgroup or ""]
            yield Token(kind=kind, text=found[0], start=at, end=end, line=line)
        line += text.count("\n", at, end)
        at = end
    yield Token(kind=TokenKind.END, text="", start=at, end=at, line=line)


_KINDS = {
    "newline": TokenKind.NEWLINE,
    "name": TokenKind.NAME,
    "number": TokenKind.NUMBER,
    "mark": TokenKind.MARK,
}


def _closed(text: str, at: int, end: str, name: str, line: int) -> int:
    found = text.find(end, at)
    if found < 0:
        raise BakeFileError(name, line, "a comment is not closed")
    return found + len(end)


def _heredoc(text: str, at: int, word: str, name: str, line: int) -> int:
    last = re.compile(rf"^[ \t]*{re.escape(word)}[ \t\r]*$", re.MULTILINE).search(text, at)
    if last is None:
        raise BakeFileError(name, line, f"there is no line `{word}` that ends a text")
    return last.end()


def _quoted(text: str, at: int, name: str, line: int) -> int:
    """The offset behind the closing quote; templates in the text may hold quotes of their own.

    `braces` has an entry for each template and each text that is open: the braces open in a
    template, -1 for a text.
    """
    braces: list[int] = [-1]
    while at < len(text):
        at = _in_text(text, at, braces) if braces[-1] < 0 else _in_template(text, at, braces)
        if not braces:
            return at
        if at < 0:
            break
    raise BakeFileError(name, line, "a text is not closed")


def _in_text(text: str, at: int, braces: list[int]) -> int:
    """Go one step on; -1 where the line ends."""
    if found := _INSIDE.match(text, at):
        return found.end()
    if text[at] == "\n":
        return -1
    if text[at] == '"':
        braces.pop()
    elif text.startswith(("$${", "%%{"), at):
        return at + 3
    elif text.startswith(("${", "%{"), at):
        braces.append(0)
        return at + 2
    return at + (2 if text[at] == "\\" else 1)


def _in_template(text: str, at: int, braces: list[int]) -> int:
    if text[at] == '"':
        braces.append(-1)
    elif text[at] == "{":
        braces[-1] += 1
    elif text[at] == "}":
        braces[-1] -= 1
        if braces[-1] < 0:
            braces.pop()
    return at + 1
