"""Whether a run still goes on: its process holds the folder, and whatever ends it lets go.

It is a lock of the system's (flock), so no number of a process that is another by now can mislead.
"""

import fcntl
import os
from pathlib import Path

from polyarch.errors import StorageError


class Held:
    """A run's folder, held by its own process until `release`."""

    def __init__(self, folder: Path) -> None:
        """Hold it.

        Raises:
            StorageError: there is no such folder, or its disk knows no locks.
        """
        try:
            self._handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StorageError(str(folder), error.strerror or str(error)) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        except OSError as error:
            os.close(self._handle)
            raise StorageError(str(folder), error.strerror or str(error)) from error

    def release(self) -> None:
        """Let go; the end of the process does so too."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def is_alive(folder: Path) -> bool:
    """Whether some process holds the folder; also where that cannot be found out."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        handle = os.open(folder, flags)
    except OSError:
        return False
    try:
        # Shared, so that two who ask do not take each other for the run.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
