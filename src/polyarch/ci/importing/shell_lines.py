"""A script cut into its commands; quotes, substitutions and groups keep theirs together."""

import re
from collections.abc import Iterator

from polyarch.ci.importing.shell_words import UnclearError

_MAX_STATEMENTS = 500
_PIECE = re.compile(
    r"'[^']*'"
    r'|"(?:[^"\\]|\\.)*"'
    r"|`[^`]*`"
    r"|\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}"
    r"|(?P<comment>(?:^|(?<=\s))\#[^\n]*)"
    r"|(?P<opens>[({])"
    r"|(?P<closes>[)}])"
    r"|(?P<ends>[\n;])"
    r"|.",
    re.DOTALL | re.MULTILINE,
)
_FIRST = re.compile(r"(then|else)\s+(.+)", re.DOTALL)


def statements_of(text: str) -> list[str]:
    """One command, or one word of a choice, each.

    Raises:
        UnclearError: there are more of them than any small script has.
    """
    found = [word for each in _pieces(text.replace("\\\n", " ")) for word in _apart(each)]
    if len(found) > _MAX_STATEMENTS:
        raise UnclearError
    return found


def _pieces(text: str) -> Iterator[str]:
    piece, depth = "", 0
    for match in _PIECE.finditer(text):
        if match["comment"]:
            continue
        depth += bool(match["opens"]) - bool(match["closes"])
        if match["ends"] and depth <= 0:
            yield piece.strip()
            piece = ""
        else:
            piece += match[0]
    yield piece.strip()


def _apart(statement: str) -> Iterator[str]:
    """`then echo x` are two."""
    while found := _FIRST.fullmatch(statement):
        yield found[1]
        statement = found[2]
    if statement:
        yield statement
