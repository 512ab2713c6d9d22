"""Docker's config.json and containers' auth.json: one format, read and never written.

Sources: docker/cli, cli/config/configfile; containers-auth.json(5).
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from polyarch.oci.reference import DOCKER_HUB, Repository
from polyarch.registry.credential import Credential
from polyarch.registry.helper import HelperAnswer, Helpers
from polyarch.registry.hostkey import HUB_SERVER, best_match

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFile:
    """Logins of one file; `name` is for messages. The entries hold secrets."""

    name: str
    auths: Mapping[str, Any] = field(default_factory=lambda: _EMPTY, repr=False)
    helpers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    store: str = ""

    @classmethod
    def parse(cls, text: str, name: str) -> Self | None:
        """Read the file's text; None where it is no such file. Odd entries are passed over."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        helpers = _table(value, "credHelpers")
        store = value.get("credsStore")
        return cls(
            name=name,
            auths=_table(value, "auths"),
            helpers={key: item for key, item in helpers.items() if isinstance(item, str)},
            store=store if isinstance(store, str) else "",
        )

    def find(self, repository: Repository, helpers: Helpers) -> HelperAnswer:
        """The login for a repository: the helper of its host, then the store, then the file."""
        answer = self._ask_helper(repository, helpers)
        if answer.credential:
            return answer
        found = best_match(self.auths, repository)
        stored = _parse_entry(found[1], self.name) if found else None
        return HelperAnswer(credential=stored) if stored else answer

    def secrets(self) -> Iterator[str]:
        """Every secret that it holds itself, whichever registry it is for."""
        for entry in self.auths.values():
            if stored := _parse_entry(entry, self.name):
                yield from stored.secrets

    def _ask_helper(self, repository: Repository, helpers: Helpers) -> HelperAnswer:
        chosen = best_match(self.helpers, repository)
        if chosen:
            server, helper = chosen
        elif self.store:
            hub = repository.registry == DOCKER_HUB
            server, helper = HUB_SERVER if hub else repository.registry, self.store
        else:
            return HelperAnswer()
        if not helper:
            # `"credHelpers": {"host": ""}` switches the store off for a host.
            return HelperAnswer()
        return helpers.ask(helper, server)


def _table(value: dict[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else _EMPTY


def _parse_entry(entry: object, name: str) -> Credential | None:
    """A login of `auths`; an empty entry means that a helper holds it."""
    if not isinstance(entry, dict):
        return None
    username, secret = _decode(entry.get("auth"))
    credential = Credential(
        source=name,
        username=username or _text(entry, "username"),
        secret=secret or _text(entry, "password"),
        identity_token=_text(entry, "identitytoken"),
        registry_token=_text(entry, "registrytoken"),
    )
    return None if credential.is_anonymous else credential


def _decode(auth: object) -> tuple[str, str]:
    """User and password of base64 `user:password`; only the first colon separates."""
    if not isinstance(auth, str):
        return "", ""
    try:
        text = base64.b64decode(auth.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    username, _, secret = text.partition(":")
    return username, secret.rstrip("\0")


def _text(entry: dict[str, Any], key: str) -> str:
    found = entry.get(key)
    return found if isinstance(found, str) else ""
