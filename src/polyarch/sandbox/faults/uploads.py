"""Upload sessions that take less than the specification allows.

Sources: ocx-sh/ocx#237 (GHCR: 416, its words); dotnet/sdk-container-builds#279, openai/tart#273
and #159, aws/containers-roadmap#2831 (ECR); podman-container-tools/skopeo#1101 (GAR);
Azure/azure-sdk-for-python#29738 (no resuming, and its error).
"""

from dataclasses import replace
from http import HTTPStatus

from multidict import MultiDict

from polyarch.sandbox.faults.seen import Seen, asks, brings_nothing
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.ranges import ByteRange
from polyarch.sandbox.target import Kind
from polyarch.sandbox.uploads import progress
from polyarch.sandbox.wire import Answer, Call, refusal

_SESSION = "Docker-Upload-UUID"


async def plain_post(quirks: Quirks, call: Call, _seen: Seen) -> Call | None:
    """A POST without what this registry does not know."""
    if call.target.kind is not Kind.UPLOADS:
        return None
    ignored = set() if quirks.single_post else {"digest"}
    if not quirks.mount or (quirks.mount_without_from != "mounted" and "from" not in call.query):
        ignored |= {"mount", "from"}
    kept = MultiDict((name, value) for name, value in call.query.items() if name not in ignored)
    return replace(call, query=kept)


async def unsupported(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """405 for a session's GET or DELETE."""
    asked = not quirks.upload_status and asks(call, Kind.UPLOAD, "GET")
    if asked or (not quirks.upload_cancel and asks(call, Kind.UPLOAD, "DELETE")):
        return refusal("UNSUPPORTED", "the operation is unsupported")
    return None


async def expired(quirks: Quirks, call: Call, seen: Seen) -> None:
    """A session that was opened too long ago is forgotten."""
    life, key = quirks.session_life_s, f"opened {call.target.item}"
    if life is not None and key in seen.times and quirks.clock() - seen.times[key] >= life:
        call.storage.cancel_upload(call.target.item)


async def not_resumed(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """404 once a session broke off."""
    if quirks.resume or not seen.counts[f"broken {call.target.item}"]:
        return None
    return refusal("BLOB_UPLOAD_INVALID", "blob upload invalid", status=404)


async def long_chunk(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """416 as GHCR words it, with the place where the session stands."""
    chunk = ByteRange.parse(call.headers.get("Content-Range", ""))
    if quirks.max_chunk is None or not _appends(call) or chunk is None:
        return None
    if chunk.length <= quirks.max_chunk:
        return None
    limit = f"{quirks.max_chunk / 1024**2:.2f}MiB"
    message = f"the request body is too large and exceeds the maximum permissible limit of {limit}"
    where = progress(call, call.target.item, 416).headers
    return refusal("REQUESTED_RANGE_NOT_SATISFIABLE", message, *where, status=416)


async def short_chunk(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """400 for what comes after a chunk that was too short to have a successor."""
    if quirks.min_chunk is None or not _appends(call):
        return None
    session = call.target.item
    if seen.counts[f"short {session}"] and not brings_nothing(call):
        return refusal("BLOB_UPLOAD_INVALID", f"the chunk before is below {quirks.min_chunk} bytes")
    seen.counts[f"size {session}"] = _size(call)
    return None


async def second_chunk(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """Refuse what continues a session; what was sent in one PATCH may be closed."""
    if quirks.multi_chunk or not _appends(call):
        return None
    chunk = ByteRange.parse(call.headers.get("Content-Range", ""))
    later = chunk is not None and chunk.first > 0
    if later or (call.method == "PATCH" and _size(call)):
        return refusal("UNSUPPORTED", "chunked uploads are not supported", status=400)
    return None


async def empty_close(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """500 for a closing PUT without a body after a PATCH (openai/tart#159)."""
    if quirks.empty_closing_put or not asks(call, Kind.UPLOAD, "PUT"):
        return None
    if not _size(call) or not brings_nothing(call):
        return None
    return refusal("UNKNOWN", "internal error")


async def opened(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """Remember when a session was opened, and tell its shortest chunk."""
    session = answer.header(_SESSION)
    if session is None or not asks(call, Kind.UPLOADS, "POST"):
        return answer
    seen.times[f"opened {session}"] = quirks.clock()
    if quirks.min_chunk is None or not quirks.min_chunk_told:
        return answer
    return answer.adding(("OCI-Chunk-Min-Length", str(quirks.min_chunk)))


async def patched(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """Another status, a stale Range, and the note that a chunk was short."""
    if call.target.kind is not Kind.UPLOAD:
        return answer
    session = call.target.item
    if not quirks.resume and answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return refusal("BLOB_UPLOAD_INVALID", "blob upload invalid", status=404)
    accepted = call.method == "PATCH" and answer.status == HTTPStatus.ACCEPTED
    if accepted and quirks.min_chunk is not None:
        grown = _size(call) - seen.counts[f"size {session}"]
        seen.counts[f"short {session}"] = int(grown < quirks.min_chunk)
    range_header = answer.header("Range")
    if quirks.stale_range and range_header is not None:
        key = f"range {session}"
        first = seen.texts.setdefault(key, range_header) if accepted else seen.texts.get(key)
        answer = answer.with_header("Range", first or range_header)
    return replace(answer, status=quirks.patch_status) if accepted else answer


def _appends(call: Call) -> bool:
    return asks(call, Kind.UPLOAD, "PATCH", "PUT")


def _size(call: Call) -> int:
    return call.storage.upload_size(call.repository, call.target.item) or 0
