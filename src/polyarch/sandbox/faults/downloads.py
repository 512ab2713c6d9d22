"""Blobs on their way out: other lengths, other bytes, other places.

Sources: open-policy-agent/opa#6580 (storage behind redirects); google/go-containerregistry
`pusher.go` manifestExists (403 for what is missing).
"""

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlencode

from multidict import CIMultiDict

from polyarch.sandbox.auth import denied
from polyarch.sandbox.faults.seen import Seen, asks, reads
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import DIGEST_HEADER, Answer, Call, Slice, refusal


async def unsigned(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """403 of a storage for a URL that expired, or was never signed."""
    if not quirks.signed_urls or not asks(call, Kind.BLOB, "GET", "HEAD"):
        return None
    try:
        ends = float(call.query.get("expires", "-inf"))
    except ValueError:
        ends = float("-inf")
    if ends > quirks.clock():
        return None
    text = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    return Answer(status=403, headers=(("Content-Type", "application/xml"),), body=text)


async def no_head(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """405 for HEAD."""
    if quirks.blob_head or not asks(call, Kind.BLOB, "HEAD"):
        return None
    return refusal("UNSUPPORTED", "the operation is unsupported")


async def whole(quirks: Quirks, call: Call, _seen: Seen) -> Call | None:
    """A GET of which the range is not read."""
    if quirks.blob_ranges or not asks(call, Kind.BLOB, "GET"):
        return None
    kept = CIMultiDict((n, value) for n, value in call.headers.items() if n.lower() != "range")
    return replace(call, headers=kept)


async def wrong_digest(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Another digest than that of the content, or none."""
    if quirks.digest_header is None or answer.header(DIGEST_HEADER) is None:
        return answer
    if not quirks.digest_header:
        return answer.without(DIGEST_HEADER)
    return answer.with_header(DIGEST_HEADER, quirks.digest_header)


async def wrong_type(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Another type than the manifest was pushed with."""
    if quirks.content_type is None or not reads(call, answer, Kind.MANIFEST):
        return answer
    return answer.with_header("Content-Type", quirks.content_type)


async def damaged(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Less than the content, other bytes, or (HEAD) another length."""
    if not reads(call, answer, Kind.BLOB):
        return answer
    if call.method == "HEAD" and quirks.head_length is not None and isinstance(answer.body, Slice):
        answer = replace(answer, body=replace(answer.body, length=quirks.head_length))
    flip_at = 0 if quirks.corrupt_blobs else None
    return replace(answer, cut_after=quirks.truncate_blobs, flip_at=flip_at)


async def redirected(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """307 to a storage, with a signature that ends in time when one is wanted."""
    if quirks.redirect_blobs is None or call.method != "GET" or not reads(call, answer, Kind.BLOB):
        return answer
    url = f"{quirks.redirect_blobs}/v2/{call.repository}/blobs/{call.target.item}"
    if quirks.redirect_life_s is not None:
        url += "?" + urlencode({"expires": quirks.clock() + quirks.redirect_life_s})
    return Answer(status=307, headers=(("Location", url),))


async def forbidden(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """403 in place of 404."""
    missing = answer.status == HTTPStatus.NOT_FOUND and quirks.forbids_missing
    named = call.target.kind in {Kind.BLOB, Kind.MANIFEST}
    return denied(call.needs()) if missing and named else answer
