"""A list of emulators of one's own: nobody else's programs see what a test does to it.

Linux 6.7 gave every user namespace its own binfmt_misc.
"""

import os
import subprocess
import sys
from pathlib import Path

PLACE = "/proc/sys/fs/binfmt_misc"
_EMPTY = 'mount -t binfmt_misc binfmt_misc "$0" && exec "$@"'
_ABSENT = 'umount "$0"; exec unshare --user --map-root-user --mount "$@"'


def inside(*words: str, mounted: bool = True, path: str | None = None) -> str:
    """What a program prints that sees an empty list, or none at all where it is not `mounted`."""
    kinds = ("--user", "--map-root-user", "--mount") if mounted else ("--mount",)
    script = _EMPTY if mounted else _ABSENT
    done = subprocess.run(
        ["unshare", *kinds, "sh", "-c", script, PLACE, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PATH": path or os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(module: str, *words: str, mounted: bool = True, first: str = "") -> str:
    """The same for a module; `first` is a shell script that lays the ground."""
    run = f'{first or ":"}; exec "$0" -m "$@"'
    return inside("sh", "-c", run, sys.executable, module, *words, mounted=mounted)


def why_not() -> str:
    """Why a machine has no such lists; empty where it has."""
    try:
        found = inside("ls", PLACE)
    except (AssertionError, OSError) as error:
        return f"no binfmt_misc of one's own here: {error}"
    return "" if found.split() == ["register", "status"] else "binfmt_misc is the machine's own"
