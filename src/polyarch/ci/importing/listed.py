"""Inputs of actions that hold a list: an item a line, quotes around items with commas.

Source: docker/actions-toolkit, `Util.getInputList`.
"""

import re

from polyarch.ci.importing.written import EXPRESSION
from polyarch.errors import InvalidRuleError
from polyarch.metadata.records import split_list


def lines_of(text: str) -> tuple[str, ...]:
    """The items, without empty lines and comments; expressions stay whole."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return f"\x01{len(held) - 1}\x01"

    bare = EXPRESSION.sub(hold, text)
    try:
        items = split_list(bare, "list")
    except InvalidRuleError:
        items = tuple(line.strip() for line in bare.splitlines() if line.strip())
    return tuple(
        re.sub(r"\x01([0-9]+)\x01", lambda found: held[int(found[1])], each) for each in items
    )


def pairs_of(text: str) -> tuple[tuple[str, str], ...]:
    """Items `NAME=value`; those without a sign between are left out."""
    pairs = (line.partition("=") for line in lines_of(text))
    return tuple((name.strip(), value) for name, sign, value in pairs if sign)
