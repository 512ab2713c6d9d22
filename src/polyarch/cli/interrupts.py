"""Ctrl-C and SIGTERM: both are heard, whatever the main thread waits for, until all is in order."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WORDS = (signal.SIGINT, signal.SIGTERM)
_NUDGE = signal.SIGURG
"""Ignored where nobody has asked for it, so it does no harm when it comes late."""

_PAUSES_S = (0.05, 0.25, 1.0)


@contextmanager
def hearing(*, lent: bool) -> Iterator[None]:
    """SIGTERM means what Ctrl-C means: leave nothing half done, then 130.

    A shell starts what a script runs with `&` deaf to SIGINT. All that we do at an end hangs on
    that signal, asyncio's tasks as well, so it is heard again.

    `lent`: this process goes on after the call, so its own handlers come back in any case.
    """
    before = {number: signal.getsignal(number) for number in (*_WORDS, _NUDGE)}
    signal.signal(signal.SIGTERM, _as_interrupt)
    if before[signal.SIGINT] is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with _nudging():
            yield
    finally:
        if lent or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)


def hear_no_more() -> None:
    """All has been left in order; an impatient person shall not turn the end into a traceback."""
    for number in _WORDS:
        signal.signal(number, signal.SIG_IGN)


def _as_interrupt(_number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)  # asyncio puts one of its own there
    if callable(handler):
        handler(signal.SIGINT, frame)


@contextmanager
def _nudging() -> Iterator[None]:
    """Wake the main thread after each signal, so that it looks at what has come.

    Python's handlers run in the main thread, and only when it next runs any code. A signal that
    comes between its last look and the system call that it then waits in is noted and not heard
    until that wait is over, which may be never. Seen once in about a hundred Ctrl-C where other
    threads were at work.
    """
    signal.signal(_NUDGE, _awake)
    heard, written = os.pipe()
    os.set_blocking(written, False)
    before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    watcher = threading.Thread(
        target=_nudge, args=(heard, threading.get_ident()), name="nudge", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(written)


def _nudge(heard: int, thread: int) -> None:
    with open(heard, "rb", buffering=0) as numbers:
        while came := numbers.read(64):
            if set(came) == {_NUDGE}:
                continue
            for pause in _PAUSES_S:
                time.sleep(pause)
                signal.pthread_kill(thread, _NUDGE)


def _awake(_number: int, _frame: FrameType | None) -> None:
    """To be interrupted is all."""
