"""What the process was started with: the environment, folders and terminals, read once."""

import os
import pwd
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything that differs between one start and another, as values."""

    environment: Mapping[str, str]
    folder: Path
    home: Path
    stdout_is_terminal: bool
    stderr_is_terminal: bool

    @classmethod
    def read(cls) -> Self:
        """Read this process's."""
        return cls(
            environment=dict(os.environ),
            folder=Path.cwd(),
            home=Path.home(),
            stdout_is_terminal=sys.stdout.isatty(),
            stderr_is_terminal=sys.stderr.isatty(),
        )

    @property
    def user(self) -> str:
        """What this machine calls who started the process; empty where it has no name for that."""
        told = self.environment.get("LOGNAME") or self.environment.get("USER")
        if told:
            return told
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # a container may run as a number that nobody has
            return ""

    @property
    def state_home(self) -> Path:
        """Where state goes outside a project (XDG base directory specification)."""
        told = self.environment.get("XDG_STATE_HOME", "")
        return Path(told) if Path(told).is_absolute() else self.home / ".local" / "state"

    def colour(self, *, terminal: bool) -> bool:
        """Whether to write colours: NO_COLOR (no-color.org), FORCE_COLOR, else the terminal."""
        if self.environment.get("NO_COLOR"):
            return False
        return bool(self.environment.get("FORCE_COLOR")) or (
            terminal and self.environment.get("TERM") != "dumb"
        )
