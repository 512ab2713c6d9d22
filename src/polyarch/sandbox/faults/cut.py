"""Bodies that are not read to their end: too long, or cut off in the middle.

What was read is kept, as when a connection breaks; `dispatch` then sends `Cut.answer`.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from polyarch.sandbox.faults.seen import Seen
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import (
    HANG_UP,
    LOGIN_AGAIN,
    SILENCE,
    Answer,
    Body,
    Call,
    refusal,
)


class Cut:
    """A body that ends as a broken connection does when it is longer than `limit` bytes.

    `decide` is asked at that point; None lets the rest pass.
    """

    def __init__(self, body: Body, limit: int, decide: Callable[[], Answer | None]) -> None:
        self._body = body
        self._limit = limit
        self._decide = decide
        self._answer: Answer | None = None

    @property
    def answer(self) -> Answer | None:
        """What the client is told when it was cut; None: it was not."""
        inner = self._body.answer if isinstance(self._body, Cut) else None
        return self._answer or inner

    async def blocks(self) -> AsyncIterator[bytes]:
        """What arrives, up to the limit.

        Raises:
            ConnectionAbortedError: it was cut.
        """
        left: int | None = self._limit
        async for block in self._body.blocks():
            if left is None or len(block) <= left:
                yield block
                left = None if left is None else left - len(block)
                continue
            yield block[:left]
            self._answer = self._decide()
            if self._answer:
                raise ConnectionAbortedError
            yield block[left:]
            left = None


async def capped(quirks: Quirks, call: Call, _seen: Seen) -> Answer | Call | None:
    """413 above a cap, as proxies in front of registries have it (apple/container#698)."""
    cap = quirks.max_body
    if cap is None:
        return None
    too_large = refusal("SIZE_INVALID", "request entity too large", status=413)
    if int(call.headers.get("Content-Length", "0")) > cap:
        return too_large
    return replace(call, body=Cut(call.body, cap, lambda: too_large))


async def cut_short(quirks: Quirks, call: Call, seen: Seen) -> Call | None:
    """The end in the middle of an upload: 401, a closed connection, or silence."""
    wanted = (
        ("cut 401", quirks.cut_401, LOGIN_AGAIN),
        ("cut dropped", quirks.cut_dropped, HANG_UP),
        ("cut stalled", quirks.cut_stalled, SILENCE),
    )
    if call.target.kind is not Kind.UPLOAD or not any(times for _, times, _ in wanted):
        return None

    def decide() -> Answer | None:
        due = (
            answer
            for key, times, answer in wanted
            if seen.among_first(times, f"{key} {call.repository}")
        )
        return next(due, None)

    return replace(call, body=Cut(call.body, quirks.cut_after, decide))
