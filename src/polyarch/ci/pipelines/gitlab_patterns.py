"""Names of branches and tags as GitLab's rules compare them: regular expressions of RE2.

No sign of a name is one that steers an expression, nor one that GitLab expands.
"""

import re

from polyarch.ci.pipelines.triggers import Pattern

_GLOB = re.compile(r"\*\*|\*|\?|\[(?P<not>[!^])?(?P<set>[^\]]+)\]|.", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_-]", re.ASCII)


def expression(pattern: Pattern) -> str:
    """A regular expression of GitLab's for the names that a glob fits, between slashes."""
    if pattern.raw and pattern.text.startswith("/") and _is_expression(pattern.text):
        return pattern.text
    return "/^" + "".join(_translated(found) for found in _GLOB.finditer(pattern.text)) + "$/"


def _is_expression(text: str) -> bool:
    """Whether it is one already, and ends where it should."""
    return bool(re.fullmatch(r'/(?:[^/\\"$\s]|\\[\w./-])+\$?/', text, re.ASCII))


def _translated(found: re.Match[str]) -> str:
    wild = {"**": ".*", "*": "[^\\/]*", "?": "[^\\/]"}.get(found[0])
    if wild:
        return wild
    if found["set"] is None:
        return _literal(found[0])
    inner = "".join(each if each == "-" else _literal(each) for each in found["set"])
    return f"[{'^' if found['not'] else ''}{inner}]"


def _literal(char: str) -> str:
    """One character, as RE2 and JavaScript read it; what steers an expression is no sign there."""
    if _PLAIN.fullmatch(char) or not char.isascii():
        return char
    if char in "./":
        return f"\\{char}"
    return f"\\x{ord(char):02x}"
