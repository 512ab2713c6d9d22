"""QEMU user mode, registered with the kernel so that foreign programs start like any other."""

import os
import shutil
from pathlib import Path

from tests.lab.commands import CommandFailedError, run
from tests.lab.machines import MACHINES
from tests.lab.reasons import Missing

BINFMT = Path("/proc/sys/fs/binfmt_misc")
SYSTEMD_BINFMT = Path("/usr/lib/systemd/systemd-binfmt")


def unregistered() -> list[str]:
    """Return the platforms whose programs the kernel would not hand to QEMU."""
    return [name for name, machine in MACHINES.items() if not _starts(machine.platform)]


def _starts(platform: str) -> bool:
    machine = MACHINES[platform]
    # An x86-64 kernel starts 386 programs by itself, and QEMU registers no entry for them.
    if machine.is_native or (platform == "linux/386" and MACHINES["linux/amd64"].is_native):
        return True
    entry = BINFMT / f"qemu-{machine.qemu}"
    if not entry.is_file():
        return False
    lines = entry.read_text().splitlines()
    # Flag F: the kernel holds the interpreter open, so that it works in any root filesystem.
    return "enabled" in lines and any(x.startswith("flags:") and "F" in x for x in lines)


def register() -> None:
    """Mount binfmt_misc if needed and register what qemu-user-static brings.

    Raises:
        Missing: Not root, or the kernel refused.
    """
    if not unregistered():
        return
    if os.geteuid() != 0:
        raise Missing("not root", "as root: update-binfmts --enable")
    try:
        if not (BINFMT / "register").exists():
            run("mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT)
        if shutil.which("update-binfmts"):
            run("update-binfmts", "--enable")
        elif SYSTEMD_BINFMT.exists():
            run(SYSTEMD_BINFMT)
    except CommandFailedError as error:
        raise Missing(str(error), "let this machine use binfmt_misc") from error


def interpreter(platform: str) -> str | None:
    """Return the QEMU that runs a static program of the platform by name, if it is installed."""
    return shutil.which(f"qemu-{MACHINES[platform].qemu}-static")
