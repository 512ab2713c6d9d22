"""Blobs: existence, content whole or in part, removal.

Source: distribution-spec v1.1 "Pulling blobs", "Deleting Blobs"; RFC 9110 section 14.
"""

from functools import partial

from polyarch.errors import InvalidDigestError
from polyarch.oci.digest import Digest
from polyarch.sandbox.ranges import requested_range
from polyarch.sandbox.wire import (
    OCTETS,
    Answer,
    Call,
    Slice,
    digest_header,
    refusal,
    unknown_digest,
)


async def read(call: Call) -> Answer:
    """`GET` and `HEAD blobs/<digest>`; a range counts for GET alone (RFC 9110 section 14.2)."""
    try:
        digest = Digest.parse(call.target.item)
    except InvalidDigestError:
        return unknown_digest(call.target.item)
    size = call.storage.blob_size(call.repository, digest)
    if size is None:
        return _unknown(digest)
    asked = call.headers.get("Range", "") if call.method == "GET" else ""
    part = requested_range(asked, size)
    if part and part.length <= 0:
        whole = ("Content-Range", f"bytes */{size}")
        return refusal("RANGE_INVALID", "no byte of this range exists", whole)
    headers = (
        ("Content-Type", OCTETS),
        ("Accept-Ranges", "bytes"),
        ("ETag", f'"{digest}"'),
        digest_header(digest),
    )
    reader = partial(call.storage.open_blob, digest)
    if part is None:
        body = Slice(open=reader, offset=0, length=size)
        return Answer(status=200, headers=headers, body=body)
    return Answer(
        status=206,
        headers=(*headers, ("Content-Range", f"bytes {part}/{size}")),
        body=Slice(open=reader, offset=part.first, length=part.length),
    )


async def delete(call: Call) -> Answer:
    """`DELETE blobs/<digest>`: out of this repository, at once."""
    try:
        digest = Digest.parse(call.target.item)
    except InvalidDigestError:
        return unknown_digest(call.target.item)
    if not call.storage.unlink_blob(call.repository, digest):
        return _unknown(digest)
    return Answer(status=202)


def _unknown(digest: Digest) -> Answer:
    return refusal("BLOB_UNKNOWN", "blob unknown to registry", details=(str(digest),))
