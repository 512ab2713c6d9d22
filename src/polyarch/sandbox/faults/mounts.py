"""Mounts that are refused instead of being answered by a session.

Sources: goharbor/harbor#17097 (401 for an unknown project); google/go-containerregistry#1404, #1679
(retry without), #1741 (Docker Hub and `origin`) and its `write.go` (Quay wants `from`);
goreleaser/goreleaser#5853 (403).
"""

from http import HTTPStatus

from polyarch.sandbox.auth import denied
from polyarch.sandbox.faults.seen import Seen, asks
from polyarch.sandbox.names import is_repository
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import LOGIN_AGAIN, Answer, Call, refusal


async def refused(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """The refusal of a mount, where it lacks something or in any case."""
    if not asks(call, Kind.UPLOADS, "POST") or "mount" not in call.query:
        return None
    source = call.query.get("from")
    if not quirks.mount_origin and "origin" in call.query:
        return refusal("NAME_INVALID", "invalid repository name", status=400)
    if not source and quirks.mount_without_from == "refused":
        return refusal("INVALID_REQUEST", "Invalid request", status=400)
    known = source is None or (is_repository(source) and call.storage.has_repository(source))
    status = quirks.mount_status or (None if known else quirks.unknown_mount_status)
    return _of_status(call, status) if status else None


def _of_status(call: Call, status: int) -> Answer:
    if status == HTTPStatus.UNAUTHORIZED:
        return LOGIN_AGAIN
    if status == HTTPStatus.FORBIDDEN:
        return denied(call.needs())
    return refusal("UNKNOWN", "the blob cannot be mounted", status=status)
