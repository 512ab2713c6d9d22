"""YAML as text. Every value is quoted unless it is a plain word, so that none can end its place.

Only what the pipelines need: tables, lists, texts, numbers, yes and no; and comments behind values.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_WORD = r"[A-Za-z0-9_./@+=-]+"
_PLAIN = re.compile(rf"(?=[A-Za-z_]){_WORD}(?: {_WORD})*")
_EXPRESSION = re.compile(r"\$\{\{ [A-Za-z0-9_.,()!&|'=/{} -]+ \}\}")
"""One of GitHub's, with nothing in it that means something to YAML."""

_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Words that some version of YAML takes for other values than texts."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_STEP = "  "
_BYTE, _SHORT = 0xFF, 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A text with a comment behind it."""

    text: str
    note: str


Node = str | int | bool | Noted | Mapping[str, "Node"] | Sequence["Node"]


def yaml_text(tree: Mapping[str, Node]) -> str:
    """One document; between the tables of the top stands an empty line."""
    blocks = ("\n".join(_entry(key, value, "")) for key, value in tree.items())
    return "\n\n".join(blocks) + "\n"


def quoted(text: str) -> str:
    """A text in double quotes, on one line whatever is in it."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def scalar(value: str | float) -> str:
    """A single value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_plain(value) else quoted(value)
    return str(value)


def comment(text: str) -> str:
    """What may stand behind a `#`: one line, whatever the text holds."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _is_plain(text: str) -> bool:
    if _EXPRESSION.fullmatch(text):
        return True
    return bool(_PLAIN.fullmatch(text)) and text.lower() not in _WORDS


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code <= _BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _SHORT else f"\\U{code:08x}"


def _entry(key: str, value: Node, indent: str) -> Iterator[str]:
    name = f"{indent}{scalar(key)}:"
    match value:
        case Mapping() if value:
            yield name
            for inner, below in value.items():
                yield from _entry(inner, below, indent + _STEP)
        case Mapping():
            yield f"{name} {{}}"
        case str() if _is_block(value):
            yield f"{name} |"
            yield from (f"{indent}{_STEP}{line}" for line in value.splitlines())
        case str() | int() | Noted():
            yield f"{name} {_single(value)}"
        case Sequence():
            yield from _list(name, value, indent)


def _list(name: str, items: Sequence[Node], indent: str) -> Iterator[str]:
    if not items:
        yield f"{name} []"
        return
    yield name
    for item in items:
        yield from _item(item, indent + _STEP)


def _item(item: Node, indent: str) -> Iterator[str]:
    if not isinstance(item, Mapping):
        if isinstance(item, str | int | Noted):
            yield f"{indent}- {_single(item)}"
            return
        raise TypeError("a list stands in a list")
    if not item:
        yield f"{indent}- {{}}"
    lines = (line for key, value in item.items() for line in _entry(key, value, indent + _STEP))
    for number, line in enumerate(lines):
        yield f"{indent}- {line[len(indent) + len(_STEP) :]}" if number == 0 else line


def _single(value: str | int | Noted) -> str:
    if isinstance(value, Noted):
        return f"{scalar(value.text)} # {comment(value.note)}"
    return scalar(value)


def _is_block(text: str) -> bool:
    """Whether it is a script over several lines that can be shown as one, and read back the same.

    Lines neither begin nor end with a space and hold ASCII alone; the text ends with one newline.
    """
    lines = text.split("\n")
    return (
        len(lines) > 1
        and lines[0] != ""
        and lines[-1] == ""
        and all(
            line and line == line.strip() and line.isascii() and line.isprintable()
            for line in lines[:-1]
        )
    )
