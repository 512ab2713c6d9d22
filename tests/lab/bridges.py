"""A network bridge for a Docker Engine of its own, so that builds need no network flag."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.commands import CommandFailedError, run

PREFIX = "plab"
NETWORKS = 250


@contextmanager
def bridge(number: int) -> Iterator[str]:
    """Give the name of a new bridge, or `none` where this machine lets us make none.

    It leads nowhere (no address translation): what runs on it reaches this machine only.

    Args:
        number: Tells several bridges of one process apart.
    """
    _remove_stale()
    name = f"{PREFIX}{os.getpid():x}x{number}"
    try:
        _make(name)
    except CommandFailedError:
        yield "none"
        return
    try:
        yield name
    finally:
        run("ip", "link", "delete", name)


def _make(name: str) -> None:
    used = run("ip", "-oneline", "-4", "address")
    network = next(n for n in range(1, NETWORKS) if f"10.213.{n}.1/" not in used)
    run("ip", "link", "add", name, "type", "bridge")
    try:
        run("ip", "address", "add", f"10.213.{network}.1/24", "dev", name)
        run("ip", "link", "set", name, "up")
    except CommandFailedError:
        run("ip", "link", "delete", name)
        raise


def _remove_stale() -> None:
    """Remove the bridges of test runs that were killed."""
    try:
        links = run("ip", "-oneline", "link", "show", "type", "bridge")
    except CommandFailedError:
        return
    for name, pid in re.findall(rf": ({PREFIX}([0-9a-f]+)x\d+):", links):
        if not Path("/proc", str(int(pid, 16))).exists():
            with suppress(CommandFailedError):  # another run was quicker
                run("ip", "link", "delete", name)
