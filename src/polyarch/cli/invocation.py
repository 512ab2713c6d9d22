"""One call of one verb: its surroundings, how it shows progress, and how it prints its result."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from polyarch.cli.environment import Surroundings
from polyarch.cli.progress import LiveProgress, PlainProgress, Progress, QuietProgress
from polyarch.events import Listener
from polyarch.host.ci import is_ci
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.world import World
from polyarch.runs.folder import prepare_state, state_folder

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PLAIN_WIDTH = 200
"""Columns of tables that go to a file or a pipe: nothing is cut off there."""


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
        if self.surroundings.stderr_is_terminal and not is_ci(self.surroundings.environment):
            return LiveProgress(sys.stderr, colour=self.surroundings.colour(terminal=True))
        return PlainProgress(sys.stderr)

    def world(self, listen: Listener, *, root: Path | None, now: datetime | None) -> World:
        """The world for the pipeline; this is where the clock is read."""
        state = state_folder(root, self.surroundings.state_home)
        return World(
            environment=self.surroundings.environment,
            home=self.surroundings.home,
            state=prepare_state(state),
            now=now or datetime.now(UTC),  # noqa: TID251 - the one reading of the clock
            in_ci=is_ci(self.surroundings.environment),
            listen=listen,
        )

    def emit(self, document: JsonObject, draw: "Callable[[], RenderableType | str]") -> None:
        """Print the result: the document with `--json`, else what `draw` gives."""
        if self.as_json:
            print(json.dumps(document, indent=2, ensure_ascii=False))
            return
        drawn = draw()
        if isinstance(drawn, str):
            print(drawn)
        else:
            self.console().print(drawn)

    def console(self) -> "Console":
        """A console on stdout; tables are never cut off where nobody looks at a screen."""
        from rich.console import Console

        terminal = self.surroundings.stdout_is_terminal
        return Console(
            no_color=not self.surroundings.colour(terminal=terminal),
            highlight=False,
            width=None if terminal else PLAIN_WIDTH,
            soft_wrap=False,
        )

    def hint(self, text: str) -> None:
        """Tell a person something beside the result."""
        if not self.quiet:
            print(text, file=sys.stderr)
