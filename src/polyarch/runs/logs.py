"""The logs of a run: which there are, and those of one image or platform."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarch.content.files import open_regular
from polyarch.errors import LogNotFoundError, RunUnreadableError
from polyarch.runs.finding import LOG, LOGS, MAX_LOGS
from polyarch.runs.run import Run

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log; `size` in bytes."""

    name: str
    path: Path
    size: int


def logs_of(run: Run) -> tuple[Log, ...]:
    """All logs of a run, by name; none where its record came without."""
    if run.folder is None:
        return ()
    try:
        paths = sorted(path for path in (run.folder / LOGS).iterdir() if LOG.fullmatch(path.name))
        found = [path for path in paths if path.is_file() and not path.is_symlink()]
        return tuple(
            Log(name=path.name.removesuffix(".log"), path=path, size=path.stat().st_size)
            for path in found[:MAX_LOGS]
        )
    except OSError:
        return ()


def chosen_logs(
    runs: Sequence[Run], image: str, platform: str, images: Sequence[str], platforms: Sequence[str]
) -> tuple[Log, ...]:
    """The logs of an image, or of one platform of it; `image` may also be the name of a log.

    `runs` are one, or the jobs of one CI run. `images` and `platforms` are theirs: names may hold
    dashes, so that they tell where one ends.

    Raises:
        LogNotFoundError: there is none.
    """
    logs = [log for run in runs for log in logs_of(run)]
    exact = tuple(log for log in logs if not platform and log.name == image)
    slugs = [each.replace("/", "-") for each in ([platform] if platform else platforms)]
    found = exact or tuple(
        log for log in logs if _is_about(log.name, image, slugs, images, whole=not platform)
    )
    if not found:
        what = f"`{image}` for `{platform}`" if platform else f"`{image}`"
        raise LogNotFoundError(what, runs[0].id, [log.name for log in logs])
    return found


def chunks_of(log: Log) -> Iterator[bytes]:
    """What stands in a log, piece by piece.

    Raises:
        RunUnreadableError: it cannot be read.
    """
    try:
        with open_regular(log.path, follow=False) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise RunUnreadableError(str(log.path), error.strerror or str(error)) from error


def _is_about(
    name: str, image: str, slugs: Sequence[str], images: Sequence[str], *, whole: bool
) -> bool:
    """Whether a log is of an image: `build-IMAGE-SLUG`, `gate-IMAGE-SLUG-2`, `gate-IMAGE-1`."""
    for each in sorted({*images, image}, key=len, reverse=True):
        ends = "|".join(map(re.escape, slugs)) or "(?!)"
        optional = "?" if whole else ""
        form = rf"(?:build|gate|smoke|after-publish)-{re.escape(each)}(?:-(?:{ends})){optional}"
        if re.fullmatch(rf"{form}(?:-[0-9]+)?", name):
            return each == image
    return False
