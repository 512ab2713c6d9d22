"""Remove a folder in which an engine may have left something mounted."""

import shutil
from pathlib import Path

from tests.lab.commands import CommandFailedError, run

MOUNTS = Path("/proc/self/mountinfo")
MOUNT_POINT = 4


def remove_tree(folder: Path) -> None:
    """Unmount what is mounted below a folder, innermost first, and remove it with all content."""
    for mount in sorted(_mounts_below(folder), key=len, reverse=True):
        try:
            run("umount", mount)
        except CommandFailedError:
            run("umount", "--lazy", mount)
    shutil.rmtree(folder, ignore_errors=True)


def _mounts_below(folder: Path) -> list[str]:
    if not MOUNTS.exists():
        return []
    points = [line.split()[MOUNT_POINT] for line in MOUNTS.read_text().splitlines()]
    return [point for point in points if Path(point).is_relative_to(folder)]
