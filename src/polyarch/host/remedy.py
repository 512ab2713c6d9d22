"""One thing that can be done to a machine, told before it is done: commands, and texts for files.

Values only, so that a person can be shown exactly what would happen.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.errors import MachineRefusedError
from polyarch.host.process import run

SHORT_S = 30.0
LONG_S = 600.0
"""For what downloads something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run, within `limit_s` seconds; `variables` stand in its environment."""

    words: tuple[str, ...]
    limit_s: float = SHORT_S
    variables: tuple[tuple[str, str], ...] = ()

    def shown(self, *, sudo: bool) -> str:
        """As a person would type it."""
        words = (*(f"{name}={value}" for name, value in self.variables), *map(_quoted, self.words))
        return " ".join((*(("sudo",) if sudo else ()), *words))

    def do(self, environment: Mapping[str, str]) -> None:
        """Run it.

        Raises:
            ProgramNotFoundError, ProcessFailedError: it is absent, failed, or took too long.
        """
        surroundings = {**environment, **dict(self.variables)}
        run(self.words, environment=surroundings, timeout_s=self.limit_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A text for a file of the kernel, which takes it at once and whole."""

    path: Path
    text: str

    def shown(self, *, sudo: bool) -> str:
        """As a person would type it."""
        tee = "sudo tee" if sudo else "tee"
        return f"printf %s {shlex.quote(self.text)} | {tee} {self.path}"

    def do(self, _environment: Mapping[str, str]) -> None:
        """Write it.

        Raises:
            MachineRefusedError: the kernel does not take it.
        """
        try:
            # Not through a file of another name: the kernel listens to writes to this one.
            with self.path.open("w", encoding="ascii", newline="") as file:
                file.write(self.text)
        except OSError as error:
            raise MachineRefusedError(str(self.path), error.strerror or str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """`says` is what the steps do, for a person to read before; `needs_root`: only root may."""

    says: str
    steps: tuple[Command | Write, ...]
    needs_root: bool = True

    def shown(self, *, is_root: bool) -> str:
        """The commands that do the same by hand."""
        sudo = self.needs_root and not is_root
        return " && ".join(step.shown(sudo=sudo) for step in self.steps)

    def apply(self, environment: Mapping[str, str]) -> None:
        """Do it.

        Raises:
            PolyarchError: a step failed; those before it stay done.
        """
        for step in self.steps:
            step.do(environment)


def _quoted(word: str) -> str:
    return shlex.quote(word)
