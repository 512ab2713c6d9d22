"""Builds at once: a lane for each builder and one for this machine, each of its own width."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, TypeVar

from polyarch.errors import BuilderLostError
from polyarch.events import Listener, Note
from polyarch.host import process

T = TypeVar("T")

MAX_PARALLEL = 8
"""Builds at once here, whatever the number of processors: engines have limits of their own."""
PER_PROCESSOR = 2
"""A build waits for registries, and for steps that it shares with another platform's build."""
MAX_ELSEWHERE = 32
"""Builds at once on a builder whose `parallel` is not set: each has a client's process here."""


@dataclass(slots=True)
class _Lane:
    name: str
    width: int
    pool: ThreadPoolExecutor
    waiting: int = 0
    running: int = 0
    told: bool = False


class Lanes:
    """Runs work in threads. `parallel` has how many builds a builder does at once, where it says.

    What waits is told once for each builder, when a build there begins before others may.
    """

    def __init__(self, parallel: Mapping[str, int], listen: Listener) -> None:
        self._parallel = parallel
        self._listen = listen
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.RLock()
        self._lost: dict[str, BuilderLostError] = {}

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Nothing begins before all that is handed out in this block waits in its lane."""
        with self._lock:
            yield

    def submit(self, builder: str, work: Callable[[], T]) -> Future[T]:
        """Let the work run when its lane has room; `builder` is empty for this machine."""
        with self._lock:
            lane = self._lane(builder)
            lane.waiting += 1

        def begin() -> T:
            with self._lock:
                lane.waiting -= 1
                lane.running += 1
            try:
                return work()
            except BuilderLostError as error:
                # Before the thread takes the next one: nothing more is begun there.
                self._lose(error)
                raise
            finally:
                with self._lock:
                    lane.running -= 1

        return lane.pool.submit(begin)

    def begun(self, builder: str) -> None:
        """A build begins on a builder: say whom it lets wait."""
        with self._lock:
            lane = self._lanes.get(builder)
            if lane is None or not builder or lane.told:
                return
            if not lane.waiting or lane.running < lane.width:
                return
            lane.told = True
            width, waiting = lane.width, lane.waiting
        many = "one build waits" if waiting == 1 else f"{waiting} builds wait"
        self._listen(Note(text=f"builder `{builder}` does {width} at a time: {many} for it"))

    def _lose(self, error: BuilderLostError) -> None:
        with self._lock:
            self._lost.setdefault(error.engine, error)

    def lost(self, builder: str) -> BuilderLostError | None:
        """How a builder was lost, or None."""
        with self._lock:
            return self._lost.get(builder)

    @property
    def all_lost(self) -> frozenset[str]:
        """The names of all builders that are gone."""
        with self._lock:
            return frozenset(self._lost)

    def _lane(self, builder: str) -> _Lane:
        if builder not in self._lanes:
            width = self._parallel.get(builder, MAX_ELSEWHERE)
            if not builder:
                width = min(MAX_PARALLEL, PER_PROCESSOR * (os.cpu_count() or 1))
            pool = ThreadPoolExecutor(width, thread_name_prefix=f"build-{builder or 'here'}")
            self._lanes[builder] = _Lane(name=builder, width=width, pool=pool)
        return self._lanes[builder]

    def end(self) -> None:
        """Begin nothing more, end what runs, and wait until it has."""
        with self._lock:
            lanes = tuple(self._lanes.values())
        for lane in lanes:
            lane.pool.shutdown(wait=False, cancel_futures=True)
        with process.ending_all():
            for lane in lanes:
                lane.pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for lane in self._lanes.values():
            lane.pool.shutdown()
