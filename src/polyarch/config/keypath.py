"""Key paths: where in the file a value stands, as `images.server.platforms[1]`."""

import json
import re

from polyarch.errors import shorten

KeyPath = tuple[str | int, ...]
"""Keys from the root of the file; a whole number is a position in a list."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_APPEND = re.compile(r"[A-Za-z0-9_-]+\+")
_LONGEST_KEY = 80


def show_path(path: KeyPath) -> str:
    """The path as TOML would write it, with positions in brackets; always one line."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{show_key(part)}" if text else show_key(part)
    return text


def show_key(key: str) -> str:
    """One key, quoted where TOML asks for it."""
    if _BARE.fullmatch(key):
        return key
    if _APPEND.fullmatch(key):
        return f'"{key}"'
    return json.dumps(shorten(key, _LONGEST_KEY), ensure_ascii=False)
