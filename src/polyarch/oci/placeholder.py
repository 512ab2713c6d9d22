"""Texts with placeholders in braces, such as `{out}/hello-{goarch}`.

A name stands in single braces; a brace itself is written twice, as in Python's format strings.
Whoever puts foreign values into such a text before it is filled passes them through `escape`.
"""

import difflib
import re
from collections.abc import Mapping

from polyarch.errors import PlaceholderSyntaxError, PlaceholderValueError, UnknownPlaceholderError

_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z][A-Za-z0-9_-]*)\}|[{}]")


def fill(text: str, values: Mapping[str, str | None], *, where: str) -> str:
    """Put values where their names stand; `where` is the key path that errors tell.

    None as a value means that this platform has none.

    Raises:
        UnknownPlaceholderError: a name that `values` lacks.
        PlaceholderValueError: a name whose value is None.
        PlaceholderSyntaxError: a brace that stands alone.
    """

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return _brace(found[0], text, where)
        if name not in values:
            raise UnknownPlaceholderError(
                name, tuple(values), nearest=nearest(name, values), where=where
            )
        value = values[name]
        if value is None:
            raise PlaceholderValueError(name, values.get("platform") or "", where=where)
        return value

    return _TOKEN.sub(value_of, text)


def names_in(text: str) -> tuple[str, ...]:
    """The names that stand in a text, each once, in order; braces that stand alone are passed."""
    found = (match[1] for match in _TOKEN.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def nearest(name: str, known: Mapping[str, str | None]) -> str | None:
    """The known name that was probably meant."""
    close = difflib.get_close_matches(name.lower().replace("_", "-"), tuple(known), n=1)
    return close[0] if close else None


def escape(text: str) -> str:
    """The text as it must be written so that `fill` gives it back."""
    return text.replace("{", "{{").replace("}", "}}")


def _brace(token: str, text: str, where: str) -> str:
    if token in {"{{", "}}"}:
        return token[0]
    raise PlaceholderSyntaxError(text, token, where=where)
