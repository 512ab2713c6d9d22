"""A run's folder: `<state>/runs/<id>/` with plan, events, logs and, where tags move, a journal."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from polyarch.content.files import write_bytes
from polyarch.errors import StorageError
from polyarch.oci.fields import JsonObject
from polyarch.runs.record import document

ID = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{6}")
"""The form of ids: nothing in them means something to a shell, a path or a registry."""

PRIVATE = 0o700
"""Logs may hold what a build printed: the owner alone reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """One run's files. Ids sort by time, in milliseconds: short runs follow each other quickly."""

    id: str
    path: Path

    @classmethod
    def create(cls, runs: Path, now: datetime) -> Self:
        """Make a new folder under `runs`.

        Raises:
            StorageError: it cannot be made.
        """
        thousandths = now.microsecond // 1000
        run_id = f"{now:%Y%m%dT%H%M%S}.{thousandths:03d}Z-{secrets.token_hex(3)}"
        path = runs / run_id
        try:
            runs.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=PRIVATE)
            (path / "logs").mkdir(mode=PRIVATE)
        except OSError as error:
            raise StorageError(str(path), error.strerror or str(error)) from error
        return cls(id=run_id, path=path)

    def write(self, name: str, value: JsonObject) -> None:
        """Keep a JSON document, such as `plan.json`."""
        write_bytes(self.path / name, document(value), mode=0o600)

    @property
    def events(self) -> Path:
        """The file of events, one JSON object a line."""
        return self.path / "events.jsonl"

    def build_log(self, image: str, platform_slug: str) -> Path:
        """The log of one platform's build."""
        return self.path / "logs" / f"build-{image}-{platform_slug}.log"

    def command_log(self, what: str, image: str, platform_slug: str, number: int) -> Path:
        """The log of one of an image's own commands, such as its second gate for a platform."""
        name = "-".join(word for word in (what, image, platform_slug, str(number)) if word)
        return self.path / "logs" / f"{name}.log"

    def push_log(self, repository: str) -> Path:
        """The log of what was sent to one repository."""
        return self.path / "logs" / f"push-{_file_name(repository)}.log"


def state_folder(project: Path | None, state_home: Path) -> Path:
    """Where polyarch keeps what it made: beside polyarch.toml, else in the user's state folder."""
    return project / ".polyarch" if project else state_home / "polyarch"


def prepare_state(folder: Path) -> Path:
    """Make the state folder, hidden from git, and give it back.

    Raises:
        StorageError: it cannot be made.
    """
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_bytes(ignore, b"# made by polyarch; nothing in here belongs into a commit\n*\n")
    return folder


def _file_name(text: str) -> str:
    def safe() -> Iterator[str]:
        for character in text:
            yield character if character.isalnum() or character in "._-" else "-"

    return "".join(safe())
