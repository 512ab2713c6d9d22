"""How long a program may go on, and how long be silent: what ends it, and why."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Self


class Limit(StrEnum):
    """Which of the two was reached."""

    TIME = "time"
    SILENCE = "silence"


class Patience:
    """Calls `stop`, once and from a thread of its own, when the time or the silence is over.

    `whole_s` counts from the start of the block, `silent_s` from the last sign of life, both in
    seconds; None is for ever. `spent` is the limit that was reached.
    """

    def __init__(
        self, stop: Callable[[], None], *, whole_s: float | None, silent_s: float | None
    ) -> None:
        self._stop = stop
        self._whole_s = whole_s
        self._silent_s = silent_s
        self._over = threading.Event()
        self._began = self._heard = 0.0
        self._thread: threading.Thread | None = None
        self.spent: Limit | None = None

    def __enter__(self) -> Self:
        self._began = self._heard = time.monotonic()
        if self._whole_s is not None or self._silent_s is not None:
            self._thread = threading.Thread(target=self._wait, name="patience", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    def heard(self) -> None:
        """There was a sign of life."""
        self._heard = time.monotonic()

    def _wait(self) -> None:
        while True:
            limit, left_s = min(self._left(), key=lambda each: each[1])
            if left_s <= 0:
                self.spent = limit
                self._stop()
                return
            if self._over.wait(left_s):
                return

    def _left(self) -> list[tuple[Limit, float]]:
        """What is left of each limit, in seconds."""
        now = time.monotonic()
        left: list[tuple[Limit, float]] = []
        if self._whole_s is not None:
            left.append((Limit.TIME, self._began + self._whole_s - now))
        if self._silent_s is not None:
            left.append((Limit.SILENCE, self._heard + self._silent_s - now))
        return left
