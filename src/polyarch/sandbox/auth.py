"""Logins: who is asking, and how a registry answers those who may not.

Open and Basic are here; bearer tokens have a module of their own. Challenges are written as
distribution writes them. Source: RFC 7617 (Basic).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from polyarch.sandbox.scope import EVERYBODY, EVERYTHING, NOBODY, Permit, Scope
from polyarch.sandbox.wire import Answer, Call, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user; names in `grants` may be globs, and without any everything is granted."""

    username: str
    password: str = field(repr=False)
    grants: tuple[Scope, ...] = (EVERYTHING,)


class Auth(Protocol):
    """One way to log in."""

    def permit(self, headers: Mapping[str, str]) -> Permit:
        """What the sender of these headers may do."""

    def refuse(self, call: Call, needed: tuple[Scope, ...]) -> Answer:
        """The answer to a call that lacks one of the needed scopes."""

    async def token(self, call: Call) -> Answer:
        """The answer of the token endpoint."""


class OpenAuth:
    """Everybody may do everything."""

    def permit(self, _headers: Mapping[str, str]) -> Permit:
        """All of it."""
        return EVERYBODY

    def refuse(self, _call: Call, _needed: tuple[Scope, ...]) -> Answer:
        """Only a fault can lead here; it is told as a missing login."""
        return unauthorized('Basic realm="sandbox"')

    async def token(self, _call: Call) -> Answer:
        """There is no token service."""
        return no_token_service()


class BasicAuth:
    """User and password with each request; `anonymous` is what others may do."""

    def __init__(self, *accounts: Account, anonymous: tuple[Scope, ...] = ()) -> None:
        self._accounts = accounts
        self._anonymous = Permit(known=False, grants=anonymous)

    def permit(self, headers: Mapping[str, str]) -> Permit:
        """The account's grants; a wrong password is worse than none."""
        login = headers.get("Authorization")
        if login is None:
            return self._anonymous
        account = find_account(self._accounts, login)
        return Permit(known=True, grants=account.grants) if account else NOBODY

    def refuse(self, call: Call, needed: tuple[Scope, ...]) -> Answer:
        """401 to strangers, 403 to those whose login holds but does not suffice."""
        if call.permit.known:
            return denied(needed)
        return unauthorized('Basic realm="sandbox"', needed)

    async def token(self, _call: Call) -> Answer:
        """There is no token service."""
        return no_token_service()


def find_account(accounts: tuple[Account, ...], authorization: str) -> Account | None:
    """The account of an Authorization header of the Basic scheme."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    username, _, password = decoded.partition(":")
    return match_account(accounts, username, password)


def match_account(accounts: tuple[Account, ...], username: str, password: str) -> Account | None:
    """Compare with every account, in a time that tells nothing of where the difference lies."""
    found = None
    for account in accounts:
        same_user = same_secret(account.username, username)
        if same_secret(account.password, password) and same_user:
            found = account
    return found


def same_secret(expected: str, given: str) -> bool:
    """Constant-time comparison that hides the length as well."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")) for text in (expected, given))
    return hmac.compare_digest(*(digest.digest() for digest in digests))


def unauthorized(challenge: str, needed: tuple[Scope, ...] = ()) -> Answer:
    """401 with its challenge."""
    details = tuple(map(str, needed)) or (None,)
    header = ("WWW-Authenticate", challenge)
    return refusal("UNAUTHORIZED", "authentication required", header, details=details)


def denied(needed: tuple[Scope, ...]) -> Answer:
    """403: trying again with the same login will not help."""
    message = "requested access to the resource is denied"
    return refusal("DENIED", message, details=tuple(map(str, needed)) or (None,))


def no_token_service() -> Answer:
    """What a path outside `/v2/` gives."""
    return refusal("UNSUPPORTED", "there is no such endpoint", status=404)
