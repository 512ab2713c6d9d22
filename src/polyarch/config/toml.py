"""Values written as TOML; only what a checked document can hold."""

import json
import re

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_key(key: str) -> str:
    """A key, quoted where it must be."""
    return key if _BARE.fullmatch(key) else _text(key)


def toml_value(value: object) -> str:
    """A value on one line.

    Raises:
        TypeError: a value that no key of the schema can have.
    """
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _text(value)
        case list() | tuple():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case dict():
            pairs = (f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case _:
            raise TypeError(value)


def _text(text: str) -> str:
    # Basic strings take JSON's escapes, except for pairs of surrogates; DEL must be escaped, too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
