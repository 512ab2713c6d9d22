"""`{image}` in values of an image's table.

Two other kinds of braces pass through untouched: metadata expressions (`{{version}}`), which the
event answers, and the placeholders of the direct engine (`{out}`), of which only the names are
checked here. Words of gates and of what runs after publishing have a few names of their own; what
else is in braces there, such as `{{.Id}}`, is the command's business.
"""

import difflib
import re
from collections.abc import Collection, Mapping

from polyarch.oci.placeholder import names_in, nearest
from polyarch.oci.toolchain import BUILD_PLACEHOLDERS, IMAGE_PLACEHOLDERS, PLACEHOLDERS

IMAGE = "image"
KNOWN = (IMAGE,)

GATE_PLACEHOLDERS = ("ref", "digest", "platform", IMAGE, "index")
"""What the words of a gate may name of one platform's image."""

AFTER_PLACEHOLDERS = ("ref", "digest", IMAGE)
"""What the words of a command after publishing may name of an image."""

_SINGLE = re.compile(r"(?<!\{)\{([A-Za-z][A-Za-z0-9_-]*)\}(?!\})")
_DOUBLE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{\{?.*?\}?\}\}", re.DOTALL)


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


def fill_words(words: Collection[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a command with values where their names stand; one pass, so values stay."""
    return tuple(_SINGLE.sub(lambda found: values.get(found[1], found[0]), word) for word in words)


def hook_problem(text: str, *, known: Collection[str]) -> str | None:
    """What is wrong with the names in a word of a gate, or of a command after publishing."""
    for found in _SINGLE.finditer(text):
        name = found[1]
        if name not in known:
            near = nearest(name, dict.fromkeys(known))
            all_of_them = ", ".join(f"`{{{each}}}`" for each in known)
            meant = f"did you mean `{{{near}}}`?" if near else f"known are {all_of_them}"
            return f"unknown placeholder `{{{name}}}`; {meant}"
    return None


def command_problem(text: str) -> str | None:
    """What is wrong with the names in a word of the direct engine's command."""
    return _unknown_name(_EXPRESSION.sub("", text), PLACEHOLDERS, brace=r"\{{")


def source_problem(text: str) -> str | None:
    """What is wrong with the names in a path of this machine."""
    return _unknown_name(text, PLACEHOLDERS, brace="{{")


def target_name_problem(text: str) -> str | None:
    """What is wrong with the names in a path within the image."""
    for name in names_in(text):
        if name in BUILD_PLACEHOLDERS and name not in IMAGE_PLACEHOLDERS:
            return f"`{{{name}}}` is a folder of this machine and no part of a path in the image"
    return _unknown_name(text, IMAGE_PLACEHOLDERS, brace="{{")


def _unknown_name(text: str, known: Collection[str], *, brace: str) -> str | None:
    for name in names_in(text):
        if name not in known:
            near = nearest(name, dict.fromkeys(known))
            meant = (
                f"did you mean `{{{near}}}`?" if near else f"a brace itself is written `{brace}`"
            )
            return f"unknown placeholder `{{{name}}}`; {meant}"
    return None
