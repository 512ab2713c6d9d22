"""Bearer tokens: asking a token service in the ways that services in the field understand.

Sources: distribution/distribution, docs "Token Authentication Specification" and "Oauth2 Token
Authentication"; moby/buildkit, util/resolver/authorizer.go (the order of fall-backs).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from polyarch.registry.body import Body
from polyarch.registry.call import Answer
from polyarch.registry.challenge import Challenge
from polyarch.registry.credential import Credential
from polyarch.registry.scope import Scopes
from polyarch.registry.transport import Request
from polyarch.registry.wire import absolute

CLIENT_ID = "polyarch"
MIN_LIFETIME_S = 60.0
"""A token that says less, or nothing, counts as living this long (token specification)."""
_MAX_LIFETIME_S = 30 * 24 * 3600

_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
_TOKEN_TEXT = re.compile(r"[\x21-\x7e]{1,65536}")
_RENEW_BEFORE_S = 5.0
_RENEW_SHARE = 0.1
_TRY_OTHER_FORM = frozenset({401, 404, 405})
_NO_SUCH_FORM = frozenset({404, 405})
_OK = 200


class SendToken(Protocol):
    """Sends one request to a token service and reads the whole answer, whatever its status."""

    async def __call__(self, request: Request, *, authorization: str | None = None) -> Answer:
        """Send it; `authorization` is for the origin of the request alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token; `expires` is on the monotonic clock, in seconds."""

    text: str = field(repr=False)
    expires: float
    lifetime_s: float

    def lives(self, now: float, min_life_s: float = 0) -> bool:
        """Whether it may be used for something that takes `min_life_s` seconds.

        Renewed a little early; but a token that is new is used, however short it lives.
        """
        early = max(_RENEW_BEFORE_S, _RENEW_SHARE * self.lifetime_s, min_life_s)
        return self.expires - now > min(early, (1 - _RENEW_SHARE) * self.lifetime_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenQuestion:
    """What is asked of a token service, and where."""

    realm: str
    service: str
    scopes: Scopes
    credential: Credential

    @classmethod
    def of(
        cls, challenge: Challenge, answered: str, scopes: Scopes, credential: Credential
    ) -> "TokenQuestion":
        """From a challenge; its realm may be relative to the URL that answered."""
        realm = absolute(answered, challenge.realm)
        return cls(realm=realm, service=challenge.service, scopes=scopes, credential=credential)


async def ask_token(send: SendToken, question: TokenQuestion) -> Answer:
    """Ask in the form that fits the login, then in the others; the answer that tells most.

    Raises:
        RegistryError: the token service could not be reached.
    """
    if question.credential.identity_token:
        answer = await send(_post(question, _refresh_grant(question.credential)))
        if answer.status not in _TRY_OTHER_FORM:
            return answer
        login = Credential(
            source="",
            username=question.credential.username or "<token>",
            secret=question.credential.identity_token,
        )
        got = await send(_get(question), authorization=login.basic)
        return got if got.status == _OK else answer
    answer = await send(_get(question), authorization=question.credential.basic)
    if answer.status not in _TRY_OTHER_FORM or not question.credential.basic:
        return answer
    posted = await send(_post(question, _password_grant(question.credential)))
    return answer if posted.status in _NO_SUCH_FORM else posted


def parse_token(body: bytes, *, monotonic: float, wall: float) -> Token | None:
    """Read the answer of a token service, or None where it holds no usable token.

    `monotonic` and `wall` are the time now. `issued_at` counts only where it makes sense: clocks
    of token services are often wrong.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    text = value.get("token") or value.get("access_token")
    if not isinstance(text, str) or not _TOKEN_TEXT.fullmatch(text):
        return None
    lifetime = _lifetime(value.get("expires_in"))
    age = _age(value.get("issued_at"), wall)
    spent = age if 0 < age < lifetime else 0.0
    return Token(text=text, expires=monotonic + lifetime - spent, lifetime_s=lifetime)


def _get(question: TokenQuestion) -> Request:
    fields = [("service", question.service)] if question.service else []
    fields += [("scope", str(scope)) for scope in question.scopes]
    if question.credential.username:
        fields.append(("account", question.credential.username))
    fields.append(("client_id", CLIENT_ID))
    separator = "&" if urlsplit(question.realm).query else "?"
    return Request(method="GET", url=f"{question.realm}{separator}{urlencode(fields)}")


def _post(question: TokenQuestion, grant: Mapping[str, str]) -> Request:
    form = {"client_id": CLIENT_ID, **grant}
    if question.service:
        form["service"] = question.service
    if question.scopes.items:
        form["scope"] = str(question.scopes)
    body = Body.of_bytes(urlencode(form).encode("ascii"))
    return Request(method="POST", url=question.realm, headers=_FORM, body=body)


def _refresh_grant(credential: Credential) -> Mapping[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": credential.identity_token}


def _password_grant(credential: Credential) -> Mapping[str, str]:
    return {
        "grant_type": "password",
        "username": credential.username,
        "password": credential.secret,
    }


def _lifetime(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return MIN_LIFETIME_S
    # Compared first: an int may be too large for a float.
    return max(MIN_LIFETIME_S, float(min(value, _MAX_LIFETIME_S)))


def _age(value: object, wall: float) -> float:
    if not isinstance(value, str):
        return 0.0
    try:
        issued = datetime.fromisoformat(value)
    except ValueError:
        return 0.0
    return wall - issued.timestamp() if issued.tzinfo else 0.0
