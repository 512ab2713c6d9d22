"""`{image}` in values of an image's table.

Two other kinds of braces pass through untouched: metadata expressions (`{{version}}`), which the
event answers, and the placeholders of the direct engine and of commands (`{out}`, `{ref}`).
"""

import difflib
import re

IMAGE = "image"
KNOWN = (IMAGE,)

_SINGLE = re.compile(r"(?<!\{)\{([A-Za-z][A-Za-z0-9_-]*)\}(?!\})")
_DOUBLE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)


def expand(text: str, image: str) -> str:
    """Put the image's name where `{image}` stands in single braces."""
    return _SINGLE.sub(lambda found: image if found[1] == IMAGE else found[0], text)


def placeholder_problem(text: str) -> str | None:
    """What is wrong with the braces of a value in which only `{image}` may stand."""
    expression = _DOUBLE.search(text)
    if expression and expression[1] in KNOWN:
        return f"write `{{{expression[1]}}}` with single braces"
    if expression:
        return (
            "metadata expressions in double braces do not work here, only in `tags`, `build-args`,"
            " `labels`, `annotations` and `direct`"
        )
    for found in _SINGLE.finditer(text):
        if found[1] not in KNOWN:
            near = difflib.get_close_matches(found[1].lower(), KNOWN, n=1)
            meant = f"did you mean `{{{near[0]}}}`?" if near else "the only one is `{image}`"
            return f"unknown placeholder `{found[0]}`; {meant}"
    return None
