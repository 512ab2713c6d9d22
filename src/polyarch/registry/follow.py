"""Following redirects with care: no login leaves its origin, TLS is never left.

Source: distribution-spec v1.1 "API" (credentials and redirects); storage behind registries refuses
requests that carry two logins (open-policy-agent/opa#6580).
"""

from collections.abc import Callable
from dataclasses import replace

from polyarch.errors import Exchange, UnexpectedAnswerError, UnsafeTargetError
from polyarch.registry.reach import same_origin, why_unsafe
from polyarch.registry.redact import redact_url
from polyarch.registry.transport import Request, Response, Transport
from polyarch.registry.wire import absolute

MAX_REDIRECTS = 5
_ANY_METHOD = frozenset({307, 308})
_READS_ONLY = frozenset({301, 302, 303})
_READS = frozenset({"GET", "HEAD"})


class Follower:
    """Sends requests for one registry, whose base URL is `home`.

    `scrub` takes known secrets out of a text: a registry may send us to what it was sent.
    """

    def __init__(
        self,
        transport: Transport,
        registry: str,
        home: str,
        *,
        scrub: Callable[[str], str] = str,
    ) -> None:
        self._transport = transport
        self._registry = registry
        self._home = home
        self._scrub = scrub

    async def send(
        self, request: Request, *, authorization: str | None = None, kind: str = "a redirect"
    ) -> Response:
        """Send a request where it says and where the answers send it on.

        `authorization` goes to the origin of `request.url` alone.

        Raises:
            UnsafeTargetError: a redirect to where it must not go.
            UnexpectedAnswerError: too many redirects, or one that cannot be followed.
            RegistryUnavailableError, TlsError, ContentError: as the transport has it.
        """
        current = request
        login = authorization
        for _ in range(MAX_REDIRECTS + 1):
            fields = (("Authorization", login),) if login else ()
            response = await self._transport.send(
                replace(current, headers=(*current.headers, *fields))
            )
            if not _is_redirect(response, current.method):
                return response
            target = await self._target(response, current, kind)
            if not same_origin(target, current.url):
                login = None
            current = replace(current, url=target)
        raise UnexpectedAnswerError(self.exchange(request), "it redirects in a circle")

    def check(self, target: str, *, method: str, kind: str) -> None:
        """Refuse a place that this registry may not send us to.

        Raises:
            UnsafeTargetError: it is one.
        """
        if reason := why_unsafe(self._home, target):
            url = self._told(target)
            exchange = Exchange(registry=self._registry, method=method, url=url)
            raise UnsafeTargetError(exchange, kind, url, reason)

    def exchange(self, request: Request, status: int = 0) -> Exchange:
        """This request as messages tell it."""
        url = self._told(request.url)
        return Exchange(registry=self._registry, method=request.method, url=url, status=status)

    def _told(self, url: str) -> str:
        return self._scrub(redact_url(url))

    async def _target(self, response: Response, request: Request, kind: str) -> str:
        location = response.headers.get("Location")
        await response.close()
        exchange = self.exchange(request, response.status)
        if not location:
            raise UnexpectedAnswerError(exchange, "a redirect to nowhere")
        target = absolute(request.url, location)
        reason = why_unsafe(self._home, target) or why_unsafe(request.url, target)
        if reason:
            raise UnsafeTargetError(exchange, kind, self._told(target), reason)
        if _carries_login(request) and not same_origin(target, request.url):
            reason = "the login would go to another host"
            raise UnsafeTargetError(exchange, kind, self._told(target), reason)
        return target


def _is_redirect(response: Response, method: str) -> bool:
    if response.status in _ANY_METHOD:
        return True
    # Others turn a write into a read for most clients: such an answer is left to be told.
    return response.status in _READS_ONLY and method in _READS


def _carries_login(request: Request) -> bool:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    return request.body is not None and form in request.headers
