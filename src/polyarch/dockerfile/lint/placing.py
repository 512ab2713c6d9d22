"""Where the files of a stage come from: which ADD or COPY put a path where it is."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.surroundings import Surroundings
from polyarch.dockerfile.tree import Instruction
from polyarch.dockerfile.words import plain_words

OLD_FRONTEND = re.compile(r".*:(?:v?1\.[01])(?:[.@-].*)?")
"""Frontends that do not know `--chmod`, as `# syntax=` names them."""

READABLE = 0o044
"""What git leaves to everybody in 0644 and 0755; without it `+x` comes to something else."""

_PATTERN = re.compile(r"[*?\[]")
_REMOTE = re.compile(r"https?://")
_UNPACKED = re.compile(
    r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+)$|\.git(?:[?#]|$)|^(?:git|ssh)://|@[\w.-]+:"
)
_TREES = frozenset({"", ".", "..", "/"})
_DEEP = re.compile(r"(?:^|[\s;&|(])(?:ch(?:mod|own|grp)|cp|find|mv|rm|rsync)\s")


class Source(StrEnum):
    """How sure it is where a file comes from."""

    FILE = "file"
    """One instruction put it there, as a file of its own."""

    OWNED = "owned"
    """So it did, and a RUN between changed its owner only."""

    FETCHED = "fetched"
    """ADD fetched it: BuildKit gives such files mode 0600."""

    TREE = "tree"
    """It lies within something that was copied as a whole."""

    UNKNOWN = "unknown"
    """A command made it or may have changed it, or the base image brought it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An instruction of a stage, with the working directory and what it is after variables."""

    instruction: Instruction
    workdir: str
    words: tuple[str, ...]

    @property
    def target(self) -> str:
        """Where ADD or COPY puts things, absolute; a last slash is kept."""
        return self.absolute(self.words[-1]) if self.words else ""

    def absolute(self, path: str) -> str:
        """A path from the root on, normal but for its last slash."""
        joined = posixpath.normpath(posixpath.join(self.workdir, path))
        is_folder = path.endswith("/") or path in {".", ".."}
        return f"{joined.rstrip('/')}/" if is_folder else joined

    @property
    def files(self) -> tuple[tuple[str, str], ...] | None:
        """Pairs of source and path of the files that ADD or COPY places; None for trees."""
        sources, target = self.words[:-1], self.target
        if not sources or self.instruction.heredocs or (len(sources) > 1 and target[-1:] != "/"):
            return None
        if not all(self._is_file(source) for source in sources):
            return None
        if not target.endswith("/"):
            return ((sources[0], target),)
        return tuple((one, posixpath.join(target, posixpath.basename(one))) for one in sources)

    def _is_file(self, source: str) -> bool:
        name = posixpath.basename(source)
        if _PATTERN.search(source) or name in _TREES:
            return False
        return self.instruction.name != "ADD" or not _UNPACKED.search(source)


def words_of(instruction: Instruction) -> tuple[str, ...]:
    """Sources and destination of ADD or COPY as written, without quotes."""
    if instruction.json is not None:
        return instruction.json
    return tuple(word.text.strip("\"'") for word in plain_words(instruction.arguments.text))


def step_of(instruction: Instruction, here: Surroundings) -> Step:
    """An instruction as it is with what surrounds it."""
    is_copy = instruction.name in {"ADD", "COPY"}
    words = tuple(here.expand(word) for word in words_of(instruction)) if is_copy else ()
    return Step(instruction=instruction, workdir=here.workdir, words=words)


def source_of(path: str, above: Sequence[Step]) -> tuple[Source, Step | None, str]:
    """Where the file at `path` comes from, the step that put it there, and its source."""
    is_owned = False
    for step in reversed(above):
        name = step.instruction.name
        if name in {"ADD", "COPY"}:
            placed = {where: source for source, where in step.files or ()}
            if path in placed:
                return _kind(placed[path], is_owned=is_owned), step, placed[path]
            if step.files is None and _reaches(step, path):
                return Source.TREE, step, ""
        elif name == "RUN":
            if _only_owner(step, path):
                is_owned = True
            elif _speaks_of(step.instruction, path):
                return Source.UNKNOWN, step, ""
    return Source.UNKNOWN, None, ""


def _kind(source: str, *, is_owned: bool) -> Source:
    if _REMOTE.match(source):
        return Source.FETCHED
    return Source.OWNED if is_owned else Source.FILE


def _reaches(step: Step, path: str) -> bool:
    """Whether a tree that is copied may hold the path."""
    target = step.target.rstrip("/")
    return path == target or path.startswith(f"{target}/")


def _only_owner(step: Step, path: str) -> bool:
    """`chown owner FILE` and nothing else."""
    words = step.instruction.arguments.text.split()
    return words[:1] == ["chown"] and len(words) == 3 and step.absolute(words[2]) == path  # noqa: PLR2004 - chown, owner, file


def _speaks_of(run: Instruction, path: str) -> bool:
    """Whether a script names the file, or a folder above it to something that goes down trees."""
    text = " ".join((run.arguments.text, *(heredoc.body for heredoc in run.heredocs)))
    if posixpath.basename(path) in text:
        return True
    return bool(_DEEP.search(text)) and any(
        re.search(rf"(?<![\w./-]){re.escape(folder)}/?(?![\w./-])", text) for folder in _above(path)
    )


def _above(path: str) -> Iterator[str]:
    while (path := posixpath.dirname(path)) not in {"", "/"}:
        yield path
