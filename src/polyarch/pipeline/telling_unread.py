"""Telling people although there is no polyarch.toml that can be read: that is what they hear."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.config.document import FILE_NAME
from polyarch.config.load import load_text
from polyarch.config.project import Project
from polyarch.errors import ConfigUnreadableError, InvalidConfigError, PolyarchError, shorten
from polyarch.notify.notice import Notice, neat

_LEAST = '[images.none]\nplatforms = ["linux/amd64"]\n'
"""A file of which nothing is used but what holds for every project that says nothing else."""

_LINE = re.compile(r"\bline (\d+)")
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"")
_LONGEST = 20
"""Characters of what a problem quotes: names of keys and commands. Values may be secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why a config could not be read; each text one line, and none with a value of the file."""

    what: str
    where: str
    hint: str

    @classmethod
    def of(cls, error: PolyarchError) -> "Unread":
        """The first problem of a file, else what is wrong with it as a whole."""
        problem, more, file = error.message, "", FILE_NAME
        if isinstance(error, InvalidConfigError):
            problem, *others = error.problems
            file = Path(error.where or FILE_NAME).name
            more = f" (and {len(others)} more)" if others else ""
        elif isinstance(error, ConfigUnreadableError):
            problem, file = error.reason, Path(error.where or FILE_NAME).name
        line = _LINE.search(problem)
        return cls(
            what=f"`{shorten(file)}` cannot be read: {_safe(problem)}{more}",
            where=f"{shorten(file)}, line {line[1]}" if line else "",
            hint=_safe(error.hint or ""),
        )

    def told_by(self, notice: Notice) -> Notice:
        """A notice of this, and of the jobs that ended with it."""
        jobs = notice.what
        return replace(
            notice,
            what=neat(self.what),
            where=neat("; ".join(filter(None, (self.where, jobs)))),
            hint=neat(self.hint),
        )


def stand_in(folder: Path, environment: str | None) -> Project:
    """A project of which nothing is known: it has no image, and says of notices what all say."""
    project = load_text(_LEAST, folder / FILE_NAME)
    return replace(project, images={}, environment=environment)


def _safe(problem: str) -> str:
    first = problem.strip().partition("\n")[0]
    return _QUOTED.sub(_quoted, first)


def _quoted(found: re.Match[str]) -> str:
    text = found[0]
    hides = len(text) > _LONGEST + 2 or "@" in text or "://" in text
    return f"{text[0]}…{text[0]}" if hides else text
