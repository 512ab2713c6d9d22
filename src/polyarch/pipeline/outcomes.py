"""How documents tell what became of an image in registries; all verbs that publish say it so."""

from collections.abc import Callable, Collection, Sequence

from polyarch.errors import PolyarchError
from polyarch.oci.fields import JsonObject
from polyarch.registry.quota import Usage
from polyarch.transaction.values import Outcome, Status, TagOutcome, Traffic

STANDS = frozenset({Status.PUBLISHED, Status.UNCHANGED})
"""What a destination is that shows what was built."""


def is_partly(statuses: Collection[Status]) -> bool:
    """Whether places differ in what they show now, or something was left behind."""
    found = set(statuses)
    good = found & STANDS
    return Status.LEFT in found or bool(good and found - good)


ErrorToJson = Callable[[PolyarchError], JsonObject]
"""How an error stands in a document: exit codes are the command line's to know."""


def usage_to_json(usage: Usage) -> JsonObject:
    """What was asked of a registry; `remaining` of `limit` within `window_s`, where it told."""
    return {
        "registry": usage.registry,
        "requests": usage.requests,
        "metered": usage.metered,
        "sent": usage.sent,
        "received": usage.received,
        "remaining": usage.remaining,
        "limit": usage.limit,
        "window_s": usage.window_s,
    }


def traffic_to_json(traffic: Traffic) -> JsonObject:
    """Bytes of blobs by how they came to stand there."""
    return {
        "uploaded": traffic.uploaded,
        "mounted": traffic.mounted,
        "present": traffic.present,
    }


def outcome_to_json(outcome: Outcome, error_to_json: ErrorToJson) -> JsonObject:
    """What became of one image at one destination."""
    return {
        "repository": str(outcome.repository),
        "status": outcome.status.value,
        "digest": str(outcome.digest) if outcome.digest else None,
        "adapted": outcome.adapted or None,
        "bytes": traffic_to_json(outcome.traffic),
        "references": references_to_json(outcome.tags),
        "error": error_to_json(outcome.error) if outcome.error else None,
    }


def references_to_json(tags: Sequence[TagOutcome]) -> list[JsonObject]:
    """What became of each tag, as it stands in the documents."""
    return [
        {
            "tag": tag.tag,
            "digest": str(tag.digest) if tag.digest else None,
            "status": tag.status.value,
            "reason": tag.reason or None,
        }
        for tag in tags
    ]
