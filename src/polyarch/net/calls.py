"""Small JSON answers of web services, on the standard library.

For a question by the way: one try, bounded in time and size. Registries have a client of their own.
"""

import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from polyarch.errors import CallFailedError
from polyarch.net.endpoint import is_loopback_name
from polyarch.net.proxy import ProxyRules

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

TIMEOUT_S = 5.0
"""For the whole call, whatever an answer drips."""

LARGEST = 4 << 20
"""Bytes of an answer."""

_REDIRECTS = 4
_MOVED = frozenset({301, 302, 303, 307, 308})


def get_json(
    url: str, headers: Mapping[str, str], proxies: ProxyRules, *, timeout_s: float = TIMEOUT_S
) -> object:
    """Ask once; redirects are followed within the same origin, since headers may hold a token.

    Raises:
        CallFailedError: no answer in time, another status than 200, too much, or no JSON.
    """
    _check(url)
    answer: list[object] = []

    def ask() -> None:
        try:
            answer.append(_ask(url, headers, proxies.proxy_for(url), timeout_s))
        except CallFailedError as error:
            answer.append(error)

    # A thread of its own: a socket's timeout begins anew with every byte.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not answer:
        raise CallFailedError(_place(url), f"no answer within {timeout_s:g} s")
    if isinstance(answer[0], CallFailedError):
        raise answer[0]
    return answer[0]


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise CallFailedError("the API", "its address is broken") from None
    safe = parts.scheme == "https" and host
    if not (safe or (parts.scheme == "http" and is_loopback_name(host))):
        raise CallFailedError(host or "the API", "its address is not `https://`")


def _place(url: str) -> str:
    """Host and port, without a login that stands in front of them."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _ask(url: str, headers: Mapping[str, str], proxy: str | None, timeout_s: float) -> object:
    for _ in range(_REDIRECTS):
        raw, target = _answer(url, headers, proxy, timeout_s)
        if not target:
            break
        url = _same_origin(url, target)
    else:
        raise CallFailedError(_place(url), "it sends the question round and round")
    if len(raw) > LARGEST:
        raise CallFailedError(_place(url), f"its answer exceeds {LARGEST >> 20} MiB")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise CallFailedError(_place(url), "its answer is not JSON") from None


def _answer(
    url: str, headers: Mapping[str, str], proxy: str | None, timeout_s: float
) -> tuple[bytes, str]:
    """The body, or where else to ask."""
    import http.client
    from urllib import error, request

    asked = request.Request(url, headers=dict(headers))  # noqa: S310 - the scheme was checked
    try:
        with opener_for(url, proxy).open(asked, timeout=timeout_s) as found:
            return found.read(LARGEST + 1), ""
    except error.HTTPError as failure:
        failure.close()
        if failure.code in _MOVED and (target := failure.headers.get("Location")):
            return b"", target
        raise CallFailedError(_place(url), f"status {failure.code}") from None
    except (ValueError, http.client.InvalidURL):
        # Their own words quote what could not be sent, and that may be a token or a password.
        problem = "address, proxy or token cannot be sent"
        raise CallFailedError(_place(url), problem) from None
    except (OSError, http.client.HTTPException) as failure:
        reason = getattr(failure, "reason", None) or failure
        raise CallFailedError(_place(url), str(reason)) from None


def opener_for(url: str, proxy: str | None) -> "OpenerDirector":
    """What opens HTTP alone, and follows no redirects, along which headers would go."""
    from urllib import request

    opener = request.OpenerDirector()
    opener.add_handler(request.ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {}))
    for handler in (
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _same_origin(url: str, target: str) -> str:
    try:
        there = urljoin(url, target)
        origin = urlsplit(there)[:2]
    except ValueError:
        there, origin = "", ("", "")
    if origin != urlsplit(url)[:2]:
        raise CallFailedError(_place(url), "it sends the question to another place")
    return there
