"""What the faults remember between requests, the forms that they have, and what a request asks."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from polyarch.oci.digest import Digest
from polyarch.sandbox.names import is_tag
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Buffered, Call

_TAKEN = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)


@dataclass(slots=True, kw_only=True)
class Seen:
    """Counted, timed and kept since the quirks were set; keys begin with the name of the fault."""

    counts: Counter[str] = field(default_factory=Counter)
    times: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    tags: dict[str, Digest | None] = field(default_factory=dict)
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)
    untagged: dict[tuple[str, Digest], tuple[float, int]] = field(default_factory=dict)
    """Manifests pushed to repositories: since when, and since which request, without a tag."""

    def among_first(self, times: int, key: str) -> bool:
        """Whether `key` comes up for one of its first `times` times."""
        if self.counts[key] >= times:
            return False
        self.counts[key] += 1
        return True

    def still(self, key: str) -> bool:
        """Whether `key` was to happen so often as it was counted, and has not yet."""
        if self.counts[key] <= 0:
            return False
        self.counts[key] -= 1
        return True


Before = Callable[[Quirks, Call, Seen], Awaitable[Answer | Call | None]]
After = Callable[[Quirks, Call, Answer, Seen], Awaitable[Answer]]


def asks(call: Call, kind: Kind, *methods: str) -> bool:
    """Whether the request is one of these methods at an endpoint of this kind."""
    return call.target.kind is kind and call.method in methods


def reads(call: Call, answer: Answer, kind: Kind) -> bool:
    """Whether this is content of the kind on its way to a client (or its HEAD)."""
    return asks(call, kind, "GET", "HEAD") and answer.status in {200, 206}


def taken(call: Call, answer: Answer) -> bool:
    """Whether this is the answer to a manifest that was stored."""
    return asks(call, Kind.MANIFEST, "PUT") and answer.status in _TAKEN


def pushed(call: Call) -> bytes:
    """The manifest that is pushed, once `manifests.read_first` has read it."""
    return call.body.data if isinstance(call.body, Buffered) else b""


def tags_of(quirks: Quirks, call: Call) -> tuple[str, ...]:
    """The tags that a manifest PUT sets here."""
    reference = call.target.item
    if ":" not in reference:
        return (reference,) if is_tag(reference) else ()
    listed = tuple(tag for tag in call.query.getall("tag", ()) if is_tag(tag))
    return listed if quirks.tags_per_put is None else listed[: quirks.tags_per_put]


def brings_nothing(call: Call) -> bool:
    """Whether the request says by its headers that it has no body."""
    length = call.headers.get("Content-Length")
    return length == "0" or (length is None and "Transfer-Encoding" not in call.headers)
