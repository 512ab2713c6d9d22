"""How far this machine's clock is from those of registries, by the Date of their answers.

Source: RFC 9110, 6.6.1 ("Date"); RFC 9111, 5.1 ("Age"), for answers that a cache has kept.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from polyarch.net.endpoint import Endpoint
from polyarch.registry.client import Connect
from polyarch.registry.transport import Headers, Request, Response, Transport


class ClockWatch:
    """Opens ways to registries as `connect` does, and looks at what comes back.

    `skews` are seconds by which this machine's clock is ahead, by the registry's name.
    """

    def __init__(self, connect: Connect, clock: Callable[[], datetime]) -> None:
        self.skews: dict[str, float] = {}
        self._connect = connect
        self._clock = clock

    def connect(self, registry: str, endpoint: Endpoint) -> Transport:
        """Open the way to one of them."""
        return _Watched(self._connect(registry, endpoint), self, registry)

    def look(self, registry: str, headers: Headers) -> None:
        """Compare; the smallest difference counts, because an answer may have been on its way."""
        said = date_of(headers)
        if said is None:
            return
        skew = (self._clock() - said).total_seconds()
        self.skews[registry] = min(self.skews.get(registry, skew), skew, key=abs)


class _Watched:
    def __init__(self, transport: Transport, watch: ClockWatch, registry: str) -> None:
        self._transport = transport
        self._watch = watch
        self._registry = registry

    async def send(self, request: Request) -> Response:
        """Send it on."""
        response = await self._transport.send(request)
        self._watch.look(self._registry, response.headers)
        return response

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()


def date_of(headers: Headers) -> datetime | None:
    """When the answer was made; None where that is not told, or a cache may have kept it."""
    if headers.get("Age") not in {"", "0"}:
        return None
    try:
        date = parsedate_to_datetime(headers.get("Date"))
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
