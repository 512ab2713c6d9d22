"""The seam to HTTP: what a transport is asked and what it answers.

A transport sends one request and follows nothing, remembers nothing, decompresses nothing and never
repeats: all of that is decided above it. Tests put their own in its place.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from polyarch.registry.body import Body

CONNECT_S = 15.0
STALL_S = 60.0
"""Seconds without a byte, in either direction, after which a connection counts as dead."""

Fields = tuple[tuple[str, str], ...]


class Headers:
    """Fields of an answer: names without case, several of one name kept in order."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of this name."""
        wanted = name.lower()
        return tuple(value.strip() for key, value in self._fields if key == wanted)

    def get(self, name: str) -> str:
        """The first value of this name, or the empty text."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; `url` is sent as it stands, never quoted again.

    `answer_s` is how many seconds may pass between the last byte sent and the first one back, and
    between any two that come back. `on_sent` hears how many bytes of the body are gone.
    """

    method: str
    url: str
    headers: Fields = ()
    body: Body | None = None
    answer_s: float = STALL_S
    on_sent: Callable[[int], None] = lambda _sent: None


class Response(Protocol):
    """An answer whose body may still be on its way; whoever got it closes it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def url(self) -> str:
        """The URL that answered."""
        ...

    @property
    def headers(self) -> Headers:
        """The header fields."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives.

        Raises:
            RegistryUnavailableError: the connection was cut before the promised end.
        """
        ...

    async def close(self) -> None:
        """Give the connection back, or drop it when its body was not read to the end."""
        ...


class Transport(Protocol):
    """Sends requests to one registry and to where that registry sends us."""

    async def send(self, request: Request) -> Response:
        """Send one request and wait for the head of its answer, whatever its status.

        Raises:
            RegistryUnavailableError: no answer came.
            TlsError: no trusted connection could be made.
            ContentError: the body could not be read at this end.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


async def read_up_to(response: Response, limit: int) -> bytes:
    """The body, at most `limit` bytes of it and what came with the last of them; then close.

    Raises:
        RegistryUnavailableError: the connection was cut.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with contextlib.aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size > limit:
                    break
    finally:
        await response.close()
    return b"".join(parts)
