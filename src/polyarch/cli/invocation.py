"""One call of one verb: its surroundings, how it shows progress, and how it prints its result."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from polyarch.cli.documents import print_document
from polyarch.cli.environment import Surroundings
from polyarch.cli.progress import LiveProgress, PlainProgress, Progress, QuietProgress
from polyarch.events import Listener
from polyarch.host.ci import is_ci
from polyarch.host.mask import Mask, secrets_in
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.world import World
from polyarch.runs.folder import state_folder

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


LOGINS = "POLYARCH_LOGINS"
"""`optional`: a login that the config names may be absent, as in jobs that only build."""


def read_clock() -> datetime:
    """The time; nothing else in polyarch asks for it."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What every verb needs of the outside."""

    surroundings: Surroundings
    as_json: bool = False
    quiet: bool = False

    def progress(self) -> Progress:
        """A listener for stderr: a live board on a terminal, plain lines elsewhere."""
        if self.quiet:
            return QuietProgress(sys.stderr)
        if self._is_watched:
            return LiveProgress(self._console(sys.stderr, terminal=True))
        return PlainProgress(sys.stderr)

    @property
    def _is_watched(self) -> bool:
        """Whether a person looks on, at a terminal on which lines can be drawn anew."""
        environment = self.surroundings.environment
        able = self.surroundings.stderr_is_terminal and environment.get("TERM") != "dumb"
        return able and not is_ci(environment)

    def world(self, listen: Listener, *, root: Path | None, now: datetime | None) -> World:
        """The world for the pipeline; this is where the clock is read."""
        return World(
            environment=self.surroundings.environment,
            home=self.surroundings.home,
            state=state_folder(root, self.surroundings.state_home),
            now=now or read_clock(),
            clock=read_clock,
            in_ci=is_ci(self.surroundings.environment),
            logins_optional=self.surroundings.environment.get(LOGINS) == "optional",
            listen=listen,
            mask=Mask(secrets_in(self.surroundings.environment)),
        )

    def emit(self, document: JsonObject, draw: "Callable[[], RenderableType | str]") -> None:
        """Print the result: the document with `--json`, else what `draw` gives."""
        if self.as_json:
            print_document(document)
            return
        drawn = draw()
        if drawn == "":
            return
        if isinstance(drawn, str):
            print(drawn)
        else:
            self._console(sys.stdout, terminal=self.surroundings.stdout_is_terminal).print(drawn)

    def draw(self, draw: "Callable[[], RenderableType]") -> None:
        """Show a person something beside the result, as a table."""
        if not self.quiet:
            terminal = self.surroundings.stderr_is_terminal
            self._console(sys.stderr, terminal=terminal).print(draw())

    def complain(self, text: str) -> None:
        """Tell what went wrong with a part of the work."""
        print(text, file=sys.stderr)

    def _console(self, stream: TextIO, *, terminal: bool) -> "Console":
        from polyarch.cli.console import make_console

        return make_console(
            stream,
            terminal=terminal,
            colour=self.surroundings.colour(terminal=terminal),
            environment=self.surroundings.environment,
        )

    def hint(self, text: str) -> None:
        """Tell a person something beside the result."""
        if not self.quiet:
            print(text, file=sys.stderr)
