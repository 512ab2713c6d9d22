"""Manifests that are refused or taken in another way.

Sources: koordinator-sh/koordinator#3194 (AliYun and the empty config);
podman-container-tools/buildah#3550, #2594 (Quay and mixed lists); docker/cli#5874 (OCIR: 409);
AliyunContainerService/image-syncer#23 (blobs that are unknown for a moment).
"""

import json
from dataclasses import replace

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.sandbox.faults.seen import Seen, asks, pushed, taken
from polyarch.sandbox.manifests import MAX_MANIFEST_BYTES, read_bounded
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Buffered, Call, refusal

OCI_EMPTY = "application/vnd.oci.empty.v1+json"
"""The config of artifacts (image-spec v1.1 manifest.md, "Guidance for an Empty Descriptor")."""


async def read_first(quirks: Quirks, call: Call, _seen: Seen) -> Answer | Call | None:
    """Have the bytes before anything is decided: the faults that follow judge them."""
    if not asks(call, Kind.MANIFEST, "PUT"):
        return None
    raw = await read_bounded(call)
    limit = MAX_MANIFEST_BYTES if quirks.max_manifest is None else quirks.max_manifest
    if raw is None or len(raw) > limit:
        return refusal("MANIFEST_INVALID", "manifest too large", status=413)
    return replace(call, body=Buffered(raw))


async def blobs_unknown(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """What was uploaded is not known yet."""
    if not quirks.blobs_unknown or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    key = f"unknown {call.repository} {Digest.of(pushed(call))}"
    if not seen.among_first(quirks.blobs_unknown, key):
        return None
    return refusal("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")


async def empty_config(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """AliYun's refusal of OCI artifacts; the image and the index around them pass."""
    if quirks.empty_config or _config_type(call) != OCI_EMPTY:
        return None
    return refusal("DENIED", f"unknown manifest class for {OCI_EMPTY}")


async def mixed_list(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """Quay's refusal of a docker list with OCI manifests in it."""
    if quirks.mixed_lists or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    value = _value(call)
    if value.get("mediaType") != mediatype.DOCKER_LIST:
        return None
    if mediatype.OCI_MANIFEST.encode() not in pushed(call):
        return None
    return refusal("MANIFEST_INVALID", "manifest invalid")


async def again(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """409 for a manifest that stands under this very reference."""
    if not quirks.conflict_again or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    reference, digest = call.target.item, Digest.of(pushed(call))
    if ":" in reference:
        stands = call.storage.manifest(call.repository, digest) is not None
    else:
        stands = call.storage.tag(call.repository, reference) == digest
    return refusal("CONFLICT", "the manifest exists", status=409) if stands else None


async def not_deleted(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """405 for the deletion by digest."""
    deletes = asks(call, Kind.MANIFEST, "DELETE") and ":" in call.target.item
    if quirks.manifest_delete or not deletes:
        return None
    return refusal("UNSUPPORTED", "the operation is unsupported")


async def other_status(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Some registries answer 200, 202 or 204."""
    return replace(answer, status=quirks.manifest_status) if taken(call, answer) else answer


def _config_type(call: Call) -> object:
    config = _value(call).get("config") if asks(call, Kind.MANIFEST, "PUT") else None
    return config.get("mediaType") if isinstance(config, dict) else None


def _value(call: Call) -> dict[str, object]:
    """The manifest as far as it is one; the handler refuses what is not."""
    try:
        value = json.loads(pushed(call))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
