r"""The line of every key path of a TOML document.

tomllib keeps no positions. tomlkit keeps none either: one can only render its tree and count, and
its tree moves tables of an array together (`[[a]]`, `[b]`, `[[a]]` come back as `[[a]]`, `[[a]]`,
`[b]`; tomlkit 0.15), so that the count is wrong just where a file is long. This scanner walks a
document that tomllib has accepted already; hence it may be short, and its paths are compared with
tomllib's in a property test.

Source: TOML v1.0.0, "Table", "Array of Tables", "Inline Table", "String".
"""

import bisect
import re
import tomllib
from collections.abc import Mapping

from polyarch.config.keypath import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BETWEEN_ITEMS = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[^\n]*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRINGS = (
    # Up to two quotes may stand directly before the closing three.
    re.compile(r'"""(?:[^\\]|\\[\s\S])*?"{3,5}'),
    re.compile(r"'''[\s\S]*?'{3,5}"),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def line_index(text: str) -> Mapping[KeyPath, int]:
    """The line (from 1) where each key, table and list item of a valid document begins.

    Answers an empty index for a document that nests too deep to be walked.
    """
    try:
        return _Scanner(text).run()
    except RecursionError:
        return {}


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of the path, or of the nearest table around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


class _Scanner:
    """One walk over one document; `at` is the position in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.newlines = [found.start() for found in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self.counts: dict[KeyPath, int] = {}

    def run(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
            self.take(_REST_OF_LINE)
            self.take(_BLANK)
        return self.lines

    def header(self) -> KeyPath:
        line = self.line()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        *parents, last = self.keys()
        path: KeyPath = ()
        for key in parents:
            path = self.inside((*path, key), line)
        path = (*path, last)
        if is_array:
            self.lines.setdefault(path, line)
            self.counts[path] = self.counts.get(path, 0) + 1
        path = self.inside(path, line)
        # A table may be implied by a subtable long before its own header.
        self.lines[path] = line
        return path

    def inside(self, path: KeyPath, line: int) -> KeyPath:
        """The path itself, or for an array of tables its newest table."""
        self.lines.setdefault(path, line)
        return (*path, self.counts[path] - 1) if path in self.counts else path

    def pair(self, table: KeyPath) -> None:
        line = self.line()
        path = table
        for key in self.keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self.value(path)

    def keys(self) -> list[str]:
        keys = [self.key()]
        while self.text.startswith(".", self.at):
            self.at += 1
            keys.append(self.key())
        return keys

    def key(self) -> str:
        found = _KEY.match(self.text, self.at)
        if found is None:  # not after tomllib has accepted the document
            self.at = len(self.text)
            return ""
        self.at = found.end()
        if found[1].startswith('"'):
            return str(tomllib.loads(f"key = {found[1]}")["key"])
        return found[1][1:-1] if found[1].startswith("'") else found[1]

    def value(self, path: KeyPath) -> None:
        self.take(_BLANK)
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self.items(path)
        elif opening == "{":
            self.pairs(path)
        elif not any(self.take(string) for string in _STRINGS):
            self.take(_SCALAR)

    def items(self, path: KeyPath) -> None:
        position = 0
        self.at += 1
        while self.more("]"):
            item = (*path, position)
            self.lines[item] = self.line()
            self.value(item)
            position += 1

    def pairs(self, path: KeyPath) -> None:
        self.at += 1
        while self.more("}"):
            self.pair(path)

    def more(self, closing: str) -> bool:
        """Step to the next item, or over the closing bracket."""
        self.take(_BETWEEN_ITEMS)
        if self.at < len(self.text) and not self.text.startswith(closing, self.at):
            return True
        self.at += 1
        return False

    def take(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found is not None

    def line(self) -> int:
        return bisect.bisect_left(self.newlines, self.at) + 1
