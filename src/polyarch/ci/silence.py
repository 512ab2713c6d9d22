"""What a compose file, bake file or workflow asks not to be told, as Dockerfiles do.

`# polyarch: ignore=PA601 why` stands in the comment lines right above a line, or behind it.
"""

import re
from collections.abc import Mapping

_COMMENT = re.compile(r"^\s*(?:#|//)")
_IGNORE = re.compile(
    r"(?:#|//)\s*polyarch:\s*ignore\s*=\s*([A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)*)(?=\s|$)"
)


def silent_lines(text: str) -> Mapping[int, frozenset[str]]:
    """Ids and names of rules, in capitals, by the line, from 1, for which they are silent."""
    found: dict[int, frozenset[str]] = {}
    above: frozenset[str] = frozenset()
    for number, line in enumerate(text.split("\n"), start=1):
        match = _IGNORE.search(line) if "polyarch:" in line else None
        ids = frozenset(each.strip().upper() for each in match[1].split(",")) if match else above
        if match and not _COMMENT.match(line):
            ids |= above
        if ids:
            found[number] = ids
        above = (above | ids) if _COMMENT.match(line) else frozenset()
    return found
