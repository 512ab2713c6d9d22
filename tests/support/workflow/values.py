"""Values of a workflow as JSON has them, and as expressions have them."""

from collections.abc import Mapping
from typing import Any

from polyarch.ci.expression_values import Table, Unknown, Value


class WorkflowError(AssertionError):
    """The workflow is one that the forge refuses, or that this runner has no part for."""


class Declared(dict[str, Any]):
    """An object whose names are known beforehand: asking for another one is a mistake.

    The forge gives an empty value for it, which is how a misspelt step goes unnoticed for years.
    """

    def __init__(
        self, what: str, values: Mapping[str, Any], names: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(values)
        self.what = what
        self.names = {name.lower() for name in (*values, *names)}


def member(value: Any, key: str) -> Any:
    """What an object has under a name, whatever its case; None where it has none.

    Raises:
        WorkflowError: the name was never declared.
    """
    if not isinstance(value, dict):
        return None
    if isinstance(value, Declared) and key.lower() not in value.names:
        raise WorkflowError(f"`{value.what}` has no `{key}`")
    return next((each for name, each in value.items() if name.lower() == key.lower()), None)


def given(value: Any) -> Value:
    """A value as expressions have it."""
    if isinstance(value, dict):
        return Table(values={key: given(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return tuple(given(each) for each in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    assert value is None or isinstance(value, bool | float | str), value
    return value


def taken(value: Value) -> Any:
    """A value as JSON has it.

    Raises:
        WorkflowError: it is not known.
    """
    if isinstance(value, Unknown):
        raise WorkflowError(f"nobody knows {value.text}")
    if isinstance(value, Table):
        return {key: taken(each) for key, each in value.values.items()}
    return [taken(each) for each in value] if isinstance(value, tuple) else value
