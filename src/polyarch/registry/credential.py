"""A login as a value, and who can find one."""

import base64
from dataclasses import dataclass, field
from typing import Protocol

from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What proves who is asking; `source` says to people where it was found.

    One of: `username` with `secret`; `identity_token`, to be exchanged for tokens;
    `registry_token`, a bearer token to be sent as it is; or nothing. No secret is ever in `repr`.
    `is_ours`: it is from polyarch's own config or variables, where no other program looks.
    `places` are what polyarch asks before any other for this registry, in words for a message.
    """

    source: str
    places: tuple[str, ...] = ()
    username: str = ""
    secret: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    is_ours: bool = field(default=False, compare=False)

    @property
    def is_anonymous(self) -> bool:
        """Whether it proves nothing."""
        return not self.secrets

    @property
    def basic(self) -> str | None:
        """The Authorization header of the Basic scheme, where there is a user and a secret."""
        if not (self.username and self.secret):
            return None
        return "Basic " + _encode(f"{self.username}:{self.secret}")

    @property
    def secrets(self) -> frozenset[str]:
        """Every text that must not get out, in every form in which it is sent."""
        texts = {self.secret, self.identity_token, self.registry_token}
        if basic := self.basic:
            texts.add(basic.removeprefix("Basic "))
        return frozenset(text for text in texts if text)


class Keychain(Protocol):
    """Finds the login for a repository. Called in threads, at most once per repository."""

    def lookup(self, repository: Repository) -> Credential:
        """The login for this repository; an anonymous one says in `source` why there is none.

        Raises:
            ConfigError: a source that the user named gives nothing.
        """
        ...


class FixedKeychain:
    """The same login everywhere: for a sandbox, and for tests."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def lookup(self, _repository: Repository) -> Credential:
        """That login."""
        return self._credential


NO_KEYCHAIN = FixedKeychain(Credential(source="none"))
"""Nobody logs in anywhere."""


def default_variables(registry: str) -> tuple[str, str]:
    """The names of the variables that hold user and password for a registry's host."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in registry.upper())
    return f"POLYARCH_{name}_USERNAME", f"POLYARCH_{name}_PASSWORD"


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
