"""The manifests that name another one as their subject.

Source: distribution-spec v1.1 "Listing Referrers".
"""

from polyarch.errors import InvalidDigestError
from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.sandbox.submission import Submission
from polyarch.sandbox.wire import Answer, Call, json_answer, unknown_digest


async def read(call: Call) -> Answer:
    """`GET referrers/<digest>`: always an index, empty where nothing refers."""
    try:
        subject = Digest.parse(call.target.item)
    except InvalidDigestError:
        return unknown_digest(call.target.item)
    found = [_describe(call, digest) for digest in call.storage.referrers(call.repository, subject)]
    wanted = call.query.get("artifactType")
    headers = []
    if wanted is not None:
        found = [entry for entry in found if entry.get("artifactType") == wanted]
        headers.append(("OCI-Filters-Applied", "artifactType"))
    index = {"schemaVersion": 2, "mediaType": mediatype.OCI_INDEX, "manifests": found}
    return json_answer(index, *headers, media_type=mediatype.OCI_INDEX)


def _describe(call: Call, digest: Digest) -> JsonObject:
    """A descriptor with the artifact type (a manifest's falls back to its config's) and notes."""
    stored = call.storage.manifest(call.repository, digest)
    if stored is None:
        return {}
    submission = Submission.parse(stored.raw, stored.media_type)
    entry: JsonObject = {
        "mediaType": stored.media_type,
        "digest": str(digest),
        "size": len(stored.raw),
    }
    if submission.artifact_type:
        entry["artifactType"] = submission.artifact_type
    if submission.annotations:
        entry["annotations"] = submission.annotations
    return entry
