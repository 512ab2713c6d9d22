"""Parser directives: the unbroken run of `# name=value` lines at the very top of a file.

Source: BuildKit, frontend/dockerfile/parser/directives.go.
"""

import re

from polyarch.dockerfile.lines import Line, LineReader
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Directive

DEFAULT_ESCAPE = "\\"
_NAMES = frozenset({"syntax", "escape", "check"})
_BLANKS = "\t\f\r "
_DIRECTIVE = re.compile(
    rf"#\s*(?P<name>[A-Za-z][A-Za-z0-9]*)[{_BLANKS}]*=[{_BLANKS}]*(?P<value>.*)", re.DOTALL
)


def take_directives(reader: LineReader) -> tuple[Directive, ...]:
    """Read them; an ordinary comment, a blank line or an instruction ends the run.

    Raises:
        DockerfileSyntaxError: one that is given twice, or an escape character that is none.
    """
    directives: dict[str, Directive] = {}
    while not reader.is_done:
        line = reader.peek()
        directive = _directive(reader.text[line.start : line.end], line)
        if not directive:
            break
        if directive.name in directives:
            reader.fail(line.number, f"the directive `{directive.name}` is given twice")
        if directive.name == "escape" and directive.value not in {"\\", "`"}:
            reader.fail(line.number, "the escape character is a backslash or a backtick")
        directives[directive.name] = directive
        reader.take()
    return tuple(directives.values())


def _directive(text: str, line: Line) -> Directive | None:
    found = _DIRECTIVE.fullmatch(text)
    name = found["name"].lower() if found else ""
    if not found or name not in _NAMES:
        return None
    value = found["value"].rstrip(_BLANKS)
    start = line.start + found.start("value")
    if not value:
        # The reference takes the last of nothing but blanks for a value.
        value, start = text[-1], line.end - 1
        if value == "=":
            return None
    return Directive(
        name=name,
        value=value,
        value_span=Span(start, start + len(value)),
        extent=line.extent,
        line=line.number,
    )
