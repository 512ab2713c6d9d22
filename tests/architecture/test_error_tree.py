"""The tree on top of `errors` is what a reader believes, so it must be true."""

import inspect
import re

from polyarch import errors

_LINE = re.compile(r"(?P<indent>(?:│   |    )*(?:├── |└── )?)(?P<name>[A-Z]\w*Error)\b")


def drawn() -> dict[str, str | None]:
    """Each class of the tree with the one that it hangs on."""
    found: dict[str, str | None] = {}
    way: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = _LINE.match(line)
        if match:
            depth = len(match["indent"]) // 4
            way[depth:] = [match["name"]]
            found[match["name"]] = way[depth - 1] if depth else None
    return found


def test_the_tree_shows_every_error_under_its_base():
    classes = {
        name: value.__bases__[0].__name__
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, errors.PolyarchError) and value is not errors.PolyarchError
    }
    assert drawn() == {"PolyarchError": None, **classes}
