"""Which files of a folder are no part of the build context: `.dockerignore`, as BuildKit reads it.

These are not the rules of `.gitignore`, so no library for those serves: patterns stand from the
context's root and never match at any depth by themselves, a leading slash means nothing, `!` brings
files back from inside an excluded folder, `**` need not stand alone between slashes, and an
exception tried on a folder before anything had excluded it is not tried again for its files.

Source: moby/patternmatcher (`ignorefile.ReadAll`, `MatchesUsingParentResults`) and
tonistiigi/fsutil (`filter.go`), which walks the folder for BuildKit's client.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from polyarch.dockerfile.pattern import Pattern
from polyarch.dockerfile.spacing import WHITE_SPACE
from polyarch.errors import BuildContextError, IgnoreFileError, PatternSyntaxError

IGNORE_FILE = ".dockerignore"

Verdicts = tuple[bool, ...]
"""For each pattern, whether it matched a path or a folder above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRules:
    """Patterns in file order; the last one that matches decides. `path` is for messages only."""

    patterns: tuple[Pattern, ...] = ()
    path: str | None = None

    @classmethod
    def parse(cls, text: str, *, path: str = IGNORE_FILE) -> Self:
        """Read the text of a `.dockerignore` file.

        Raises:
            IgnoreFileError: a pattern that BuildKit refuses as well.
        """
        patterns: list[Pattern] = []
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            pattern = line.strip(WHITE_SPACE)
            # Only a `#` in the first column begins a comment.
            if not pattern or line.startswith("#"):
                continue
            try:
                patterns.append(Pattern.parse(pattern))
            except PatternSyntaxError as error:
                raise IgnoreFileError(path, number, error.reason) from error
        return cls(patterns=tuple(patterns), path=path)

    def judge(self, path: str, folder: Verdicts = ()) -> tuple[bool, Verdicts]:
        """Whether a path is ignored, and the verdicts for what lies below it.

        `path` is relative to the context's root, with slashes; `folder` the verdicts of the folder
        that holds it, nothing for the root.
        """
        ignored = False
        verdicts: list[bool] = []
        for index, pattern in enumerate(self.patterns):
            matched = bool(folder) and folder[index]
            if not matched and pattern.is_exception == ignored:
                matched = pattern.matches(path)
            verdicts.append(matched)
            if matched:
                ignored = not pattern.is_exception
        return ignored, tuple(verdicts)

    def ignores(self, path: str) -> bool:
        """Whether a path below the context's root is ignored, the folders above it considered."""
        ignored = False
        verdicts: Verdicts = ()
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            ignored, verdicts = self.judge("/".join(parts[:depth]), verdicts)
        return ignored

    def may_return_below(self, folder: str) -> bool:
        """Whether an exception can bring back files from inside an ignored folder."""
        exceptions = [pattern for pattern in self.patterns if pattern.is_exception]
        if not all(pattern.has_plain_folder for pattern in exceptions):
            return True
        return any(f"{pattern.folder}/".startswith(f"{folder}/") for pattern in exceptions)


def find_ignore(root: Path, dockerfile: Path) -> IgnoreRules:
    """The rules of a build: `<Dockerfile>.dockerignore` beside it, else the context's own file.

    Raises:
        IgnoreFileError: a pattern that cannot be read.
        BuildContextError: a file that cannot be read.
    """
    for path in (dockerfile.with_name(f"{dockerfile.name}{IGNORE_FILE}"), root / IGNORE_FILE):
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise BuildContextError(str(path), error.strerror or str(error)) from error
        return IgnoreRules.parse(data.decode("utf-8", "surrogateescape"), path=str(path))
    return IgnoreRules()
