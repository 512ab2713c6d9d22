"""Patterns of branches and tags as GitHub's filters have them, and ours for the same names.

Source: docs.github.com, "Workflow syntax", filter pattern cheat sheet.
"""

import re
from collections.abc import Iterable, Sequence

_PIECE = re.compile(r"\*\*|\*|\\.|\[[^\]]*\]|.", re.DOTALL)
_COUNTS = "?+"
_STARS = re.compile(r"\*{3,}")
_MOST_WILD = 8
"""Wild parts of a pattern; nobody writes more, and each takes its time."""
_SIGNS = re.compile(r"[*?+\[\]!\\]")


def compile_filter(pattern: str) -> re.Pattern[str]:
    """An expression for whole names. `?` and `+` speak of what stands before them."""
    made = ""
    pattern = _STARS.sub("**", pattern)
    if pattern.count("*") + pattern.count("+") > _MOST_WILD:
        return re.compile(re.escape(pattern))
    for found in _PIECE.finditer(pattern):
        piece = found[0]
        if piece in _COUNTS and made:
            made += piece
        elif piece == "**":
            made += ".*"
        elif piece == "*":
            made += "[^/]*"
        elif piece.startswith("[") and len(piece) > 1:
            made += piece.replace("\\", "\\\\")
        else:
            made += re.escape(piece.removeprefix("\\") or piece)
    try:
        return re.compile(made, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a list of patterns takes a name: of several that fit, the last one counts."""
    taken = False
    for pattern in patterns:
        no = pattern.startswith("!")
        if compile_filter(pattern.removeprefix("!")).fullmatch(name):
            taken = not no
    return taken


def our_glob(pattern: str) -> tuple[str, bool]:
    """The same as polyarch writes it, and whether it takes just the same names.

    Where we have no word for it, it takes more.
    """
    made, exact = "", True
    for found in _PIECE.finditer(pattern):
        piece = found[0]
        if piece == "+" and made.endswith("]"):
            made, exact = f"{made}*", False
        elif piece in _COUNTS:
            made, exact = f"{made[:-1]}*" if made else "*", False
        else:
            made += piece.removeprefix("\\") or piece
    return made, exact


def is_plain(pattern: str) -> bool:
    """Whether it is a name and nothing else."""
    return not _SIGNS.search(pattern)


def example_of(pattern: str, known: Iterable[str]) -> str | None:
    """A name that a pattern takes: of those known the first, else one made from it."""
    expression = compile_filter(pattern)
    made = ""
    for found in _PIECE.finditer(pattern):
        piece = found[0]
        if piece in {"*", "**"}:
            made += "x"
        elif piece.startswith("[") and len(piece) > 1:
            made += piece[1]
        elif piece not in _COUNTS:
            made += piece
    return next((each for each in (*known, made) if expression.fullmatch(each)), None)
