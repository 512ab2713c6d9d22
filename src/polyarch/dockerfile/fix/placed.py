"""Which ADD or COPY of a stage put a file where it is, as far as the text tells it for sure."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyarch.dockerfile.tree import Instruction
from polyarch.dockerfile.words import plain_words
from polyarch.errors import FixRefusedError

_PATTERN = re.compile(r"[*?\[]")
_REMOTE = re.compile(r"https?://")
_GIT = re.compile(r"(?:git|ssh)://|[A-Za-z0-9_-]+@[A-Za-z0-9.-]+:|\.git(?:[?#]|$)")
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+|gz|bz2|xz)$")
_TREE = frozenset({".", "..", "/"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file that one instruction put at `path`; `is_remote` says that ADD fetched it."""

    instruction: Instruction
    path: str
    is_remote: bool


def working_folder(body: Sequence[Instruction]) -> str | None:
    """Where a stage stands after these instructions; None where only the base image can tell."""
    folder: str | None = None
    for one in body:
        if one.name == "WORKDIR":
            folder = absolute(one.arguments.text.strip("\"'"), folder)
    return folder


def absolute(path: str, folder: str | None) -> str | None:
    """A path from the root on; None where that cannot be told, or it holds a variable's start."""
    if path.startswith(("/", "$")):
        return posixpath.normpath(path).replace("//", "/")
    return posixpath.normpath(posixpath.join(folder, path)) if folder else None


def files(instruction: Instruction, folder: str | None) -> tuple[Placed, ...] | None:
    """The files that an ADD or COPY puts somewhere; None where it may be a tree or anything."""
    words = _words(instruction)
    if words is None or len(words) < 2:  # noqa: PLR2004 - a source and the destination
        return None
    *sources, target = words
    into = target.endswith("/") or target in {".", ".."}
    if len(sources) > 1 and not into:
        return None
    placed = []
    for source in sources:
        if not _is_file(instruction, source):
            return None
        path = posixpath.join(target, posixpath.basename(source)) if into else target
        where = absolute(path, folder)
        if where is None:
            return None
        is_remote = bool(_REMOTE.match(source))
        placed.append(Placed(instruction=instruction, path=where, is_remote=is_remote))
    return tuple(placed)


def _words(instruction: Instruction) -> tuple[str, ...] | None:
    if instruction.heredocs:
        return None
    if instruction.json is not None:
        return instruction.json
    return tuple(word.text for word in plain_words(instruction.arguments.text))


def _is_file(instruction: Instruction, source: str) -> bool:
    """Whether a source can be one file: no pattern, no folder by its name, nothing unpacked."""
    if (
        _PATTERN.search(source)
        or source.endswith("/")
        or posixpath.basename(source) in {*_TREE, ""}
    ):
        return False
    if instruction.name == "ADD":
        return not _GIT.search(source) and not _ARCHIVE.search(source)
    return True


def source_of(path: str, above: Sequence[Instruction]) -> Placed:
    """The instruction that put the file there, with nothing since that may have changed it.

    Raises:
        FixRefusedError: there is none, or what lies between is not plain.
    """
    for index in range(len(above) - 1, -1, -1):
        one = above[index]
        if one.name in {"ADD", "COPY"}:
            placed = files(one, working_folder(above[:index]))
            if placed is None:
                if _may_reach(one, path, working_folder(above[:index])):
                    raise FixRefusedError(
                        f"{one.name} of line {one.first_line} may have put it there"
                    )
                continue
            if found := next((each for each in placed if each.path == path), None):
                return found
        elif one.name == "RUN" and _speaks_of(one, path):
            raise FixRefusedError(f"RUN of line {one.first_line} may have changed `{path}`")
    raise FixRefusedError(f"no COPY of this stage puts a file at `{path}`")


def _may_reach(instruction: Instruction, path: str, folder: str | None) -> bool:
    """Whether a tree that it copies may hold the path."""
    words = _words(instruction)
    where = absolute(words[-1], folder) if words else None
    if where is None or "$" in where or "$" in path:
        return True
    return where in {"/", path} or path.startswith(where.rstrip("/") + "/")


def _speaks_of(run: Instruction, path: str) -> bool:
    """Whether a script names the file or, with what goes down a tree, a folder above it."""
    texts = [run.arguments.text, *(heredoc.body for heredoc in run.heredocs)]
    text = " ".join(texts)
    if posixpath.basename(path) in text:
        return True
    return any(_names_tree(text, folder) for folder in _folders(path))


def _folders(path: str) -> Iterator[str]:
    while (path := posixpath.dirname(path)) not in {"", "/"}:
        yield path


_RECURSIVE = re.compile(r"(?:^|[\s;&|(])(?:rm|mv|find|rsync|ch(?:mod|own|grp))\s")


def _names_tree(text: str, folder: str) -> bool:
    named = re.search(rf"(?<![\w./-]){re.escape(folder)}/?(?![\w./-])", text)
    return bool(named and _RECURSIVE.search(text))
