"""How a run reaches registries: logins, endpoints and proxies, from the config and the world."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from polyarch.config.project import Project
from polyarch.config.registries import Registries, RegistrySettings
from polyarch.content.shelf import Shelf
from polyarch.errors import PolyarchError
from polyarch.net.endpoint import Endpoint, is_loopback
from polyarch.net.proxy import ProxyRules
from polyarch.oci.reference import Repository
from polyarch.pipeline.world import World
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import (
    Connect,
    RegistryClient,
    connect_by_aiohttp,
    default_endpoint,
)
from polyarch.registry.clock_watch import ClockWatch
from polyarch.registry.configured import ConfiguredLogin
from polyarch.registry.credential import Keychain
from polyarch.registry.credentials import CredentialStore
from polyarch.registry.profile import Profile
from polyarch.registry.profiles import profile_of
from polyarch.registry.quota import Usage, summed

_SAMPLE = "x"
"""Any repository below a prefix: the tables that fit the prefix fit it."""


class Reach:
    """Makes clients; nothing is read and nobody asked before one of them is used.

    `anonymous`: no login is looked up and no helper started, because a pull request controls the
    config. `project` None is for references outside any project.
    """

    def __init__(self, project: Project | None, world: World, *, anonymous: bool = False) -> None:
        self.world = world
        self._made: list[RegistryClient] = []
        self._registries = project.registries if project else None
        self._folder = project.root if project else None
        self._keychain = CredentialStore(
            environment=world.environment,
            home=world.home,
            logins=() if anonymous else _logins(self._registries),
            folder=self._folder,
            ci=world.in_ci and not world.logins_optional,
            anonymous=anonymous,
            listen=world.listen,
            mask=world.mask,
        )

    @property
    def keychain(self) -> Keychain:
        """Finds logins."""
        return self._keychain

    def learn_logins(self) -> None:
        """Let builds print no login that lies in a file, also where none is needed."""
        self._keychain.learn_files()

    def client(self) -> RegistryClient:
        """A client for one event loop."""
        made = self._client()
        self._made.append(made)
        return made

    def watched_client(self) -> tuple[RegistryClient, ClockWatch]:
        """A client, and what it sees of registries' clocks."""
        proxies = ProxyRules.from_environment(self.world.environment)
        watch = ClockWatch(
            connect_by_aiohttp(proxies), self.world.clock or (lambda: self.world.now)
        )
        made = self._client(watch.connect)
        self._made.append(made)
        return made, watch

    def usage(self) -> tuple[Usage, ...]:
        """What was asked of each registry, by all clients that were made here."""
        return summed(usage for client in self._made for usage in client.usage())

    def _client(self, connect: Connect | None = None) -> RegistryClient:
        return RegistryClient(
            connect=connect,
            keychain=self._keychain,
            endpoints=self.endpoints(),
            proxies=ProxyRules.from_environment(self.world.environment),
            listen=self.world.listen,
            profiles=self.profiles(),
            shelf=Shelf(self.world.state / "manifests"),
        )

    def profiles(self) -> Mapping[str, Profile]:
        """The kinds of registries that the config names, by host.

        Raises:
            UnknownProfileError: there is no such kind.
        """
        found: dict[str, Profile] = {}
        for host in self.endpoints():
            if named := self._settings(host).profile:
                try:
                    found[host] = profile_of(host, named)
                except PolyarchError as error:
                    raise error.at(f'polyarch.toml, [registries."{host}"]') from None
        return found

    def takes_less(self, hosts: Iterable[str]) -> Mapping[str, str]:
        """What those registries do not take of an image, for those that do not take all."""
        named = self.profiles()
        found = {host: named.get(host) or profile_of(host) for host in hosts}
        return {host: each.misses for host, each in found.items() if each.misses}

    def blocking(self) -> BlockingRegistries:
        """Stores for synchronous code."""
        return BlockingRegistries(self.client)

    def endpoints(self) -> Mapping[str, Endpoint]:
        """The endpoints of hosts that the config says something about."""
        if self._registries is None:
            return MappingProxyType({})
        hosts = {Repository.parse(f"{key}/{_SAMPLE}").registry for key in self._registries.tables}
        return {host: self.endpoint(host) for host in hosts}

    def _settings(self, host: str) -> RegistrySettings:
        sample = Repository(registry=host, path=_SAMPLE)
        return self._registries.of(sample) if self._registries else RegistrySettings(host=host)

    def endpoint(self, host: str) -> Endpoint:
        """How one host is reached."""
        if self._registries is None:
            return default_endpoint(host)
        settings = self._settings(host)
        plain = is_loopback(host) if settings.plain_http is None else settings.plain_http
        base = default_endpoint(host)
        address = base.url.partition("://")[2]
        return Endpoint(
            url=f"{'http' if plain else 'https'}://{address}",
            ca_file=settings.ca,
            insecure=settings.insecure,
        )


def _logins(registries: Registries | None) -> tuple[ConfiguredLogin, ...]:
    if registries is None:
        return ()
    return tuple(
        _login(key, registries.of(Repository.parse(f"{key}/{_SAMPLE}")))
        for key in registries.tables
    )


def _login(key: str, settings: RegistrySettings) -> ConfiguredLogin:
    return ConfiguredLogin(
        prefix=key,
        username_env=settings.username_env or "",
        password_env=settings.password_env or "",
        password_file=str(settings.password_file) if settings.password_file else "",
        password_command=settings.password_command,
        where=f'polyarch.toml, [registries."{key}"]',
    )
