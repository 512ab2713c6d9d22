"""Tags that cannot be moved, moves that are lost or late, and others who move them.

Sources: aws/containers-roadmap#2380, moby/buildkit#3776 (immutable tags);
GoogleContainerTools/jib#2470 (Quay: tags in parallel); nfrastack/db-backup#575 (GHCR: deletion);
project-zot/zot#4444 (the last tag);
opencontainers/distribution-spec#250, #251 (conditional requests).
"""

import asyncio
from dataclasses import replace
from http import HTTPStatus

from multidict import MultiDict

from polyarch.oci.digest import Digest
from polyarch.sandbox.faults.collection import held_by_tags
from polyarch.sandbox.faults.seen import Seen, asks, pushed, tags_of, taken
from polyarch.sandbox.names import is_tag
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import DIGEST_HEADER, HANG_UP, Answer, Call, refusal


async def not_deleted(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """400 for the deletion of a tag."""
    if quirks.tag_delete or not _deletes(call):
        return None
    return refusal("UNSUPPORTED", "the operation is unsupported", status=400)


async def takes_all(quirks: Quirks, call: Call, _seen: Seen) -> Call | None:
    """The deletion of a tag as that of its manifest."""
    if not quirks.tag_delete_takes_all or not _deletes(call):
        return None
    digest = call.storage.tag(call.repository, call.target.item)
    return replace(call, target=replace(call.target, item=str(digest))) if digest else None


async def fewer(quirks: Quirks, call: Call, _seen: Seen) -> Call | None:
    """A PUT by digest of which only the first `tag` parameters are read."""
    if quirks.tags_per_put is None or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    query = MultiDict((name, value) for name, value in call.query.items() if name != "tag")
    if ":" in call.target.item:
        query.extend(("tag", tag) for tag in tags_of(quirks, call))
    return replace(call, query=query)


async def immutable(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """Refuse to move a tag, or even to leave it where it is."""
    if not quirks.immutable_tags or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    for tag in tags_of(quirks, call):
        digest = call.storage.tag(call.repository, tag)
        same = digest and Digest.of(pushed(call), digest.algorithm) == digest
        if digest and (not same or quirks.immutable_same_digest):
            message = f"the tag '{tag}' exists and cannot be overwritten: tags are immutable"
            return refusal("TAG_INVALID", message, status=quirks.immutable_status)
    return None


async def in_parallel(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """Wait for another PUT of the same manifest: the first that comes is refused, this one goes on.

    Nothing is stored meanwhile, as if both were at work in two transactions.
    """
    if quirks.parallel_tags_s is None or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    if not tags_of(quirks, call):
        return None
    key = f"parallel {call.repository} {Digest.of(pushed(call))}"
    if other := seen.waiting.get(key):
        other.set()
        return refusal("MANIFEST_INVALID", "manifest invalid")
    seen.waiting[key] = asyncio.Event()
    try:
        async with asyncio.timeout(quirks.parallel_tags_s):
            await seen.waiting[key].wait()
    except TimeoutError:
        pass
    finally:
        del seen.waiting[key]
    return None


async def lost(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """No answer to a PUT that was read and not stored."""
    if not quirks.lost_tags or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    return _lost(quirks.lost_tags, "lost tag", quirks, call, seen)


async def unanswered(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """No answer to a PUT that was stored."""
    if not quirks.lost_tag_answers or not taken(call, answer):
        return answer
    return _lost(quirks.lost_tag_answers, "lost tag answer", quirks, call, seen) or answer


async def condition(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """412 when the manifest at this URL is not what the request supposes (RFC 9110 section 13).

    Nothing is awaited between this and the storing: a rival cannot come between.
    """
    if not quirks.conditional_requests or not asks(call, Kind.MANIFEST, "PUT"):
        return None
    current = _current(call)
    wanted, unwanted = _listed(call, "If-Match"), _listed(call, "If-None-Match")
    if (wanted and not _matches(wanted, current)) or _matches(unwanted, current):
        return refusal("PRECONDITION", "the precondition does not hold", status=412)
    return None


async def etag(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """The ETag of what was stored; reads have one in any case."""
    digest = answer.header(DIGEST_HEADER)
    if not quirks.conditional_requests or not taken(call, answer) or not digest:
        return answer
    return answer.with_header("ETag", f'"{digest}"')


async def before(quirks: Quirks, call: Call, seen: Seen) -> None:
    """Remember what a tag shows before it is moved or deleted."""
    if (quirks.tag_lag or quirks.last_tag_takes_all) and asks(call, Kind.MANIFEST, "PUT", "DELETE"):
        for tag in tags_of(quirks, call):
            seen.tags[f"{call.repository} {tag}"] = call.storage.tag(call.repository, tag)


async def moved(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """From here on so many reads see the tag where it was."""
    if quirks.tag_lag and taken(call, answer):
        for tag in tags_of(quirks, call):
            seen.counts[f"tag lag {call.repository} {tag}"] = quirks.tag_lag
    return answer


async def lagging(_quirks: Quirks, call: Call, seen: Seen) -> Answer | Call | None:
    """The old manifest, or 404 where there was none."""
    key = f"tag lag {call.repository} {call.target.item}"
    if not asks(call, Kind.MANIFEST, "GET", "HEAD") or not seen.still(key):
        return None
    old = seen.tags.get(f"{call.repository} {call.target.item}")
    if old is None:
        return refusal("MANIFEST_UNKNOWN", "manifest unknown to registry")
    return replace(call, target=replace(call.target, item=str(old)))


async def left_behind(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """Delete the manifest that lost its last tag."""
    changed = answer.status < HTTPStatus.BAD_REQUEST and asks(call, Kind.MANIFEST, "PUT", "DELETE")
    if quirks.last_tag_takes_all and changed:
        for tag in tags_of(quirks, call):
            old = seen.tags.get(f"{call.repository} {tag}")
            if old and old not in held_by_tags(call.storage, call.repository):
                call.storage.delete_manifest(call.repository, old)
    return answer


async def overtaken(quirks: Quirks, call: Call, answer: Answer, seen: Seen) -> Answer:
    """Somebody else moves the tag that was read just now."""
    tag, repository, rival = call.target.item, call.repository, quirks.rival
    if rival is None or not asks(call, Kind.MANIFEST, "GET", "HEAD") or not is_tag(tag):
        return answer
    key = f"rival {repository} {tag}"
    seen.counts[key] += 1
    due = seen.counts[key] == quirks.rival_reads
    if due and call.storage.manifest(repository, rival) is not None:
        call.storage.put_tag(repository, tag, rival)
    return answer


def _deletes(call: Call) -> bool:
    return asks(call, Kind.MANIFEST, "DELETE") and is_tag(call.target.item)


def _lost(times: int, fault: str, quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    keys = [f"{fault} {call.repository} {tag}" for tag in tags_of(quirks, call)]
    due = [seen.among_first(times, key) for key in keys]
    return HANG_UP if any(due) else None


def _current(call: Call) -> Digest | None:
    reference = call.target.item
    if is_tag(reference):
        return call.storage.tag(call.repository, reference)
    digest = Digest.of(pushed(call), reference.partition(":")[0])
    return digest if call.storage.manifest(call.repository, digest) else None


def _listed(call: Call, header: str) -> list[str]:
    return [tag.strip() for line in call.headers.getall(header, ()) for tag in line.split(",")]


def _matches(listed: list[str], current: Digest | None) -> bool:
    return current is not None and bool({"*", f'"{current}"'} & set(listed))
