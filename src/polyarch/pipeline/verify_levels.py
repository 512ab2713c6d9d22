"""What the levels beyond the structure do: reading programs, and starting them."""

from pathlib import Path

from polyarch.config.project import Project
from polyarch.errors import UsageError
from polyarch.findings import Report
from polyarch.oci.platform import Platform
from polyarch.pipeline.verify_image import Look
from polyarch.pipeline.verify_request import Level
from polyarch.pipeline.world import World


def looks_of(
    level: Level, _project: Project | None, _world: World
) -> tuple[tuple[Level, Look], ...]:
    """What is done at each level up to this one, in order.

    Raises:
        UsageError: this level is not there.
    """
    if level.reaches(Level.DEEP):
        raise _absent(level)
    return ()


def program_report(_path: Path, _platform: Platform | None, *, subject: str) -> Report:
    """What a program on disk is.

    Raises:
        UsageError: it cannot be looked at.
    """
    raise _absent(Level.DEEP).at(subject)


def _absent(level: Level) -> UsageError:
    return UsageError(
        f"the level `{level}` is not there yet",
        where="the command line",
        hint="`--level config` is",
    )
