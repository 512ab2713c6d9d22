"""What a run has asked of a registry, and what it may still ask.

Sources: the headers `RateLimit-Limit`, `RateLimit-Remaining` (`100;w=21600`) and
`Docker-RateLimit-Source` of Docker Hub, docs.docker.com "Docker Hub pull usage and limits".
"""

import contextlib
import re
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

from polyarch.registry.reach import same_origin
from polyarch.registry.transport import Headers, Request, Response, Transport

_QUOTA = re.compile(r"\s*(\d{1,12})\s*(?:;\s*w\s*=\s*(\d{1,9})\s*)?", re.ASCII)
_SOURCE = re.compile(r"[A-Za-z0-9.:_-]{1,80}")
_MANIFEST = re.compile(r"/v2/.+/manifests/")
_QUICK = 64 * 1024
"""A request with a longer body says nothing of the round trip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A number of requests, within a window of seconds where one is told."""

    count: int
    window_s: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `100;w=21600` or `100`; None where it is neither."""
        match = _QUOTA.fullmatch(text)
        if match is None:
            return None
        return cls(count=int(match[1]), window_s=int(match[2]) if match[2] else None)

    def __str__(self) -> str:
        return str(self.count) if self.window_s is None else f"{self.count};w={self.window_s}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of one registry, in one run.

    `requests` counts all, those to its token service and storage too; `metered` those that count
    against a quota. `sent` and `received` are bytes of bodies. `remaining`, `limit` and `window_s`
    are what the registry told last; `counted_for` for whom it counts. `round_trip_s` is the
    shortest time between a request and its answer.
    """

    registry: str
    requests: int = 0
    metered: int = 0
    sent: int = 0
    received: int = 0
    remaining: int | None = None
    limit: int | None = None
    window_s: int | None = None
    counted_for: str = ""
    round_trip_s: float | None = None


def summed(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """One for each registry: counts added, and of what registries told the last word."""
    found: dict[str, Usage] = {}
    for each in usages:
        known = found.get(each.registry)
        if known is None:
            found[each.registry] = each
            continue
        later = each if each.remaining is not None else known
        found[each.registry] = replace(
            later,
            requests=known.requests + each.requests,
            metered=known.metered + each.metered,
            sent=known.sent + each.sent,
            received=known.received + each.received,
        )
    return tuple(found.values())


class Meter:
    """A transport that counts what goes through another one.

    `home` is the registry's base URL; `metered`: whether it counts GETs of manifests.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        registry: str,
        home: str,
        metered: bool,
        monotonic: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._home = home
        self._metered = metered
        self._monotonic = monotonic
        self.usage = Usage(registry=registry)

    async def send(self, request: Request) -> Response:
        """Send one request, and count it."""
        at_home = same_origin(request.url, self._home)
        metered = self._metered and at_home and _reads_manifest(request)
        self._add(requests=1, metered=int(metered))
        begun = self._monotonic()
        response = await self._transport.send(self._counting(request))
        if request.body is None or request.body.size <= _QUICK:
            self._note_round_trip(self._monotonic() - begun)
        if at_home:
            self._note_quota(response.headers)
        return _CountedResponse(response, self._received)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    def _counting(self, request: Request) -> Request:
        if request.body is None:
            return request
        before = 0

        def on_sent(sent: int) -> None:
            nonlocal before
            self._add(sent=sent - before)
            before = sent
            request.on_sent(sent)

        return replace(request, on_sent=on_sent)

    def _received(self, count: int) -> None:
        self._add(received=count)

    def _add(
        self, *, requests: int = 0, metered: int = 0, sent: int = 0, received: int = 0
    ) -> None:
        usage = self.usage
        self.usage = replace(
            usage,
            requests=usage.requests + requests,
            metered=usage.metered + metered,
            sent=usage.sent + sent,
            received=usage.received + received,
        )

    def _note_round_trip(self, seconds: float) -> None:
        known = self.usage.round_trip_s
        if known is None or seconds < known:
            self.usage = replace(self.usage, round_trip_s=seconds)

    def _note_quota(self, headers: Headers) -> None:
        limit = Quota.parse(headers.get("RateLimit-Limit"))
        remaining = Quota.parse(headers.get("RateLimit-Remaining"))
        source = headers.get("Docker-RateLimit-Source")
        if limit is not None:
            self.usage = replace(self.usage, limit=limit.count, window_s=limit.window_s)
        if remaining is not None:
            window_s = remaining.window_s or self.usage.window_s
            self.usage = replace(self.usage, remaining=remaining.count, window_s=window_s)
        if _SOURCE.fullmatch(source):
            self.usage = replace(self.usage, counted_for=source)


class _CountedResponse:
    """An answer whose bytes are counted as they arrive."""

    def __init__(self, response: Response, count: Callable[[int], None]) -> None:
        self._response = response
        self._count = count
        self.status = response.status
        self.url = response.url
        self.headers = response.headers

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives."""
        async with contextlib.aclosing(self._response.chunks()) as chunks:
            async for chunk in chunks:
                self._count(len(chunk))
                yield chunk

    async def close(self) -> None:
        """Give the connection back, or drop it."""
        await self._response.close()


def _reads_manifest(request: Request) -> bool:
    return request.method == "GET" and _MANIFEST.match(urlsplit(request.url).path) is not None
