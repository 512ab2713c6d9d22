"""Manifests without a tag that a registry clears away.

Sources: vllm-project/vllm-ascend#10347 (Quay, after about an hour);
distribution/distribution#3178 and doobidoo/mcp-memory-service#1044 (clean-up jobs).
"""

from polyarch.oci.digest import Digest
from polyarch.sandbox.faults.seen import Seen, taken
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.storage import Storage
from polyarch.sandbox.submission import Submission
from polyarch.sandbox.wire import DIGEST_HEADER, Answer, Call


async def collected(quirks: Quirks, call: Call, seen: Seen) -> None:
    """Before each request: delete what was without a tag for too long."""
    if not _wanted(quirks):
        return
    seen.counts["collection"] += 1
    held = {repository: held_by_tags(call.storage, repository) for repository, _ in seen.untagged}
    for (repository, digest), (since, count) in tuple(seen.untagged.items()):
        if digest in held[repository]:
            seen.untagged[repository, digest] = (quirks.clock(), seen.counts["collection"])
        elif _too_old(quirks, quirks.clock() - since, seen.counts["collection"] - count):
            call.storage.delete_manifest(repository, digest)
            del seen.untagged[repository, digest]


async def watched(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """After a manifest was stored: its time begins."""
    text = answer.header(DIGEST_HEADER)
    if _wanted(quirks) and text and taken(call, answer):
        key = (call.repository, Digest.parse(text))
        seen.untagged[key] = (quirks.clock(), seen.counts["collection"])
    return answer


def held_by_tags(storage: Storage, repository: str) -> frozenset[Digest]:
    """What the tags of a repository hold: manifests, their children, and who refers to them."""
    found: set[Digest] = set()
    open_ends = [storage.tag(repository, tag) for tag in storage.tags(repository)]
    while open_ends:
        digest = open_ends.pop()
        manifest = storage.manifest(repository, digest) if digest else None
        if digest is None or manifest is None or digest in found:
            continue
        found.add(digest)
        submission = Submission.parse(manifest.raw, manifest.media_type)
        open_ends += [need.digest for need in submission.manifests]
        open_ends += storage.referrers(repository, digest)
    return frozenset(found)


def _wanted(quirks: Quirks) -> bool:
    return quirks.untagged_life_s is not None or quirks.untagged_requests is not None


def _too_old(quirks: Quirks, age_s: float, requests: int) -> bool:
    life, allowed = quirks.untagged_life_s, quirks.untagged_requests
    return (life is not None and age_s >= life) or (allowed is not None and requests > allowed)
