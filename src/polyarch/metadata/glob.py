"""Patterns for names of branches and tags, as CI filters have them."""

import re

_GLOB = re.compile(r"\*\*|\*|\?|\[(?P<not>[!^])?(?P<set>[^\]]+)\]|.", re.DOTALL)


def compile_glob(glob: str) -> re.Pattern[str]:
    """An expression for the whole name; `*` and `?` stop at a slash and `**` does not.

    Raises:
        re.error: the glob is broken.
    """
    return re.compile("".join(_translated(match) for match in _GLOB.finditer(glob)), re.DOTALL)


def literal_front(glob: str) -> str:
    """What every name that fits begins with."""
    front = ""
    for match in _GLOB.finditer(glob):
        if match[0] in {"*", "**", "?"} or match["set"] is not None:
            break
        front += match[0]
    return front


def _translated(match: re.Match[str]) -> str:
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(match[0])
    if wild:
        return wild
    if match["set"] is None:
        return re.escape(match[0])
    inner = re.sub(r"([\\\[&~|^])", r"\\\1", match["set"])
    return f"[{'^/' if match['not'] else ''}{inner}]"
