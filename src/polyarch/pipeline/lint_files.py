"""Which files `lint` reads, and what each of them is."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from polyarch.errors import (
    DockerfileUnreadableError,
    LintFileNotFoundError,
    NothingToLintError,
    PolyarchError,
)

STDIN = "-"

_SKIPPED = frozenset(
    {
        ".git", ".hg", ".svn", ".polyarch", ".venv", "venv", ".tox", ".nox", "__pycache__",
        "node_modules", "vendor", ".terraform", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    }
)  # fmt: skip
"""Folders with other people's files, and with nobody's."""

_MAX_FOLDERS = 100_000

_DOCKERFILE = re.compile(
    r"(?:dockerfile|containerfile)(?:[.-][^/]*)?|[^/]+\.(?:dockerfile|containerfile)",
    re.IGNORECASE,
)
_NO_DOCKERFILE = re.compile(
    r".*\.(?:dockerignore|containerignore|md|rst|j2|jinja2?|tmpl|template|tpl|erb|mustache|in|sh|py"
    r"|go|js|ts|rb|json|ya?ml|toml|orig|rej|bak|swp)|.*~",
    re.IGNORECASE,
)
"""What is called like a Dockerfile and is a template of one, or something beside it."""

_COMPOSE = re.compile(r"(?:docker-|podman-)?compose(?:[.-][^/]*)?\.ya?ml", re.IGNORECASE)
_BAKE = re.compile(
    r"(?:docker-)?bake(?:[.-][^/]*)?\.(?:hcl|json)|[^/]+\.bake\.(?:hcl|json)", re.IGNORECASE
)
_WORKFLOW = re.compile(r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml")

_YAML = re.compile(r".*\.ya?ml", re.IGNORECASE)
_HCL_OR_JSON = re.compile(r".*\.(?:hcl|json)", re.IGNORECASE)
_SERVICES = re.compile(rb"^services\s*:", re.MULTILINE)
_JOBS = re.compile(rb"^jobs\s*:", re.MULTILINE)


class Kind(StrEnum):
    """What a file is."""

    DOCKERFILE = "dockerfile"
    COMPOSE = "compose"
    BAKE = "bake"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFile:
    """A file to judge; `shown` is its name in what is told, `error` why it cannot be read.

    `is_named`: a person named it, or the project's config does.
    """

    path: Path
    shown: str
    kind: Kind
    raw: bytes = b""
    is_named: bool = True
    error: PolyarchError | None = None


def named_files(
    names: tuple[str, ...], folder: Path, stdin: "tuple[bytes, str] | None"
) -> Iterator[LintFile]:
    """The files of the command line in its order, each once; folders are searched.

    `stdin` is what stands for the name `-`, with a name of its own.

    Raises:
        NothingToLintError: a folder that holds nothing to look at.
    """
    seen: set[Path] = set()
    for name in names:
        if name == STDIN and stdin is not None:
            raw, shown = stdin
            yield LintFile(path=folder / shown, shown=shown, kind=kind_of(shown, raw), raw=raw)
            continue
        path = folder / name
        found = list(searched(path, folder)) if path.is_dir() else [read_file(path, name)]
        if not found:
            raise NothingToLintError(name)
        for each in found:
            place = Path(os.path.normpath(each.path))
            if place not in seen:
                seen.add(place)
                yield each


def searched(
    top: Path,
    folder: Path,
    kinds: frozenset[Kind] = frozenset(Kind),
    *,
    depth: int | None = None,
) -> Iterator[LintFile]:
    """The files below a folder that can be told by their names, sorted; links are not followed.

    One that cannot be read is left out: nobody asked for it. `depth` 0 is the folder itself.
    """
    for count, (here, folders, names) in enumerate(os.walk(top)):
        if count > _MAX_FOLDERS:
            return
        folders[:] = sorted(each for each in folders if each not in _SKIPPED and depth != 0)
        for name in sorted(names):
            path = Path(here) / name
            kind = _told_kind(str(path.absolute()))
            if kind in kinds and path.is_file():
                try:
                    raw = path.read_bytes()
                except OSError:
                    continue
                shown = shown_from(path, folder)
                yield LintFile(path=path, shown=shown, kind=kind, raw=raw, is_named=False)


def read_file(path: Path, shown: str, kind: Kind | None = None) -> LintFile:
    """A file that was named; `kind` where that is known."""
    absolute = str(path.absolute())
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        error: PolyarchError = LintFileNotFoundError(shown)
    except (OSError, ValueError) as problem:
        reason = (getattr(problem, "strerror", None) or str(problem)).lower()
        error = DockerfileUnreadableError(shown, reason)
    else:
        return LintFile(path=path, shown=shown, kind=kind or kind_of(absolute, raw), raw=raw)
    return LintFile(path=path, shown=shown, kind=kind or kind_of(absolute, b""), error=error)


def kind_of(name: str, raw: bytes) -> Kind:
    """What a file is that was named: by its name, else by its first keys, else a Dockerfile."""
    known = _told_kind(name)
    if known is not None:
        return known
    if _YAML.fullmatch(name):
        if _JOBS.search(raw):
            return Kind.WORKFLOW
        return Kind.COMPOSE if _SERVICES.search(raw) else Kind.DOCKERFILE
    return Kind.BAKE if _HCL_OR_JSON.fullmatch(name) else Kind.DOCKERFILE


def shown_from(path: Path, folder: Path) -> str:
    """A path as it is told to somebody who stands in `folder`."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _told_kind(path: str) -> Kind | None:
    name = path.rpartition("/")[2]
    if _DOCKERFILE.fullmatch(name) and not _NO_DOCKERFILE.fullmatch(name):
        return Kind.DOCKERFILE
    if _COMPOSE.fullmatch(name):
        return Kind.COMPOSE
    if _BAKE.fullmatch(name):
        return Kind.BAKE
    return Kind.WORKFLOW if _WORKFLOW.fullmatch(path) else None
