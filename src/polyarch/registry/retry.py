"""What is worth another try, and after how many seconds.

Trying again at once makes a rate limit worse (containerd/containerd#10447), and waiting a few
seconds at most outlasts none: what the registry asks for is waited for, or the try is given up.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

RETRYABLE = frozenset({408, 425, 499, 500, 502, 503, 504, *range(520, 525)})
"""Statuses that may go away by themselves; 429 is told apart."""

TOO_MANY_REQUESTS = HTTPStatus.TOO_MANY_REQUESTS
_RATE_LIMIT = re.compile(r"rate.?limit|too.?many.?requests|secondary rate", re.IGNORECASE)
_JITTER_AFTER_WAIT_S = 1.0
_MAX_EXPONENT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long one request is tried; times in seconds.

    `budget_s` begins with the first failure: a large blob may take longer on a slow line, and is
    not lost for it. `first_tries` is for a registry that has not answered yet: it is probably down
    or misspelt. `deadline`, on the monotonic clock, ends everything: no wait passes it.
    """

    tries: int = 8
    first_tries: int = 3
    budget_s: float = 600
    first_s: float = 0.5
    longest_s: float = 60
    deadline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and chance, so that tests need neither: `monotonic` for spans, `wall` for dates."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.SystemRandom().random


class Attempts:
    """The tries of one request: counts them and says how long to wait before the next."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._end: float | None = None
        self._failed = 0

    @property
    def left_s(self) -> float:
        """Seconds that may still be waited."""
        now = self._clock.monotonic()
        left = self._policy.budget_s if self._end is None else self._end - now
        deadline = self._policy.deadline
        return left if deadline is None else min(left, deadline - now)

    def begin(self) -> None:
        """Let the budget begin, if it has not yet."""
        if self._end is None:
            self._end = self._clock.monotonic() + self._policy.budget_s

    def wait_s(self, retry_after_s: float | None = None, *, patient: bool = True) -> float | None:
        """How long to wait after one more failure; None when it is time to give up.

        What the registry asks for is kept, never shortened; without it the wait is full jitter,
        chosen from 0 to a bound that doubles.
        """
        self.begin()
        self._failed += 1
        tries = self._policy.tries if patient else self._policy.first_tries
        if self._failed >= tries:
            return None
        chance = self._clock.random()
        if retry_after_s is not None:
            wait = retry_after_s + chance * _JITTER_AFTER_WAIT_S
        else:
            doublings = min(self._failed - 1, _MAX_EXPONENT)
            wait = chance * min(self._policy.longest_s, self._policy.first_s * 2**doublings)
        return wait if wait <= self.left_s else None


def parse_retry_after(text: str, now: float) -> float | None:
    """Read Retry-After: seconds, or an HTTP date against `now` (seconds since 1970).

    None where it is absent or unreadable; a date that has passed gives 0.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, aware.timestamp() - now)
    except (ValueError, OverflowError):
        return None


def speaks_of_rate_limit(words: str) -> bool:
    """Whether a refusal is a rate limit in disguise, as GHCR's 403 of its secondary limit is."""
    return _RATE_LIMIT.search(words) is not None
