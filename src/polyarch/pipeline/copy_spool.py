"""A folder for what a copy fetches on its way; it vanishes with the run, also after a kill."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from polyarch.content.files import locked
from polyarch.errors import StorageError

_LOCK = ".lock"


@contextmanager
def spool(state: Path, run: str) -> Iterator[Path]:
    """A new folder for one run; those of runs that were killed are removed first.

    Raises:
        StorageError: it cannot be made.
    """
    folder = state / "spool" / run
    with locked(folder.parent / _LOCK):  # nobody sweeps what is not locked yet
        handle = _made(folder)
        _sweep(folder)
    try:
        yield folder
    finally:
        os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> int:
    try:
        folder.mkdir(parents=True)
        handle = os.open(folder / _LOCK, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(str(folder), error.strerror or str(error)) from error
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _sweep(own: Path) -> None:
    """Remove folders whose run has ended: nobody holds their lock."""
    for folder in own.parent.iterdir():
        if folder == own:
            continue
        with suppress(OSError):
            handle = os.open(folder / _LOCK, os.O_WRONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
