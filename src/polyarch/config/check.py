"""A document against the schema: every problem, and the document without them."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from msgspec import inspect

from polyarch.config.forms import Check
from polyarch.config.keypath import KeyPath
from polyarch.config.keys import APPEND, Key, keys_of, table_class, tables, unwrap
from polyarch.config.problem import Problem
from polyarch.config.table import Table
from polyarch.errors import shorten

_FAULTY = object()
_ALIKE = 0.6
_SLIP = 0.85
"""Ratios of difflib: texts that are alike, and that differ by a letter."""


@dataclass(slots=True)
class Checker:
    """Walks tables and gathers what is wrong."""

    problems: list[Problem] = field(default_factory=list)

    def table(
        self, value: Mapping[str, object], table: type[Table], path: KeyPath
    ) -> dict[str, object]:
        """The table without its faulty keys."""
        known = keys_of(table)
        good: dict[str, object] = {}
        for name, item in value.items():
            key = _find(known, name)
            if key is None:
                self._add((*path, name), _unknown(name, known))
                continue
            cleaned = self._value(item, key.type, key.check, (*path, name))
            if cleaned is not _FAULTY:
                good[name] = cleaned
        for key in known.values():
            if key.required and key.name not in value:
                self._add(path, f"`{key.name}` is missing")
        return good

    def _value(
        self, value: object, type_: inspect.Type, check: Check | None, path: KeyPath
    ) -> object:
        """The value without what is faulty, or `_FAULTY` if nothing is left."""
        match type_:
            case inspect.StructType() if isinstance(value, dict):
                return self.table(value, table_class(type_), path)
            case inspect.DictType():
                return self._named(value, type_, path)
            case inspect.VarTupleType():
                return self._list(value, type_, path)
            case inspect.UnionType(types=types):
                return self._either(value, types, path)
            case _:
                return self._leaf(value, type_, check, path)

    def _named(self, value: object, type_: inspect.DictType, path: KeyPath) -> object:
        if not isinstance(value, dict):
            return self._wrong(path, "a table", value)
        name_check = unwrap(type_.key_type)[1]
        item_type, item_check = unwrap(type_.value_type)
        good = {}
        for name, item in value.items():
            problem = name_check(name) if name_check else None
            if problem:
                self._add((*path, name), problem)
            cleaned = self._value(item, item_type, item_check, (*path, name))
            if cleaned is not _FAULTY and not problem:
                good[name] = cleaned
        return good

    def _list(self, value: object, type_: inspect.VarTupleType, path: KeyPath) -> object:
        if not isinstance(value, list):
            return self._wrong(path, "a list", value)
        if type_.min_length and len(value) < type_.min_length:
            return self._add(path, "the list is empty")
        item_type, item_check = unwrap(type_.item_type)
        cleaned = [
            self._value(item, item_type, item_check, (*path, position))
            for position, item in enumerate(value)
        ]
        return [item for item in cleaned if item is not _FAULTY]

    def _either(self, value: object, types: Collection[inspect.Type], path: KeyPath) -> object:
        for one in types:
            type_, check = unwrap(one)
            if _fits(value, type_):
                return self._value(value, type_, check, path)
        return self._wrong(path, " or ".join(_words(unwrap(one)[0]) for one in types), value)

    def _leaf(
        self, value: object, type_: inspect.Type, check: Check | None, path: KeyPath
    ) -> object:
        if not _fits(value, type_):
            return self._wrong(path, _words(type_), value)
        problem = _leaf_problem(value, type_)
        if problem is None and check and isinstance(value, str):
            problem = check(value)
        return value if problem is None else self._add(path, problem)

    def _wrong(self, path: KeyPath, expected: str, found: object) -> object:
        return self._add(path, f"expected {expected}, found {_found(found)}")

    def _add(self, path: KeyPath, message: str) -> object:
        self.problems.append(Problem(path=path, message=message))
        return _FAULTY


def nearest(text: str, known: Collection[str]) -> str:
    """Words that end a message: the nearest known text, or all that are known."""
    near = difflib.get_close_matches(text, sorted(known), n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return "known are " + ", ".join(f"`{one}`" for one in known) if known else "there is none"


def _find(known: Mapping[str, Key], name: str) -> Key | None:
    key = known.get(name)
    if key is None and name.endswith(APPEND):
        listed = known.get(name.removesuffix(APPEND))
        return listed if listed and listed.is_list else None
    return key


def _unknown(name: str, known: Mapping[str, Key]) -> str:
    if name.endswith(APPEND) and name.removesuffix(APPEND) in known:
        return "only a list can be appended to"
    homes = [table.title for table in tables() if table.title and name in table.keys]
    # A right key in the wrong table is likelier than a slip of several letters.
    cutoff = _SLIP if homes else _ALIKE
    near = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=cutoff)
    if near:
        return f"unknown key; did you mean `{near[0]}`?"
    if homes:
        return f"unknown key here; it belongs in {' or '.join(f'`[{home}]`' for home in homes[:2])}"
    return "unknown key; `polyarch schema` prints those that there are"


def _leaf_problem(value: object, type_: inspect.Type) -> str | None:
    match type_:
        case inspect.StrType() if "\0" in str(value):
            return "text with a NUL character can be handed to no program"
        case inspect.LiteralType(values=values) if value not in values:
            return f"`{shorten(str(value))}` is not known; {nearest(str(value), _texts(values))}"
        case inspect.IntType(ge=low, le=high):
            below = low is not None and isinstance(value, int) and value < low
            above = high is not None and isinstance(value, int) and value > high
            if below or above:
                return f"the number must be {_range(low, high)}"
        case _:
            pass
    return None


def _texts(values: Collection[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _range(low: int | None, high: int | None) -> str:
    return f"from {low} to {high}" if high is not None else f"at least {low}"


def _fits(value: object, type_: inspect.Type) -> bool:
    match type_:
        case inspect.StrType() | inspect.LiteralType():
            return isinstance(value, str)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case inspect.StructType():
            return isinstance(value, dict)
        case _:
            return False


def _words(type_: inspect.Type) -> str:
    match type_:
        case inspect.StrType() | inspect.LiteralType():
            return "text"
        case inspect.BoolType():
            return "`true` or `false`"
        case inspect.IntType():
            return "a whole number"
        case _:
            return "a table"


def _found(value: object) -> str:
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            return "text"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case datetime() | date() | time():
            return "a date or time"
        case _:
            return "something else"
