"""Folders for an engine's data, in which it may leave something mounted."""

import re
import shutil
from contextlib import suppress
from pathlib import Path

from tests.lab.commands import CommandFailedError, run

MOUNTS = Path("/proc/self/mountinfo")
MEMORY = Path("/proc/meminfo")
MOUNT_POINT = 4
PLENTY = 12 << 30
"""Bytes of free memory from which engines keep their data there; two of them come to half of it."""


def keep_in_memory(folder: Path) -> None:
    """Let an empty folder be of memory where this machine has plenty of it.

    Engines unpack some gigabytes of small files that nobody will need again, and it takes a disk
    longer to forget them than it took to write them.
    """
    memory = _free_memory()
    if memory < PLENTY:
        return
    options = f"mode=0700,size={memory * 3 // 4}"
    with suppress(CommandFailedError):  # nobody but root may
        run("mount", "-t", "tmpfs", "-o", options, "polyarch-lab", folder)


def _free_memory() -> int:
    """Bytes that programs could have, of what caches hold as well; 0 where nobody says."""
    if not MEMORY.exists():
        return 0
    found = re.search(r"^MemAvailable: +(\d+) kB$", MEMORY.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


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
