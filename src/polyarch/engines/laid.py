"""What the direct engine lays beside a project's own files, and what it is told of those."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFile:
    """A small file that belongs to no project, such as /etc/passwd; `path` is absolute."""

    path: PurePosixPath
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A command that tells whether a container works, its times in seconds.

    Without words the base's check is switched off; None leaves a value to the engine that runs it.
    """

    command: tuple[str, ...]
    interval_s: int | None = None
    timeout_s: int | None = None
    start_period_s: int | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidProgram:
    """A file that is a program or library, by its header.

    `what` says what it was compiled for, `misfit` why it cannot be loaded on the platform, empty
    where it can. `runs`: it is a program, no library.
    """

    what: str
    misfit: str
    runs: bool


LookAt = Callable[[Path, PurePosixPath], LaidProgram | None]
"""What a file is that is to be laid at an absolute path; None for one that is no program."""
