"""One registry: each request authorised, sent, repeated while that may help, and judged."""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urljoin

from polyarch.content.shelf import Shelf
from polyarch.errors import (
    PolyarchError,
    PreconditionFailedError,
    RateLimitedError,
    RegistryUnavailableError,
)
from polyarch.events import Listener, Warned, ignore
from polyarch.net.endpoint import Endpoint
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.oci.reference import Repository
from polyarch.registry.auth import Authorizer
from polyarch.registry.call import Answer, Call
from polyarch.registry.credential import Keychain
from polyarch.registry.follow import Follower
from polyarch.registry.habits import Habits
from polyarch.registry.pace import Pace
from polyarch.registry.profile import Profile
from polyarch.registry.profiles import profile_of
from polyarch.registry.quota import Meter, Usage
from polyarch.registry.reach import same_origin
from polyarch.registry.refusal import Judge, is_general
from polyarch.registry.retry import Attempts, Clock, RetryPolicy
from polyarch.registry.scope import Scope
from polyarch.registry.transport import Request, Response, Transport, read_up_to
from polyarch.registry.wire import warnings_of

MAX_ERROR_BYTES = 64 * 1024
MAX_ANSWER_BYTES = MAX_MANIFEST_BYTES
"""Nothing else that is read whole is larger than a manifest may be."""
_UNAUTHORIZED = 401
_FORBIDDEN = 403


