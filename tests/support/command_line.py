"""The real command line, run as a process of its own with an environment that a test makes."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

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
    def error(self) -> tuple[str, str, str]:
        """The first error on stderr: what (its lines joined), where, what next."""
        lines = self.stderr.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("error: "))
        where = next(i for i in range(start, len(lines)) if lines[i].startswith("  where: "))
        return "\n".join(lines[start:where]), lines[where], lines[where + 1]

    def __str__(self) -> str:
        return f"exit {self.status}\n{self.stdout}\n{self.stderr}"


class Running:
    """A command that runs; what it says is collected as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, said), daemon=True)
            for stream, said in (
                (process.stdout, self._said["stdout"]),
                (process.stderr, self._said["stderr"]),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], said: list[str]) -> None:
        for line in stream:
            with self._news:
                said.append(line)
                self._news.notify_all()

    def wait_for(self, text: str, within_s: float = ENDS_WITHIN_S) -> None:
        """Wait until a line of either stream has `text`."""

        def is_there() -> bool:
            return any(text in line for lines in self._said.values() for line in lines)

        deadline = time.monotonic() + within_s
        with self._news:
            while not is_there():
                ended = self.process.poll() is not None
                assert not ended, f"it ended before it said {text!r}:\n{self.finish()}"
                assert time.monotonic() < deadline, f"it never said {text!r}:\n{self._said}"
                self._news.wait(timeout=0.2)

    def lines(self, count: int) -> list[str]:
        """The first lines of stdout, waited for."""
        with self._news:
            self._news.wait_for(lambda: len(self._said["stdout"]) >= count, ENDS_WITHIN_S)
            return self._said["stdout"][:count]

    def finish(self, within_s: float = ENDS_WITHIN_S) -> Answer:
        """Wait for its end and give what it said."""
        try:
            status = self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            said = f"{self._said['stdout']}\n{self._said['stderr']}"
            raise AssertionError(f"it did not end within {within_s} s:\n{said}") from None
        for reader in self._readers:
            reader.join(timeout=within_s)
        return Answer(
            status=status,
            stdout="".join(self._said["stdout"]),
            stderr="".join(self._said["stderr"]),
        )


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """`polyarch` in a folder; the environment is exactly `environment`."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, more: Mapping[str, str] = NOTHING, status: int = 0) -> Answer:
        """Run a command to its end, with `more` in its environment; it must end with `status`."""
        with self.running(*words, more=more) as command:
            answer = command.finish()
        assert answer.status == status, answer
        assert "Traceback" not in answer.stderr, answer
        return answer

    @contextmanager
    def running(self, *words: str, more: Mapping[str, str] = NOTHING) -> Iterator[Running]:
        """Start a command, which is killed at the end if it still runs."""
        with subprocess.Popen(
            [sys.executable, "-m", "polyarch", *words],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield Running(process)
            finally:
                if process.poll() is None:
                    process.kill()


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
