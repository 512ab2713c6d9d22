"""Events to a person's eyes: a live board on a terminal, plain lines elsewhere. All on stderr."""

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from polyarch.cli.board import Board, BuildRow, PushRow
from polyarch.cli.lines import line_of
from polyarch.cli.text import size
from polyarch.events import (
    BuildStep,
    DestinationFailed,
    Event,
    ImageChecked,
    LoggedIn,
    Note,
    Staged,
    Warned,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_REFRESHES_PER_SECOND = 8
_STATE_STYLE = {
    "done": "green",
    "reused": "green",
    "published": "green",
    "failed": "bold red",
    "building": "cyan",
    "uploading": "cyan",
    "proving": "cyan",
    "proven": "green",
}


_TIMED = {"building", "proving"}
"""States of which it is told how long they have lasted."""

_STAYS = (Note, Warned, ImageChecked, Staged, DestinationFailed)
"""Of which a line is left on a terminal."""


class Progress(Protocol):
    """A listener that owns the terminal while it is entered."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def __call__(self, event: Event) -> None:
        """Take one event, from any thread."""
        ...


class QuietProgress:
    """Shows nothing but warnings."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        """Show warnings."""
        if isinstance(event, Warned):
            print(f"warning: {event.text}", file=self._stream)


class _Echoes:
    """Engines say one step several times; logins are checked twice, and fail twice."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], str] = {}

    def has(self, event: Event) -> bool:
        """Whether this was the last that was said of the same thing."""
        match event:
            case BuildStep():
                key, text = (event.image, str(event.platform)), event.text
            case LoggedIn():
                key, text = (event.repository, "in"), ""
            case DestinationFailed():
                key, text = (event.repository, "failed"), event.reason
            case _:
                return False
        again = self._last.get(key) == text
        self._last[key] = text
        return again


class PlainProgress:
    """One line for each thing that happened; what is only movement is left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._echoes = _Echoes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        with self._lock:
            if self._echoes.has(event):
                return
            line = line_of(event)
            if line:
                print(line, file=self._stream, flush=True)


class LiveProgress:
    """A board that is redrawn in place; what is to stay when it has gone scrolls above it."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._board = Board(time.monotonic)
        self._lock = threading.Lock()
        self._echoes = _Echoes()
        self._console = console
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Bring the board up to date."""
        with self._lock:
            self._board.take(event)
            again = self._echoes.has(event)
        if isinstance(event, _STAYS) and not again:
            line = line_of(event)
            if line:
                self._console.print(line)

    def _draw(self) -> "RenderableType":
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        with self._lock:
            for build in self._board.builds.values():
                table.add_row(*_build_cells(build))
            for push in self._board.pushes.values():
                table.add_row(*_push_cells(push))
        return table


def _build_cells(row: BuildRow) -> tuple["RenderableType", ...]:
    from rich.text import Text

    counted = f"[{row.done}/{row.total}] " if row.total else ""
    elapsed = f"{time.monotonic() - row.since:.0f} s  " if row.state in _TIMED else ""
    told = f"{elapsed}{counted}{row.step}" + (f"  {row.detail}" if row.detail else "")
    state = Text(row.state, style=_STATE_STYLE.get(row.state, ""))
    return Text(row.image), Text(row.platform), state, Text(told, no_wrap=True, overflow="ellipsis")


def _push_cells(row: PushRow) -> tuple["RenderableType", ...]:
    from rich.text import Text

    sent = row.uploaded + row.in_flight
    rate = f" at {size(int(row.rate))}/s" if row.rate else ""
    parts = [f"{size(sent)} sent{rate}"] if sent else []
    if row.mounted:
        parts.append(f"{size(row.mounted)} mounted")
    if row.present:
        parts.append(f"{size(row.present)} already there")
    told = row.reason or ", ".join(parts) + (f"  {' '.join(row.tags)}" if row.tags else "")
    state = Text(row.state, style=_STATE_STYLE.get(row.state, ""))
    return Text(row.repository), Text(""), state, Text(told, no_wrap=True, overflow="ellipsis")
