"""Manifests and the tags that point to them: push, pull, removal.

Strict as Docker Hub, Quay and distribution are: what a manifest refers to must be there. Source:
distribution-spec v1.1 "Pushing Manifests", "Content Management"; `tag` parameters: dev, end-7b.
"""

from polyarch.errors import InvalidDigestError, MalformedManifestError
from polyarch.oci.digest import Digest
from polyarch.sandbox.names import is_tag
from polyarch.sandbox.storage import StoredManifest
from polyarch.sandbox.submission import Need, Submission
from polyarch.sandbox.wire import Answer, Call, digest_header, refusal, unknown_digest

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""The least that a registry should take (distribution-spec v1.1) and what distribution takes."""


async def read_bounded(call: Call) -> bytes | None:
    """The manifest that is sent; None when it is larger than a registry takes."""
    blocks, size = [], 0
    async for block in call.body.blocks():
        size += len(block)
        if size > MAX_MANIFEST_BYTES:
            return None
        blocks.append(block)
    return b"".join(blocks)


async def write(call: Call) -> Answer:
    """`PUT manifests/<reference>`, with `tag` parameters when the reference is a digest."""
    raw = await read_bounded(call)
    if raw is None:
        return refusal("MANIFEST_INVALID", "manifest too large", status=413)
    reference = call.target.item
    try:
        pinned = Digest.parse(reference) if ":" in reference else None
    except InvalidDigestError:
        return unknown_digest(reference)
    digest = Digest.of(raw, pinned.algorithm if pinned else "sha256")
    if pinned and pinned != digest:
        message = "provided digest did not match uploaded content"
        return refusal("DIGEST_INVALID", message, details=(reference,))
    tags = tuple(call.query.getall("tag", ())) if pinned else (reference,)
    if bad := tuple(tag for tag in tags if not is_tag(tag)):
        return refusal("TAG_INVALID", "not a tag", details=bad)
    try:
        submission = Submission.parse(raw, call.headers.get("Content-Type", ""))
    except MalformedManifestError as error:
        return refusal("MANIFEST_INVALID", error.message)
    if refused := _incomplete(call, submission):
        return refused
    return _store(call, digest, raw, submission, tags)


async def read(call: Call) -> Answer:
    """`GET` and `HEAD manifests/<reference>`: the bytes as they were pushed."""
    digest = _resolve(call)
    if isinstance(digest, Answer):
        return digest
    manifest = call.storage.manifest(call.repository, digest)
    if manifest is None or not _accepts(call, manifest.media_type):
        return _unknown(call.target.item)
    headers = (
        ("Content-Type", manifest.media_type),
        ("ETag", f'"{digest}"'),
        digest_header(digest),
    )
    return Answer(status=200, headers=headers, body=manifest.raw)


async def delete(call: Call) -> Answer:
    """`DELETE manifests/<reference>`: a tag alone, or a manifest and all its tags; at once."""
    reference = call.target.item
    if is_tag(reference):
        gone = call.storage.delete_tag(call.repository, reference)
    else:
        digest = _resolve(call)
        if isinstance(digest, Answer):
            return digest
        gone = call.storage.delete_manifest(call.repository, digest)
    return Answer(status=202) if gone else _unknown(reference)


def _store(
    call: Call, digest: Digest, raw: bytes, submission: Submission, tags: tuple[str, ...]
) -> Answer:
    subject = submission.subject
    stored = StoredManifest(media_type=submission.media_type, raw=raw, subject=subject)
    call.storage.put_manifest(call.repository, digest, stored)
    for tag in tags:
        call.storage.put_tag(call.repository, tag, digest)
    headers = [("Location", call.url(f"manifests/{digest}")), digest_header(digest)]
    if ":" in call.target.item:
        headers += [("OCI-Tag", tag) for tag in tags]
    if subject:
        headers.append(("OCI-Subject", str(subject)))
    return Answer(status=201, headers=tuple(headers))


def _incomplete(call: Call, submission: Submission) -> Answer | None:
    """The refusal that names all that is not there, or that has another size than is said."""
    sizes = [(need, _blob_size(call, need)) for need in submission.blobs]
    sizes += [(need, _child_size(call, need)) for need in submission.manifests]
    absent = tuple(str(need.digest) for need, size in sizes if size is None)
    if absent:
        message = "manifest references a manifest or blob unknown to registry"
        return refusal("MANIFEST_BLOB_UNKNOWN", message, details=absent)
    wrong = tuple(str(need.digest) for need, size in sizes if size != need.size)
    if wrong:
        return refusal("MANIFEST_INVALID", "a descriptor has a wrong size", details=wrong)
    return None


def _blob_size(call: Call, need: Need) -> int | None:
    return call.storage.blob_size(call.repository, need.digest)


def _child_size(call: Call, need: Need) -> int | None:
    """An index may list blobs too: BuildKit's cache does, and distribution takes it."""
    manifest = call.storage.manifest(call.repository, need.digest)
    return len(manifest.raw) if manifest else _blob_size(call, need)


def _resolve(call: Call) -> Digest | Answer:
    reference = call.target.item
    if ":" in reference:
        try:
            return Digest.parse(reference)
        except InvalidDigestError:
            return unknown_digest(reference)
    digest = call.storage.tag(call.repository, reference) if is_tag(reference) else None
    return digest or _unknown(reference)


def _accepts(call: Call, media_type: str) -> bool:
    """Whether a client that lists types under Accept lists this one; distribution says 404 else.

    Clients send one header with a list, or one header for each type.
    """
    listed = ",".join(call.headers.getall("Accept", ["*/*"])).split(",")
    types = {entry.partition(";")[0].strip().lower() for entry in listed}
    return bool(types & {"*/*", "application/*", media_type})


def _unknown(reference: str) -> Answer:
    return refusal("MANIFEST_UNKNOWN", "manifest unknown to registry", details=(reference,))
