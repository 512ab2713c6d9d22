"""The registries that a run talks to: one session each, opened when first needed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Self

from polyarch.content.shelf import Shelf
from polyarch.events import Listener, ignore
from polyarch.net.endpoint import Endpoint
from polyarch.net.proxy import ProxyRules
from polyarch.oci.reference import DOCKER_HUB, Repository
from polyarch.registry.credential import NO_KEYCHAIN, Keychain
from polyarch.registry.profile import Profile
from polyarch.registry.quota import Usage
from polyarch.registry.repository import RemoteRepository
from polyarch.registry.retry import Clock, RetryPolicy
from polyarch.registry.session import Session
from polyarch.registry.transport import Transport

DOCKER_HUB_API = "registry-1.docker.io"
Connect = Callable[[str, Endpoint], Transport]
"""Opens the way to a registry, given its name and its endpoint."""


class RegistryClient:
    """Use it as an async context manager, in one event loop; leaving closes all connections.

    `endpoints` are by registry host as it stands in references; others are reached by TLS, or by
    plain HTTP on loopback. `profiles`, by host too, say of which kind a registry is where its host
    does not; `shelf` keeps manifests that were read. `keychain` is asked in threads. `listen` hears
    warnings only: progress is the caller's to report.
    """

    def __init__(
        self,
        *,
        keychain: Keychain = NO_KEYCHAIN,
        endpoints: Mapping[str, Endpoint] = MappingProxyType({}),
        proxies: ProxyRules | None = None,
        listen: Listener = ignore,
        policy: RetryPolicy | None = None,
        clock: Clock | None = None,
        connect: Connect | None = None,
        profiles: Mapping[str, Profile] = MappingProxyType({}),
        shelf: Shelf | None = None,
    ) -> None:
        self._keychain = keychain
        self._endpoints = endpoints
        self._listen = listen
        self._policy = policy
        self._clock = clock
        self._profiles = profiles
        self._shelf = shelf
        self._connect = connect or connect_by_aiohttp(proxies or ProxyRules())
        self._sessions: dict[str, Session] = {}
        self._repositories: dict[Repository, RemoteRepository] = {}
        self._spent: tuple[Usage, ...] = ()

    def repository(self, repository: Repository) -> RemoteRepository:
        """A repository of any registry; nothing is sent yet. The same each time."""
        known = self._repositories.get(repository)
        if known is None:
            known = RemoteRepository(self._session(repository.registry), repository)
            self._repositories[repository] = known
        return known

    def anonymous(self, *, patience_s: float) -> "RegistryClient":
        """A client of its own for the same registries, with no login at all.

        It waits at most `patience_s` seconds for a registry in trouble.
        """
        policy = self._policy or RetryPolicy()
        return RegistryClient(
            endpoints=self._endpoints,
            listen=self._listen,
            policy=replace(policy, budget_s=min(patience_s, policy.budget_s)),
            clock=self._clock,
            connect=self._connect,
            profiles=self._profiles,
        )

    def usage(self) -> tuple[Usage, ...]:
        """What was asked of each registry so far, in the order in which they were first named."""
        return self._spent or tuple(session.usage for session in self._sessions.values())

    async def close(self) -> None:
        """Close all connections; repositories of this client must not be used any more."""
        self._spent = self.usage()
        sessions, self._sessions = self._sessions, {}
        self._repositories.clear()
        for session in sessions.values():
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _session(self, registry: str) -> Session:
        session = self._sessions.get(registry)
        if session is None:
            endpoint = self._endpoints.get(registry) or default_endpoint(registry)
            session = Session(
                registry,
                endpoint,
                self._connect(registry, endpoint),
                keychain=self._keychain,
                listen=self._listen,
                policy=self._policy,
                clock=self._clock,
                profile=self._profiles.get(registry),
                shelf=self._shelf,
            )
            self._sessions[registry] = session
        return session


def default_endpoint(registry: str) -> Endpoint:
    """Where a registry is reached when nobody says otherwise; Docker Hub's name is not its host."""
    return Endpoint.of_host(DOCKER_HUB_API if registry == DOCKER_HUB else registry)


def connect_by_aiohttp(proxies: ProxyRules) -> Connect:
    """The way over HTTP; aiohttp is imported when the first registry is named."""

    def connect(registry: str, endpoint: Endpoint) -> Transport:
        from polyarch.registry.aiohttp_transport import AiohttpTransport
        from polyarch.registry.large_bodies import LargeBodies

        small = AiohttpTransport(registry, endpoint, proxies)
        return LargeBodies(small, registry, endpoint, proxies)

    return connect
