"""The functions of expressions that the file alone can answer.

Source: docs.github.com, "Evaluate expressions in workflows and actions", functions.
"""

import json
import re
from collections.abc import Callable, Mapping

from polyarch.ci.expression_values import LONGEST, Table, Unknown, Value, same, text_of

Function = Callable[[tuple[Value, ...]], Value]
_PLACE = re.compile(r"\{\{|\}\}|\{([0-9]{1,3})\}|[{}]")


class NotKnownHereError(Exception):
    """What a function gives cannot be told from these arguments."""


def _contains(given: tuple[Value, ...]) -> Value:
    where, what = _exactly(given, 2)
    if isinstance(where, tuple):
        return any(same(each, what) for each in where if not isinstance(each, Unknown))
    return _is_plain(where, what) and text_of(what).casefold() in text_of(where).casefold()


def _starts_with(given: tuple[Value, ...]) -> Value:
    text, front = _exactly(given, 2)
    return _is_plain(text, front) and text_of(text).casefold().startswith(text_of(front).casefold())


def _ends_with(given: tuple[Value, ...]) -> Value:
    text, end = _exactly(given, 2)
    return _is_plain(text, end) and text_of(text).casefold().endswith(text_of(end).casefold())


def _is_plain(*values: Value) -> bool:
    """Whether each has a text of its own, which arrays and objects have not."""
    return not any(isinstance(value, (tuple, Table)) for value in values)


def format_text(given: tuple[Value, ...]) -> str:
    """`format`; unknown arguments stand in the text as they are."""
    if not given:
        raise NotKnownHereError
    left = LONGEST - len(text_of(given[0]))

    def put(found: re.Match[str]) -> str:
        if found[0] in {"{", "}"}:
            raise NotKnownHereError
        if found[1] is None:
            return found[0][0]
        number = int(found[1]) + 1
        if number >= len(given):
            raise NotKnownHereError
        text = text_of(given[number])
        nonlocal left
        left -= len(text) - len(found[0])
        if left < 0:
            raise NotKnownHereError
        return text

    return _PLACE.sub(put, text_of(given[0]))


def _join(given: tuple[Value, ...]) -> Value:
    if not given:
        raise NotKnownHereError
    separator = text_of(given[1]) if len(given) > 1 and _is_plain(given[1]) else ","
    if isinstance(given[0], Table):
        return ""
    items = given[0] if isinstance(given[0], tuple) else (given[0],)
    if sum(len(text_of(each)) + len(separator) for each in items) > LONGEST + len(separator):
        raise NotKnownHereError
    return separator.join(text_of(each) for each in items)


def _to_json(given: tuple[Value, ...]) -> Value:
    (value,) = _exactly(given, 1)
    if _is_too_large(value):
        raise NotKnownHereError
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False)
    if len(text) > LONGEST:
        raise NotKnownHereError
    return text


def _is_too_large(value: Value) -> bool:
    """Whether its texts are more than one may hold; tables of tables share what they hold."""
    waiting, left = [value], LONGEST
    while waiting and left >= 0:
        each = waiting.pop()
        left -= len(text_of(each)) + 1
        if isinstance(each, Table):
            left -= sum(len(key) for key in each.values)
            waiting += each.values.values()
        elif isinstance(each, tuple):
            waiting += each
    return left < 0


def _plain(value: Value) -> object:
    if isinstance(value, Unknown):
        raise NotKnownHereError
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Table):
        if value.rest is not None:
            raise NotKnownHereError
        return {key: _plain(each) for key, each in value.values.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _from_json(given: tuple[Value, ...]) -> Value:
    (value,) = _exactly(given, 1)
    text = text_of(value)
    if len(text) > LONGEST:
        raise NotKnownHereError
    try:
        return value_of(json.loads(text, parse_constant=_refused))
    except (ValueError, RecursionError) as error:
        raise NotKnownHereError from error


def _refused(word: str) -> object:
    """`NaN` and the like are words of Python's reader, not of JSON."""
    raise ValueError(word)


def value_of(data: object) -> Value:
    """Data as JSON has it, as a value."""
    if isinstance(data, list):
        return tuple(value_of(each) for each in data)
    if isinstance(data, Mapping):
        return Table(values={str(key): value_of(each) for key, each in data.items()})
    if isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return data if isinstance(data, (bool, float, str)) else None


def _case(given: tuple[Value, ...]) -> Value:
    *pairs, last = given if len(given) % 2 else (*given, None)
    for test, value in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(test, bool):
            raise NotKnownHereError
        if test:
            return value
    return last


def _exactly(given: tuple[Value, ...], count: int) -> tuple[Value, ...]:
    if len(given) != count:
        raise NotKnownHereError
    return given


FUNCTIONS: dict[str, Function] = {
    "contains": _contains,
    "startswith": _starts_with,
    "endswith": _ends_with,
    "format": format_text,
    "join": _join,
    "tojson": _to_json,
    "fromjson": _from_json,
    "case": _case,
    "success": lambda _: True,
    "always": lambda _: True,
    "failure": lambda _: False,
    "cancelled": lambda _: False,
}
"""By name in lower case. Those about a run are answered for one in which all goes well."""

LAZY = frozenset({"case"})
"""Those that may be told although some of their arguments are unknown."""
