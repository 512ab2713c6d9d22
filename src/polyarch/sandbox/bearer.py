"""Bearer tokens: a registry that wants them and the token service that gives them, in one.

Tokens are checked: each names its repositories and actions and dies in time. Sources:
distribution/distribution, docs "Token Authentication Specification" and "Oauth2 Token
Authentication"; RFC 6750 (challenges).
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

from polyarch.sandbox.auth import (
    Account,
    find_account,
    match_account,
    no_token_service,
    unauthorized,
)
from polyarch.sandbox.names import is_repository
from polyarch.sandbox.scope import NOBODY, Permit, Scope
from polyarch.sandbox.wire import Answer, Call, json_answer, refusal

_MAX_FORM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    grants: tuple[Scope, ...]
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is asked of the token service, by GET or by POST."""

    account: Account | None
    scopes: tuple[Scope, ...]
    wants_refresh: bool
    oauth2: bool = False


class BearerAuth:
    """Accounts behind a token service at `/token` of the same server.

    `lifetime_s` is the life of a token in seconds, `clock` tells seconds since 1970; `anonymous` is
    what a token without login may do; `oauth2` whether the POST form exists; `realm` the URL of
    another token service.
    """

    def __init__(
        self,
        *accounts: Account,
        anonymous: tuple[Scope, ...] = (),
        service: str = "sandbox",
        lifetime_s: int = 300,
        clock: Callable[[], float] = time.time,
        oauth2: bool = True,
        realm: str | None = None,
    ) -> None:
        self._accounts = accounts
        self._anonymous = anonymous
        self._service = service
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._oauth2 = oauth2
        self._realm = realm
        self._tokens: dict[bytes, _Token] = {}
        self._refresh_tokens: dict[bytes, Account] = {}

    def permit(self, headers: Mapping[str, str]) -> Permit:
        """What the token says, while it lives; any other scheme proves nothing here."""
        scheme, _, text = headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(_key(text.strip())) if scheme.lower() == "bearer" else None
        if token is None or token.expires <= self._clock():
            return NOBODY
        return Permit(known=True, grants=token.grants)

    def refuse(self, call: Call, needed: tuple[Scope, ...]) -> Answer:
        """401 with realm, service, scope, and what is wrong with the token that was sent."""
        fields = {
            "realm": self._realm or f"{call.base_url}/token",
            "service": self._service,
            "scope": " ".join(map(str, needed)),
        }
        if "Authorization" in call.headers:
            fields["error"] = "insufficient_scope" if call.permit.known else "invalid_token"
        listed = ",".join(f'{name}="{value}"' for name, value in fields.items() if value)
        return unauthorized(f"Bearer {listed}", needed)

    async def token(self, call: Call) -> Answer:
        """Give a token with as much of the asked scopes as the account has: perhaps nothing."""
        if call.method == "GET":
            asked = self._read_query(call)
        elif call.method == "POST" and self._oauth2:
            asked = await self._read_form(call)
        else:
            return no_token_service()
        return self._issue(asked) if isinstance(asked, _Request) else asked

    def refresh_token(self, username: str) -> str:
        """A new refresh token (an "identity token") of an account."""
        account = next(account for account in self._accounts if account.username == username)
        text = secrets.token_urlsafe(32)
        self._refresh_tokens[_key(text)] = account
        return text

    def expire_tokens(self) -> None:
        """Let every token that was given die now; refresh tokens live on."""
        self._tokens.clear()

    def _read_query(self, call: Call) -> _Request | Answer:
        login = call.headers.get("Authorization")
        account = find_account(self._accounts, login) if login else None
        if login and account is None:
            return _bad_login()
        return _Request(
            account=account,
            scopes=_scopes(call.query.getall("scope", [])),
            wants_refresh=call.query.get("offline_token") == "true",
        )

    async def _read_form(self, call: Call) -> _Request | Answer:
        form = {name: values[0] for name, values in (await _read_fields(call)).items()}
        match form:
            case {"grant_type": "password", "username": username, "password": password}:
                account = match_account(self._accounts, username, password)
            case {"grant_type": "refresh_token", "refresh_token": text}:
                account = self._refresh_tokens.get(_key(text))
            case _:
                return refusal("UNSUPPORTED", "unknown grant", status=400)
        if account is None:
            return _bad_login()
        return _Request(
            account=account,
            scopes=_scopes([form.get("scope", "")]),
            wants_refresh=form.get("access_type") == "offline",
            oauth2=True,
        )

    def _issue(self, asked: _Request) -> Answer:
        owner = asked.account
        permit = Permit(known=True, grants=owner.grants if owner else self._anonymous)
        granted = tuple(
            Scope(kind=scope.kind, name=scope.name, actions=actions)
            for scope in asked.scopes
            if is_repository(scope.name) and (actions := permit.granted(scope))
        )
        text = secrets.token_urlsafe(32)
        now = self._clock()
        self._tokens[_key(text)] = _Token(grants=granted, expires=now + self._lifetime_s)
        answer: dict[str, object] = {
            "access_token": text,
            "expires_in": self._lifetime_s,
            "issued_at": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if asked.oauth2:
            answer["scope"] = " ".join(map(str, granted))
        else:
            answer["token"] = text
        if asked.wants_refresh and owner:
            answer["refresh_token"] = self.refresh_token(owner.username)
        return json_answer(answer)


def _scopes(texts: list[str]) -> tuple[Scope, ...]:
    """Repeated or joined by spaces; what is no scope is passed over, as token services do."""
    parsed = (Scope.parse(text) for joined in texts for text in joined.split())
    return tuple(scope for scope in parsed if scope)


def _key(token: str) -> bytes:
    """Tokens are looked up by hash, so that the time of a look-up tells nothing of them."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _bad_login() -> Answer:
    return unauthorized('Basic realm="sandbox token service"')


async def _read_fields(call: Call) -> dict[str, list[str]]:
    data = b""
    async for block in call.body.blocks():
        data += block
        if len(data) > _MAX_FORM_BYTES:
            return {}
    return parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True)
