"""The real command line, run as a process of its own with an environment that a test makes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, str] = MappingProxyType({})
ENDS_WITHIN_S = 500
"""Longer than any build of a test: what hangs fails with its words, not by the test's own limit."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command came to."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    @property
    def error(self) -> tuple[str, ...]:
        """The lines of the first error on stderr: what, where, what next."""
        lines = self.stderr.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("error: "))
        below = [line for line in lines[start + 1 : start + 3] if line.startswith("  ")]
        return lines[start], *below

    def __str__(self) -> str:
        return f"exit {self.status}\n{self.stdout}\n{self.stderr}"


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """`polyarch` in a folder; the environment is exactly `environment`."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, more: Mapping[str, str] = NOTHING, status: int = 0) -> Answer:
        """Run a command to its end, with `more` in its environment; it must end with `status`."""
        with self.start(*words, more=more) as process:
            answer = finish(process)
        assert answer.status == status, answer
        assert "Traceback" not in answer.stderr, answer
        return answer

    def start(self, *words: str, more: Mapping[str, str] = NOTHING) -> subprocess.Popen[str]:
        """Start a command; `finish` waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "polyarch", *words],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def finish(process: subprocess.Popen[str], within_s: float = ENDS_WITHIN_S) -> Answer:
    """Wait for a command's end and take what it said."""
    try:
        stdout, stderr = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f"it did not end within {within_s} s:\n{stdout}\n{stderr}") from None
    return Answer(status=process.returncode, stdout=stdout, stderr=stderr)


def plain_environment(home: Path) -> dict[str, str]:
    """What a command needs of this machine, and nothing of whoever runs the tests.

    This interpreter comes first on PATH, because `python -m ziglang` of an example means it.
    """
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
