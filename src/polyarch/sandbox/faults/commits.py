"""Commits of blobs whose end the client does not see, or not at once.

Sources: GoogleContainerTools/jib#4301 (GHCR: slow, then stored or lost);
openshift/image-registry#220 and goreleaser/goreleaser#2934 (reads that lag).
"""

import asyncio
from http import HTTPStatus

from polyarch.sandbox.faults.seen import Seen, asks
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Call, refusal


async def lost(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """Read it all, keep nothing, say nothing."""
    key = _key("lost commit", call)
    if not quirks.lost_commits or key is None or not seen.among_first(quirks.lost_commits, key):
        return None
    async for _ in call.body.blocks():
        pass
    if call.target.kind is Kind.UPLOAD:
        call.storage.cancel_upload(call.target.item)
    return HANG_UP


async def unanswered(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """It is stored: the answer takes its time, or never comes."""
    key = _key("lost answer", call)
    if key is None or answer.status != HTTPStatus.CREATED:
        return answer
    if quirks.commit_delay_s:
        await asyncio.sleep(quirks.commit_delay_s)
    return HANG_UP if seen.among_first(quirks.lost_commit_answers, key) else answer


async def stored(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """From here on so many reads are told that it is not there."""
    key = _key("blob lag", call)
    if key and answer.status == HTTPStatus.CREATED:
        seen.counts[key] = quirks.blob_lag
    return answer


async def lagging(_quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """404 for a blob that was only just stored."""
    key = f"blob lag {call.repository} {call.target.item}"
    if not asks(call, Kind.BLOB, "GET", "HEAD") or not seen.still(key):
        return None
    return refusal("BLOB_UNKNOWN", "blob unknown to registry", details=(call.target.item,))


def _key(fault: str, call: Call) -> str | None:
    """Names the blob that a request wants to commit; None when it does not."""
    closes = asks(call, Kind.UPLOAD, "PUT") or asks(call, Kind.UPLOADS, "POST")
    digest = call.query.get("digest") if closes else None
    return f"{fault} {call.repository} {digest}" if digest else None
