"""Run a program to its end, with its last words in the error when it fails."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 15


class CommandFailedError(Exception):
    """A program of the lab ended badly; `output` is all that it said."""

    def __init__(self, command: Sequence[str], status: int, output: str) -> None:
        self.command = tuple(command)
        self.status = status
        self.output = output
        last = "\n".join(output.splitlines()[-TAIL_LINES:])
        super().__init__(f"`{' '.join(self.command)}` ended with status {status}:\n{last}")


def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
) -> str:
    """Return what the program wrote to stdout.

    Args:
        command: The program and its arguments.
        env: Added to this process's environment.
        cwd: Where to run it.
        stdin: What it may read.

    Raises:
        CommandFailedError: It could not start or its exit status is not 0.
    """
    return run_bytes(*command, env=env, cwd=cwd, stdin=stdin).decode(errors="replace")


def run_bytes(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
) -> bytes:
    """Return what the program wrote to stdout, undecoded; else as `run`."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            check=False,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
    except OSError as error:
        raise CommandFailedError(words, 127, str(error)) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise CommandFailedError(words, done.returncode, said)
    return done.stdout
