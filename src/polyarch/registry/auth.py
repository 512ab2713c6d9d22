"""Which Authorization a request carries, and what a 401 teaches.

Tokens are kept per repository of the registry, with a set of scopes that only grows; one fetch is
in flight per repository, whoever else needs the token waits for it and shares what comes of it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace

from polyarch.errors import PolyarchError
from polyarch.oci.reference import Repository
from polyarch.registry.call import Answer
from polyarch.registry.challenge import BASIC, Challenge, choose, parse_challenges
from polyarch.registry.credential import Credential, Keychain
from polyarch.registry.follow import Follower
from polyarch.registry.reach import same_origin
from polyarch.registry.refusal import Judge, is_general
from polyarch.registry.retry import Clock
from polyarch.registry.scope import Scope, Scopes
from polyarch.registry.token import Token, TokenQuestion, ask_token, parse_token
from polyarch.registry.transport import Request, Response, read_up_to

MAX_TOKEN_BYTES = 1024 * 1024
_OK = 200
_UNAUTHORIZED = 401


class _OneAtATime:
    """A lock for questions: who waited while one failed has its answer, and does not ask again.

    Forty uploads with a wrong password are one refused login, and not the end of the account.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._failures = 0
        self._failure: PolyarchError | None = None

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn.

        Raises:
            PolyarchError: what somebody else was told meanwhile.
        """
        known = self._failures
        async with self._lock:
            if self._failure is not None and self._failures != known:
                raise self._failure
            try:
                yield
            except PolyarchError as error:
                self._failures += 1
                self._failure = error
                raise


@dataclass(slots=True)
class _Grant:
    """What is known for one repository; `token`, where there is one, was asked for `scopes`."""

    scopes: Scopes = field(default_factory=Scopes)
    token: Token | None = None
    credential: Credential | None = None
    asking: _OneAtATime = field(default_factory=_OneAtATime)


class Authorizer:
    """Logs in to one registry, whose base URL is `home`."""

    def __init__(
        self, follower: Follower, judge: Judge, *, home: str, keychain: Keychain, clock: Clock
    ) -> None:
        self._follower = follower
        self._judge = judge
        self._ping_url = f"{home}/v2/"
        self._keychain = keychain
        self._clock = clock
        self._grants: dict[str, _Grant] = {}
        self._learning = _OneAtATime()
        self._learnt = False
        self._challenge: Challenge | None = None
        self._challenged_by = self._ping_url

    async def credential(self, repository: Repository) -> Credential:
        """The login for a repository, looked up once.

        Raises:
            ConfigError: a source that the user named gives nothing.
        """
        grant = self._grant(repository)
        if grant.credential is None:
            async with grant.asking.turn():
                await self._look_up(grant, repository)
        return grant.credential or Credential(source="none")

    async def authorize(
        self, repository: Repository, scopes: Iterable[Scope], *, min_life_s: float = 0
    ) -> str | None:
        """The Authorization header for a request that needs these scopes, or None for none.

        Raises:
            RegistryError: the login was refused, or registry or token service are out of reach.
        """
        credential = await self.credential(repository)
        if credential.is_anonymous and not self._learnt:
            # Nothing to log in with: a registry that wants something all the same says so.
            return None
        await self._learn()
        if self._challenge is None:
            return None
        if credential.registry_token:
            return f"Bearer {credential.registry_token}"
        if self._challenge.scheme == BASIC:
            return credential.basic
        needed = tuple(scopes)
        grant = self._grant(repository)
        async with grant.asking.turn():
            lives = grant.token and grant.token.lives(self._clock.monotonic(), min_life_s)
            if not lives or not grant.scopes.cover(needed):
                await self._fetch(grant, repository, grant.scopes.first(needed))
            return f"Bearer {grant.token.text}" if grant.token else None

    async def answer(
        self, repository: Repository, response: Response, *, refused: str | None
    ) -> str | None:
        """Another Authorization after a 401 of `response`; None where there is no other.

        Raises:
            RegistryError: the login was refused, or the token service is out of reach.
        """
        challenge = choose(parse_challenges(response.headers.all("WWW-Authenticate")))
        if challenge:
            self._challenge, self._challenged_by = challenge, response.url
            self._learnt = True
        # A 401 without a challenge leaves what the ping said (seen at gcr.io).
        await self._learn()
        credential = await self.credential(repository)
        if self._challenge is None or credential.registry_token:
            return None
        if self._challenge.scheme == BASIC:
            return credential.basic if credential.basic != refused else None
        demanded = Scopes.parse(challenge.scope if challenge else "")
        grant = self._grant(repository)
        async with grant.asking.turn():
            known = f"Bearer {grant.token.text}" if grant.token else None
            # Somebody else has renewed the token while this request was under way.
            if known is None or known == refused or not grant.scopes.cover(demanded):
                await self._fetch(grant, repository, grant.scopes.first(demanded))
            return f"Bearer {grant.token.text}" if grant.token else None

    def withdraw(self, repository: Repository, scopes: Iterable[Scope]) -> None:
        """Ask for these no more: a token service may refuse all because of one."""
        grant = self._grant(repository)
        grant.scopes = grant.scopes.without(scopes)
        grant.token = None

    def _grant(self, repository: Repository) -> _Grant:
        return self._grants.setdefault(repository.path, _Grant())

    async def _look_up(self, grant: _Grant, repository: Repository) -> None:
        if grant.credential is None:
            grant.credential = await asyncio.to_thread(self._keychain.lookup, repository)
            self._judge.keep_secret(*grant.credential.secrets)

    async def _learn(self) -> None:
        """Ask the registry once how it wants to be logged in to, before anything is asked of it."""
        async with self._learning.turn():
            if self._learnt:
                return
            request = Request(method="GET", url=self._ping_url)
            response = await self._follower.send(request)
            body = await read_up_to(response, MAX_TOKEN_BYTES)
            if response.status != _UNAUTHORIZED and is_general(response.status):
                answer = Answer(
                    status=response.status, url=response.url, headers=response.headers, body=body
                )
                raise self._judge.error(answer, "GET", Credential(source="not asked for yet"))
            # Where a redirect has led somewhere else, that does not say where logins go.
            if same_origin(response.url, self._ping_url):
                self._challenge = choose(parse_challenges(response.headers.all("WWW-Authenticate")))
                self._challenged_by = response.url
            self._learnt = True

    async def _fetch(self, grant: _Grant, repository: Repository, scopes: Scopes) -> None:
        credential = grant.credential or Credential(source="none")
        if self._challenge is None:
            return
        question = TokenQuestion.of(self._challenge, self._challenged_by, scopes, credential)
        self._follower.check(question.realm, method="GET", kind="its token service")
        answer = await ask_token(self._send, question)
        if answer.status != _OK:
            raise self._judge.error(answer, "GET", credential, repository=str(repository))
        now, wall = self._clock.monotonic(), self._clock.wall()
        token = parse_token(answer.body, monotonic=now, wall=wall)
        if token is None:
            # What it gives may be most of one: none of it is told.
            untold = replace(answer, body=b"")
            raise self._judge.nonsense(untold, "GET", "the token service gives no token")
        self._judge.keep_secret(token.text)
        grant.token, grant.scopes = token, scopes

    async def _send(self, request: Request, *, authorization: str | None = None) -> Answer:
        response = await self._follower.send(
            request, authorization=authorization, kind="its token service"
        )
        body = await read_up_to(response, MAX_TOKEN_BYTES)
        return Answer(status=response.status, url=response.url, headers=response.headers, body=body)
