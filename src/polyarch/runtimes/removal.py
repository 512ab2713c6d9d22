"""Removing a folder that a stranger's program may have filled: of any depth, with any rights."""

import contextlib
import os
import stat
from pathlib import Path

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it; links are removed and never followed. Never raises.

    Folders in folders are first moved up, so that no depth needs more than three open ones.
    """
    with contextlib.suppress(OSError):
        handle = os.open(folder, _OPEN)
        try:
            _empty(handle)
        finally:
            os.close(handle)
        folder.rmdir()


def _empty(top: int) -> None:
    count = 0
    while names := _removed_files(top):
        for name in names:
            inner = _opened(name, top)
            if inner is None:
                return
            try:
                for each in _removed_files(inner):
                    count += 1
                    os.rename(each, f".polyarch-{count}", src_dir_fd=inner, dst_dir_fd=top)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


def _removed_files(handle: int) -> list[str]:
    """The folders that are left in a folder when all else in it is gone."""
    folders: list[str] = []
    with os.scandir(handle) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if is_folder:
            folders.append(name)
        else:
            os.unlink(name, dir_fd=handle)
    return folders


def _opened(name: str, top: int) -> int | None:
    """A folder that can be emptied; None where its rights cannot be had."""
    try:
        handle = os.open(name, _OPEN, dir_fd=top)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=top)
        handle = os.open(name, _OPEN, dir_fd=top)
    if stat.S_IMODE(os.fstat(handle).st_mode) & 0o700 != 0o700:  # noqa: PLR2004 - all for the owner
        os.fchmod(handle, 0o700)
    return handle
