"""A host in trouble: down, silent, unavailable; and what every one of its answers brings."""

from dataclasses import replace
from http import HTTPStatus

from polyarch.sandbox.faults.seen import Seen
from polyarch.sandbox.quirks import Quirks, Span
from polyarch.sandbox.wire import HANG_UP, SILENCE, Answer, Call, refusal

_COOKIE = "sid"
_BODIES = frozenset({"PATCH", "POST", "PUT"})


async def hook(quirks: Quirks, call: Call, _seen: Seen) -> Answer | Call | None:
    """The test's own."""
    return await quirks.on_request(call) if quirks.on_request else None


async def down(quirks: Quirks, _call: Call, seen: Seen) -> Answer | None:
    """No answer, the connection closed: always, at first, or for a time."""
    if (
        quirks.down
        or within(quirks, quirks.down_between)
        or seen.among_first(quirks.down_for, "down")
    ):
        return HANG_UP
    return None


async def silent(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """No answer, the connection left open."""
    return (
        SILENCE if seen.among_first(quirks.silent, f"silent {call.method} {call.target}") else None
    )


async def unavailable(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """503: of each request at first, or in bursts."""
    key = f"503 {call.method} {call.target}"
    if _in_burst(quirks, seen) or seen.among_first(quirks.unavailable, key):
        return refusal("UNAVAILABLE", "service unavailable")
    return None


async def poisoned(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """Who sends the cookie is taken for a browser (goharbor/harbor#14404, #12676)."""
    if not quirks.poison_cookie or f"{_COOKIE}=" not in call.headers.get("Cookie", ""):
        return None
    return refusal("FORBIDDEN", "CSRF token invalid", status=403)


async def cookie(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """The cookie that must not come back."""
    return answer.adding(("Set-Cookie", f"{_COOKIE}=1; Path=/")) if quirks.poison_cookie else answer


async def warned(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Warnings, as distribution-spec v1.1 "Warnings" has them."""
    quoted = (text.replace("\\", r"\\").replace('"', r"\"") for text in quirks.warnings)
    return answer.adding(*(("Warning", f'299 - "{text}"') for text in quoted))


async def closed_early(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """The answer, and then no patience with the rest of the request."""
    refused = call.method in _BODIES and answer.status >= HTTPStatus.BAD_REQUEST
    return replace(answer, close=True) if quirks.early_close and refused else answer


def within(quirks: Quirks, span: Span | None) -> bool:
    """Whether it is that time."""
    return span is not None and span[0] <= quirks.clock() < span[1]


def _in_burst(quirks: Quirks, seen: Seen) -> bool:
    if quirks.unavailable_bursts is None:
        return False
    passing, refused = quirks.unavailable_bursts
    place = seen.counts["burst"] % (passing + refused)
    seen.counts["burst"] += 1
    return place >= passing
