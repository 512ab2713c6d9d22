"""What can go wrong between a client and a server, and which requests it happens to."""

import asyncio
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Literal

from tests.support.http_relay import Pieces

Side = Literal["request", "answer"]


class CutError(Exception):
    """The connection is to end here; `hard` is with a reset, else with an ordinary end."""

    def __init__(self, *, hard: bool) -> None:
        self.hard = hard
        super().__init__("cut")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong with a body as it passes; this one leaves all as it is."""

    of: Side = "answer"

    def spoil(self, body: Pieces) -> Pieces:
        """Return what passes instead of the body."""
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Fault):
    """The connection is reset when `after` bytes of the body have passed.

    A request of which no byte may pass does not reach the server at all; a body that is shorter
    passes unharmed.
    """

    after: int
    hard: bool = True

    async def spoil(self, body: Pieces) -> Pieces:
        """Pass the first bytes, then raise."""
        left = self.after
        if not left:
            raise CutError(hard=self.hard)
        async for piece in body:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                raise CutError(hard=self.hard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Reset):
    """The connection ends in good order, but when only `after` bytes of the body have passed."""

    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupt(Fault):
    """The byte at `at` is another one."""

    at: int

    async def spoil(self, body: Pieces) -> Pieces:
        """Pass all of it, one byte changed."""
        offset = 0
        async for piece in body:
            here = self.at - offset
            offset += len(piece)
            if 0 <= here < len(piece):
                yield piece[:here] + bytes([piece[here] ^ 0xFF]) + piece[here + 1 :]
            else:
                yield piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(Fault):
    """Nothing passes for `seconds` when `after` bytes of the body have; without, never again."""

    after: int = 0
    seconds: float = math.inf

    async def spoil(self, body: Pieces) -> Pieces:
        """Pass all of it, late."""
        left = self.after
        if not left:
            await self._wait()
        async for piece in body:
            if 0 < left <= len(piece):
                yield piece[:left]
                await self._wait()
                yield piece[left:]
            else:
                yield piece
            left -= len(piece)

    async def _wait(self) -> None:
        await (asyncio.Event().wait() if math.isinf(self.seconds) else asyncio.sleep(self.seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Swallow(Fault):
    """The server does what it was asked, and its answer never arrives: the connection is reset.

    With `hangs` it is not even that: the client waits.
    """

    hangs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead(Fault):
    """The proxy answers, when it has read the request, and the server hears nothing of it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def answer(self, method: str) -> bytes:
        """Return the whole answer."""
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, '?')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        return head if method == "HEAD" else head + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What happens to which requests.

    Attributes:
        fault: What goes wrong.
        method: Of these requests; empty means any.
        path: Pattern that is searched in path and query.
        skip: How many requests of that kind pass before it happens.
        times: How often it happens then.
    """

    fault: Fault
    method: str = ""
    path: str = ""
    skip: int = 0
    times: float = 1

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is of the kind."""
        return self.method in {"", method} and re.search(self.path, path) is not None
