"""Uploads of blobs in every form: one request, two, streamed, in chunks, resumed, mounted.

Source: distribution-spec v1.1 "Pushing blobs"; the forms of headers follow distribution 2.8.
"""

import asyncio
import hashlib

from polyarch.errors import InvalidDigestError
from polyarch.oci.digest import HEX_LENGTH, Digest
from polyarch.sandbox.ranges import ByteRange
from polyarch.sandbox.scope import PULL, Scope
from polyarch.sandbox.wire import Answer, Call, digest_header, refusal, unknown_digest

_INLINE_BYTES = 64 * 1024
"""Smaller blocks are stored at once: handing them to a thread would take longer than the work."""

_DEFAULT_ALGORITHM = "sha256"


async def start(call: Call) -> Answer:
    """`POST uploads/`: mount a blob, take it whole, or open a session (201, 201, 202)."""
    if mounted := _mount(call):
        return mounted
    text = call.query.get("digest")
    try:
        digest = Digest.parse(text) if text is not None else None
    except InvalidDigestError:
        return unknown_digest(text or "")
    named = digest.algorithm if digest else _DEFAULT_ALGORITHM
    algorithm = call.query.get("digest-algorithm", named)
    if algorithm not in HEX_LENGTH:
        return unknown_digest(algorithm)
    session = call.storage.start_upload(call.repository, algorithm)
    if digest is None:
        return progress(call, session, 202)
    try:
        return await _receive(call, session) or await _commit(call, session, digest)
    finally:
        call.storage.cancel_upload(session)


async def status(call: Call) -> Answer:
    """`GET <session>`: how far it came."""
    return _refuse(call) or progress(call, call.target.item, 204)


async def append(call: Call) -> Answer:
    """`PATCH <session>`: a stream of unknown length, or one chunk at its place."""
    session = call.target.item
    async with call.locks.setdefault(session, asyncio.Lock()):
        refused = _refuse(call) or await _receive(call, session)
        return refused or progress(call, session, 202)


async def finish(call: Call) -> Answer:
    """`PUT <session>?digest=`: the last bytes or none, then the proof of the digest."""
    text = call.query.get("digest", "")
    try:
        digest = Digest.parse(text)
    except InvalidDigestError:
        return unknown_digest(text)
    session = call.target.item
    async with call.locks.setdefault(session, asyncio.Lock()):
        refused = _refuse(call) or await _receive(call, session)
        return refused or await _commit(call, session, digest)


async def cancel(call: Call) -> Answer:
    """`DELETE <session>`: forget it."""
    session = call.target.item
    async with call.locks.setdefault(session, asyncio.Lock()):
        if refused := _refuse(call):
            return refused
        call.storage.cancel_upload(session)
        return Answer(status=204)


def progress(call: Call, session: str, code: int) -> Answer:
    """Where to go on, and the last byte held; as in distribution an empty session says `0-0`."""
    size = call.storage.upload_size(call.repository, session) or 0
    headers = (
        ("Location", call.url(f"blobs/uploads/{session}?_state={_state(session)}")),
        ("Range", f"0-{max(0, size - 1)}"),
        ("Docker-Upload-UUID", session),
    )
    return Answer(status=code, headers=headers)


def _mount(call: Call) -> Answer | None:
    """A blob taken over from another repository; None where a session has to be opened instead."""
    try:
        digest = Digest.parse(call.query.get("mount", ""))
    except InvalidDigestError:
        return None
    source = call.query.get("from")
    readable = (
        holder
        for holder in call.storage.holders(digest)
        if source in {None, holder} and call.permit.allows(Scope(name=holder, actions=PULL))
    )
    if next(readable, None) is None or not call.storage.link_blob(call.repository, digest):
        return None
    return _created(call, digest)


def _refuse(call: Call) -> Answer | None:
    """Why this session cannot go on with this request; it stays as it is."""
    session, text = call.target.item, call.headers.get("Content-Range")
    size = call.storage.upload_size(call.repository, session)
    if size is None or call.query.get("_state") != _state(session):
        return refusal("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", details=(session,))
    if text is None or call.method not in {"PATCH", "PUT"}:
        return None
    chunk = ByteRange.parse(text)
    if chunk is None:
        return refusal("BLOB_UPLOAD_INVALID", "Content-Range is not <first>-<last>")
    if chunk.first != size:
        where = progress(call, session, 416).headers
        return refusal("RANGE_INVALID", f"the next byte expected is {size}", *where)
    if call.headers.get("Content-Length", str(chunk.length)) != str(chunk.length):
        return refusal("SIZE_INVALID", "Content-Length and Content-Range disagree")
    return None


async def _receive(call: Call, session: str) -> Answer | None:
    """Store the body; what arrived before a lost connection is kept, so that it can be resumed."""
    text = call.headers.get("Content-Range")
    chunk = ByteRange.parse(text) if text else None
    received = 0
    async for block in call.body.blocks():
        received += len(block)
        if chunk and received > chunk.length:
            break
        if len(block) <= _INLINE_BYTES:
            call.storage.append_upload(session, block)
        else:
            await asyncio.to_thread(call.storage.append_upload, session, block)
    if chunk and received != chunk.length:
        call.storage.truncate_upload(session, chunk.first)
        return refusal("SIZE_INVALID", "the body and Content-Range disagree")
    return None


async def _commit(call: Call, session: str, digest: Digest) -> Answer:
    if not await asyncio.to_thread(call.storage.finish_upload, session, digest):
        message = "provided digest did not match uploaded content"
        return refusal("DIGEST_INVALID", message, details=(str(digest),))
    return _created(call, digest)


def _created(call: Call, digest: Digest) -> Answer:
    location = ("Location", call.url(f"blobs/{digest}"))
    return Answer(status=201, headers=(location, digest_header(digest)))


def _state(session: str) -> str:
    """An opaque part of the Location: clients that rebuild the URL instead of using it fail."""
    return hashlib.sha256(session.encode()).hexdigest()[:16]