class Session:
    """What all repositories of one registry share. Later: mirrors."""

    def __init__(
        self,
        registry: str,
        endpoint: Endpoint,
        transport: Transport,
        *,
        keychain: Keychain,
        listen: Listener = ignore,
        policy: RetryPolicy | None = None,
        clock: Clock | None = None,
        profile: Profile | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self.registry = registry
        self.shelf = shelf
        self.profile = profile or profile_of(registry)
        self.habits = Habits(self.profile)
        self.home = endpoint.url.rstrip("/")
        self.policy = policy or RetryPolicy()
        self.clock = clock or Clock()
        self._listen = listen
        self._transport = Meter(
            transport,
            registry=registry,
            home=self.home,
            metered=self.profile.metered_reads,
            monotonic=self.clock.monotonic,
        )
        self._judge = Judge(registry, self.clock)
        self._follower = Follower(self._transport, registry, self.home, scrub=self._judge.scrub)
        self._authorizer = Authorizer(
            self._follower, self._judge, home=self.home, keychain=keychain, clock=self.clock
        )
        self._pace = Pace(registry, self.policy, self.clock)
        self._warned: set[str] = set()
        self._reached = False

    async def send(self, call: Call) -> Response:
        """Ask until there is an answer of a wanted status; whoever called closes it.

        Raises:
            RegistryError: what the registry refused, or why it could not be reached.
            PreconditionFailedError: what the call depends on did not hold any more after a wait.
        """
        attempts = self.attempts()
        while True:
            try:
                return await self._try(call, attempts)
            except (RegistryUnavailableError, RateLimitedError) as error:
                await self._wait_with(call, attempts, error)

    async def ask(self, call: Call) -> Answer:
        """As `send`, with the whole body, which may be a little more than `MAX_ANSWER_BYTES`.

        A body that was cut off is asked for again.
        """
        attempts = self.attempts()
        while True:
            response = await self.send(call)
            try:
                body = await read_up_to(response, MAX_ANSWER_BYTES)
            except RegistryUnavailableError as error:
                await self._wait_with(call, attempts, error)
                continue
            return _answer(response, body)

    async def head(self, call: Call) -> Answer:
        """As `send`, with no body."""
        response = await self.send(call)
        await response.close()
        return _answer(response, b"")

    def attempts(self) -> Attempts:
        """A new count of tries."""
        return Attempts(self.policy, self.clock)

    async def wait(
        self, attempts: Attempts, error: RegistryUnavailableError | RateLimitedError
    ) -> None:
        """Wait until another try may help.

        Raises:
            RegistryError: the given error, when it is time to give up; at once where it tells of
                another registry, from which a body is read: whoever reads there has waited.
        """
        if error.registry != self.registry:
            raise error
        patient = self._reached or error.status != 0
        delay = attempts.wait_s(error.retry_after_s, patient=patient)
        if delay is None:
            raise error
        if error.retry_after_s and self._pace.is_paused:
            # Who is told when to come back waits in the next turn, with all others.
            self._pace.check(attempts)
        else:
            await self.clock.sleep(delay)

    def seconds_for(self, size: int) -> float:
        """How long a body of `size` bytes will take on this line, generously."""
        return self._pace.seconds_for(size)

    @property
    def bytes_per_s(self) -> float:
        """How fast a large body goes."""
        return self._pace.bytes_per_s

    def withdraw(self, repository: Repository, scopes: Iterable[Scope]) -> None:
        """Stop asking for scopes that the token service does not give."""
        self._authorizer.withdraw(repository, scopes)

    def warn(self, text: str) -> None:
        """Tell something about this registry, each text once."""
        if text not in self._warned:
            self._warned.add(text)
            self._listen(Warned(text=f"{self.registry}: {text}"))

    def check_target(self, url: str, *, method: str, kind: str) -> None:
        """Refuse a URL that this registry may not send us to.

        Raises:
            UnsafeTargetError: it is one.
        """
        self._follower.check(url, method=method, kind=kind)

    def nonsense(self, answer: Answer, method: str, problem: str) -> PolyarchError:
        """The error for an answer that breaks the protocol."""
        return self._judge.nonsense(answer, method, problem)

    @property
    def usage(self) -> Usage:
        """What was asked of this registry so far, and what it said of quotas."""
        return self._transport.usage

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def _wait_with(
        self, call: Call, attempts: Attempts, error: RegistryUnavailableError | RateLimitedError
    ) -> None:
        """As `wait`, for a call that may be repeated and only while it holds."""
        if call.once:
            raise error
        await self.wait(attempts, error)
        if call.holds and not await call.holds():
            raise PreconditionFailedError(error.exchange) from error

    async def _try(self, call: Call, attempts: Attempts) -> Response:
        # What depends on a look does not wait behind it: the look is repeated, which waits itself.
        at_once = call.dispensable or call.holds is not None
        async with self._pace.turn(attempts, large=call.is_large, dispensable=at_once):
            begun = self.clock.monotonic()
            response = await self._judged(call)
        if call.body is not None and call.is_large:
            self._pace.measured(call.body.size, self.clock.monotonic() - begun)
        return response

    async def _judged(self, call: Call) -> Response:
        response = await self._authorized(call)
        if self._is_mute(call, response):
            await response.close()
            call = replace(call, method="GET")
            response = await self._authorized(call)
        self._reached = True
        for text in warnings_of(response.headers):
            self.warn(self._judge.scrub(text))
        if response.status in call.accept:
            return response
        raise await self._error(call, response)

    def _is_mute(self, call: Call, response: Response) -> bool:
        """Whether a refusal cannot say why, because the answer to HEAD has no body."""
        wanted = response.status in call.accept or is_general(response.status)
        return call.method == "HEAD" and not wanted

    async def _authorized(self, call: Call) -> Response:
        request = Request(
            method=call.method,
            url=urljoin(f"{self.home}/", call.url),
            headers=call.headers,
            body=call.body,
            answer_s=call.answer_s,
            on_sent=call.on_sent,
        )
        if not same_origin(request.url, self.home):
            return await self._follower.send(request)
        login = await self._authorizer.authorize(
            call.repository, call.scopes, min_life_s=call.min_life_s
        )
        response = await self._follower.send(request, authorization=login)
        if response.status != _UNAUTHORIZED or not same_origin(response.url, self.home):
            return response
        other = await self._another_login(call, response, refused=login)
        if other is None or call.in_place:
            return response
        # Read to its end, a short answer gives its connection back.
        with contextlib.suppress(RegistryUnavailableError):
            await read_up_to(response, MAX_ERROR_BYTES)
        return await self._follower.send(request, authorization=other)

    async def _another_login(
        self, call: Call, response: Response, *, refused: str | None
    ) -> str | None:
        try:
            return await self._authorizer.answer(call.repository, response, refused=refused)
        except BaseException:
            await response.close()
            raise

    async def _error(self, call: Call, response: Response) -> PolyarchError:
        try:
            body = await read_up_to(response, MAX_ERROR_BYTES)
        except RegistryUnavailableError:
            body = b""
        if response.status == _FORBIDDEN and not same_origin(response.url, self.home):
            # A signed URL that has expired; the registry gives another one.
            return RegistryUnavailableError(
                self._judge.exchange(_answer(response, body), call.method),
                f"its storage answered {response.status}",
            )
        credential = await self._authorizer.credential(call.repository)
        return self._judge.error(
            _answer(response, body),
            call.method,
            credential,
            repository=str(call.repository),
            explain=call.explain,
            conditional=call.is_conditional,
        )


def _answer(response: Response, body: bytes) -> Answer:
    return Answer(status=response.status, url=response.url, headers=response.headers, body=body)
