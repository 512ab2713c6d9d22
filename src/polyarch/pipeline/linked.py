"""What lies outside a project and is read through its links, as a command of the project would."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from polyarch.dockerfile.context import FileKind, context_digest, context_files
from polyarch.dockerfile.ignore import IgnoreRules
from polyarch.dockerfile.pattern import Pattern
from polyarch.errors import BuildContextError

_NO_INPUT = (".git", "**/.polyarch")


def linked_digest(root: Path, rules: IgnoreRules) -> str:
    """One digest of files and folders that links in `root` lead out of it to; empty without any.

    Links by a complete path do not count: they tell of one machine, and git's are hardly ever so.

    Raises:
        BuildContextError: a folder cannot be read.
    """
    found = list(_outside(root.resolve(), rules))
    return hashlib.sha256("\n".join(found).encode()).hexdigest() if found else ""


def _outside(root: Path, rules: IgnoreRules) -> Iterator[str]:
    inside = IgnoreRules(patterns=tuple(Pattern.parse(each) for each in _NO_INPUT))
    known: dict[Path, str] = {}
    for entry in context_files(root, rules):
        if entry.kind is not FileKind.LINK or entry.target.startswith("/"):
            continue
        path = Path(os.path.realpath(root / entry.path))  # says nothing of links that lead back
        if path.is_relative_to(root) or root.is_relative_to(path):
            continue
        if path not in known:
            known[path] = _digest(path, inside)
        yield f"{entry.path!r} {known[path]}"


def _digest(path: Path, rules: IgnoreRules) -> str:
    if path.is_dir():
        return str(context_digest(path, None, rules))
    try:
        if not path.is_file():
            return "absent"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BuildContextError(str(path), (error.strerror or str(error)).lower()) from error
