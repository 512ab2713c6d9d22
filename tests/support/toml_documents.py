"""Random TOML documents: some that know their own lines, some that look like a polyarch.toml."""

import tomllib
from collections.abc import Callable

from hypothesis import strategies as st

from polyarch.config.toml import toml_key

Draw = Callable[..., object]

_NAMES = ("a", "b", "c", "a.b", "ü", "x y", 'q"q', "1", "\n")
_PADDING = ("", '# = [x] {y} "\n', "\n\n", " \t# '''\n", "\r\n")


class LinedDocument:
    """Text under construction; every whole number in it is the line on which it stands."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""

    def line(self) -> int:
        return self.text.count("\n") + 1

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def keys(self) -> str:
        names = self.draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3))
        return self.one_of(".", " . ").join(self.key(name) for name in names)

    def key(self, name: str) -> str:
        literal = name.isprintable() and "'" not in name and self.draw(st.booleans())
        return f"'{name}'" if literal else toml_key(name)

    def statement(self) -> None:
        self.text += self.one_of(*_PADDING)
        kind = self.one_of("table", "array", "pair", "pair", "pair")
        if kind == "table":
            self.text += f"[ {self.keys()} ]{self.one_of('', ' # [[x]]')}\n"
        elif kind == "array":
            self.text += f"[[{self.keys()}]]\n"
        else:
            self.pair(depth=2)
            self.text += self.one_of("\n", " # x = 1\n", "\r\n")

    def pair(self, depth: int) -> None:
        self.text += f"{self.keys()}{self.one_of('=', ' = ')}"
        self.value(depth)

    def value(self, depth: int) -> None:
        kinds = ["number", "number", "text", "other"] + ["list", "table"] * (depth > 0)
        match self.one_of(*kinds):
            case "number":
                self.text += str(self.line())
            case "text":
                self.text += self.one_of(
                    '"""\n\n#"\\""""""', "'''\n[a]'''''", '"\\"[#"', "'\\'", '""', "''", '""""""'
                )
            case "other":
                self.text += self.one_of("true", "1979-05-27 07:32:00", "1.5e3", "-inf")
            case "list":
                self.items(depth - 1)
            case _:
                self.pairs(depth - 1)

    def items(self, depth: int) -> None:
        self.text += "["
        for _ in range(self.draw(st.integers(0, 3))):
            self.text += self.one_of("", "\n", " # ]\n\n")
            self.value(depth)
            self.text += self.one_of(",", " ,", "\n,\n", ", # [\n")
        self.text += self.one_of("]", "\n]")

    def pairs(self, depth: int) -> None:
        self.text += "{"
        count = self.draw(st.integers(0, 2))
        for position in range(count):
            self.pair(depth)
            self.text += ", " if position < count - 1 else ""
        self.text += " }"


@st.composite
def lined_documents(draw: st.DrawFn) -> str:
    """Valid TOML in which every whole number is its own line."""
    document = LinedDocument(draw)
    for _ in range(draw(st.integers(0, 8))):
        before = document.text
        document.statement()
        try:
            tomllib.loads(document.text)
        except tomllib.TOMLDecodeError:
            document.text = before
    return document.text
