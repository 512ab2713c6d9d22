"""Small JSON answers of web services, on the standard library.

For a question by the way: one try, bounded in time and size. Registries have a client of their own.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from polyarch.errors import CallFailedError
from polyarch.net.endpoint import is_loopback_name
from polyarch.net.proxy import ProxyRules

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
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback_name(parts.hostname or ""):
        raise CallFailedError(parts.hostname or url, "its address is not `https://`")
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
        raise CallFailedError(parts.netloc, f"no answer within {timeout_s:g} s")
    if isinstance(answer[0], CallFailedError):
        raise answer[0]
    return answer[0]


def _ask(url: str, headers: Mapping[str, str], proxy: str | None, timeout_s: float) -> object:
    for _ in range(_REDIRECTS):
        raw, target = _answer(url, headers, proxy, timeout_s)
        if not target:
            break
        url = _same_origin(url, target)
    else:
        raise CallFailedError(urlsplit(url).netloc, "it sends the question round and round")
    if len(raw) > LARGEST:
        raise CallFailedError(urlsplit(url).netloc, f"its answer exceeds {LARGEST >> 20} MiB")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise CallFailedError(urlsplit(url).netloc, "its answer is not JSON") from None


def _answer(
    url: str, headers: Mapping[str, str], proxy: str | None, timeout_s: float
) -> tuple[bytes, str]:
    """The body, or where else to ask."""
    import http.client
    from urllib import error, request

    class Stay(request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """Follow nothing: headers would go along."""

    proxies = request.ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {})
    asked = request.Request(url, headers=dict(headers))  # noqa: S310 - the scheme was checked
    try:
        with request.build_opener(proxies, Stay).open(asked, timeout=timeout_s) as found:
            return found.read(LARGEST + 1), ""
    except error.HTTPError as failure:
        failure.close()
        if failure.code in _MOVED and (target := failure.headers.get("Location")):
            return b"", target
        raise CallFailedError(urlsplit(url).netloc, f"status {failure.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as failure:
        reason = getattr(failure, "reason", None) or failure
        raise CallFailedError(urlsplit(url).netloc, str(reason)) from None


def _same_origin(url: str, target: str) -> str:
    there = urljoin(url, target)
    if urlsplit(there)[:2] != urlsplit(url)[:2]:
        raise CallFailedError(urlsplit(url).netloc, "it sends the question to another place")
    return there
