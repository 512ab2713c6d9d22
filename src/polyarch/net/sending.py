"""JSON that is sent to a web service by the way, and what it answers.

On the standard library, bounded in size; the caller bounds the time with a thread of its own.
Nothing is tried twice but after a 429 or 503, which say that nothing was taken, and no redirect is
followed: addresses and headers hold tokens.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from polyarch.errors import CallFailedError
from polyarch.net.calls import opener_for
from polyarch.net.proxy import ProxyRules

if TYPE_CHECKING:
    from email.message import Message
    from urllib.error import HTTPError
    from urllib.request import Request

LARGEST = 1 << 20
"""Bytes of an answer that are read."""

_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_PAUSE_S = 1.0
"""Before another try, where a service does not say how long."""
_SHORTEST_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`wait_s` is what the service asks for before another try, None where it says nothing."""

    status: int
    body: bytes
    wait_s: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether the status says so; what the body says is the service's own matter."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> object:
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One request. `repr` has nothing of it: addresses, headers and bodies hold secrets."""

    url: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


def send(sending: Sending, proxies: ProxyRules, *, deadline: float) -> Answer:
    """Send it, and once more whenever the service is busy and the time allows.

    `deadline` is a reading of `time.monotonic()`. The scheme of the address was checked before.

    Raises:
        CallFailedError: no answer; its words name no address.
    """
    while True:
        answer = _exchange(sending, proxies, max(_SHORTEST_S, deadline - time.monotonic()))
        if answer.status not in _BUSY:
            return answer
        wait = _PAUSE_S if answer.wait_s is None else answer.wait_s
        if time.monotonic() + wait >= deadline:
            return answer
        time.sleep(wait)


def _exchange(sending: Sending, proxies: ProxyRules, timeout_s: float) -> Answer:
    import http.client
    from urllib import error, request

    try:
        asked = request.Request(  # noqa: S310 - the scheme was checked
            sending.url,
            data=sending.body,
            headers={"User-Agent": "polyarch", **sending.headers},
            method=sending.method,
        )
        return _read(asked, proxies.proxy_for(sending.url), timeout_s)
    except error.HTTPError as failure:
        with failure:
            return Answer(status=failure.code, body=_body(failure), wait_s=_wait(failure.headers))
    except (ValueError, http.client.InvalidURL):
        # Their own words quote what could not be sent.
        problem = "its address, the proxy or a token cannot be sent"
        raise CallFailedError("the service", problem) from None
    except (OSError, http.client.HTTPException) as failure:
        reason = getattr(failure, "reason", None) or failure
        raise CallFailedError("the service", _words(reason)) from None


def _read(asked: "Request", proxy: str | None, timeout_s: float) -> Answer:
    with opener_for(asked.full_url, proxy).open(asked, timeout=timeout_s) as found:
        return Answer(status=found.status, body=found.read(LARGEST), wait_s=_wait(found.headers))


def _body(failure: "HTTPError") -> bytes:
    try:
        return failure.read(LARGEST)
    except OSError:
        return b""


def _wait(headers: "Message[str, str]") -> float | None:
    """Seconds; a time of day is not waited for."""
    told = (headers.get("Retry-After") or "").strip()
    try:
        found = float(told)
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


def _words(reason: object) -> str:
    """Those of the system, without names of hosts, which certificates' errors have."""
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if hasattr(reason, "verify_message"):
        return "TLS: its certificate is not trusted, or is another host's"
    return str(getattr(reason, "strerror", None) or type(reason).__name__)
