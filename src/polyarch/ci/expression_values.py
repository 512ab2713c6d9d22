"""What expressions of GitHub Actions are worth, and how one kind is taken for another.

What cannot be known here stays unknown and keeps its text: a secret, a number of a run, an output
of a step that somebody else's code writes.

Source: docs.github.com, "Evaluate expressions in workflows and actions", operators.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST_NUMBER = 40
LONGEST = 64 * 1024
"""Characters of a text that is worked out: a longer one is unknown, for texts of texts of texts
grow beyond any memory."""
TOO_LONG = "a text of this size"
"""What such a text depends on, as far as anybody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What only a run can tell.

    `text` is how it stands in a text, as `${{ secrets.NAME }}`, perhaps with known words around it.
    `names` are what it depends on; `truth` is whether it counts as true, where at least that is
    known.
    """

    text: str
    names: tuple[str, ...]
    truth: bool | None = None

    @classmethod
    def of(cls, name: str) -> "Unknown":
        """One that is what a name stands for."""
        return cls(text=f"${{{{ {name} }}}}", names=(name,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An object; names are looked up whatever their case.

    `rest`: the name under which keys that it lacks are unknown; None where they are simply null.
    """

    values: "Mapping[str, Value]"
    rest: str | None = None

    def get(self, key: str) -> "Value":
        """What stands under a key."""
        for name, value in self.values.items():
            if name.lower() == key.lower():
                return value
        return None if self.rest is None else Unknown.of(f"{self.rest}.{key}")


class Several(tuple["Value", ...]):
    """What `.*` found: a name after it is asked of each, as of no other array."""

    __slots__ = ()


Value = None | bool | float | str | tuple["Value", ...] | Table | Unknown


def truth_of(value: Value) -> bool | None:
    """Whether it counts as true; None where nobody knows."""
    if isinstance(value, Unknown):
        return value.truth
    if isinstance(value, float):
        return not (value == 0 or math.isnan(value))
    if isinstance(value, (tuple, Table)):
        return True
    return bool(value)


def text_of(value: Value) -> str:
    """As it is written into a text; what is unknown by its own text."""
    if isinstance(value, Unknown):
        return value.text
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, tuple):
        return "Array"
    return "Object" if isinstance(value, Table) else value


def number_text(value: float) -> str:
    """A number as GitHub writes it: at most fifteen digits."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "0" if value == 0 else f"{value:.15g}"


def number_of(value: Value) -> float:
    """As a number, for comparing different kinds; not a number where it is none."""
    if value is None:
        return 0.0
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, float):
        return value
    return _read(value.strip()) if isinstance(value, str) else math.nan


def _read(text: str) -> float:
    if not text:
        return 0.0
    if len(text) > _LONGEST_NUMBER or "_" in text or text.lower().lstrip("+-")[:1] in {"i", "n"}:
        return math.nan
    try:
        return float(int(text, 16)) if text.lower().startswith("0x") else float(text)
    except ValueError:
        return math.nan


def same(left: Value, right: Value) -> bool:
    """Whether `==` holds of two known values: texts whatever their case."""
    if isinstance(left, str) and isinstance(right, str):
        return left.upper() == right.upper()
    if isinstance(left, (tuple, Table)) or isinstance(right, (tuple, Table)):
        return left is right
    return number_of(left) == number_of(right)


def below(left: Value, right: Value) -> bool:
    """Whether `<` holds of two known values: texts as their capital letters stand."""
    if isinstance(left, str) and isinstance(right, str):
        return left.upper() < right.upper()
    return number_of(left) < number_of(right)


def unknown_names(values: tuple[Value, ...]) -> tuple[str, ...]:
    """What the unknown ones among values depend on."""
    names = (name for value in values if isinstance(value, Unknown) for name in value.names)
    return tuple(dict.fromkeys(names))
