"""Repositories that have to be made before something is pushed to them.

Source: dotnet/sdk-container-builds#424 (ECR closes the connection instead of saying so).
"""

from polyarch.sandbox.faults.seen import Seen, asks
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Call, refusal


async def missing(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """What a push to such a repository gets."""
    uploads = call.target.kind in {Kind.UPLOADS, Kind.UPLOAD}
    if quirks.repositories is None or not (uploads or asks(call, Kind.MANIFEST, "PUT")):
        return None
    if call.repository in quirks.repositories or call.storage.has_repository(call.repository):
        return None
    if quirks.missing_drops:
        return HANG_UP
    details = ({"name": call.repository},)
    return refusal("NAME_UNKNOWN", "repository name not known to registry", details=details)
