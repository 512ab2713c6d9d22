"""Limits of requests: 429 in all its forms, 403 that means 429, and pulls that are counted.

Sources: docs of Docker Hub "Pull usage and limits" and containers/image#1078 (headers, HEAD free);
virtualcell/vcell#1888 (the words of GHCR's 403); containerd/containerd#10447 (ECR's PutImage).
"""

from polyarch.sandbox.faults.host import within
from polyarch.sandbox.faults.seen import Seen, asks
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal

_SECONDARY = (
    'permission_denied: Error from intermediary with HTTP status code 403 "Forbidden" - with-body: '
    '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you '
    'try again."}'
)


async def throttled(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """429: of each request at first, or for a time."""
    if within(quirks, quirks.throttled_between) or seen.among_first(
        quirks.throttled, f"429 {call.method} {call.target}"
    ):
        return _too_many(quirks, quirks.throttle_text)
    return None


async def secondary_limit(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """403 that is no denial."""
    if not seen.among_first(quirks.rate_403, f"403 {call.method} {call.target}"):
        return None
    return refusal("DENIED", _SECONDARY, *_retry_after(quirks))


async def pull_counted(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """One less of the window, or 429 when nothing is left."""
    if quirks.pull_limit is None or not asks(call, Kind.MANIFEST, "GET"):
        return None
    now = quirks.clock()
    if now - seen.times.setdefault("pull", now) >= quirks.pull_window_s:
        seen.times["pull"] = now
        seen.counts["pull"] = 0
    if seen.among_first(quirks.pull_limit, "pull"):
        return None
    return _too_many(quirks, "You have reached your pull rate limit.")


async def pulls_told(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """What is left, with every manifest that is read and every HEAD."""
    limit, window = quirks.pull_limit, quirks.pull_window_s
    if limit is None or not asks(call, Kind.MANIFEST, "GET", "HEAD"):
        return answer
    return answer.adding(
        ("RateLimit-Limit", f"{limit};w={window}"),
        ("RateLimit-Remaining", f"{limit - seen.counts['pull']};w={window}"),
        ("Docker-RateLimit-Source", "127.0.0.1"),
    )


async def manifests_paced(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """429 above so many manifest PUTs within any second: a ring of the times of the last ones."""
    rate = quirks.manifest_put_rate
    if rate is None or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    now, slot = quirks.clock(), f"put {seen.counts['put'] % rate}"
    if now - seen.times.get(slot, float("-inf")) < 1:
        return _too_many(quirks, "Rate exceeded")
    seen.times[slot] = now
    seen.counts["put"] += 1
    return None


def _too_many(quirks: Quirks, message: str) -> Answer:
    return refusal("TOOMANYREQUESTS", message, *_retry_after(quirks))


def _retry_after(quirks: Quirks) -> tuple[tuple[str, str], ...]:
    return () if quirks.retry_after is None else (("Retry-After", quirks.retry_after),)
