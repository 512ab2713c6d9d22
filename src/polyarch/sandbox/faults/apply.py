"""The faults in their order, and the object that applies one set of quirks.

EARLY sees every request before logins count, LATE those that are permitted, AFTER each answer.
"""

import asyncio

from polyarch.sandbox.faults import (
    collection,
    commits,
    cut,
    downloads,
    host,
    limits,
    lists,
    locations,
    logins,
    manifests,
    mounts,
    repositories,
    tags,
    uploads,
)
from polyarch.sandbox.faults.seen import After, Before, Seen
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Call

EARLY: tuple[Before, ...] = (
    host.hook,
    collection.collected,
    host.down,
    host.silent,
    logins.rejects_login,
    host.poisoned,
    limits.throttled,
    limits.secondary_limit,
    host.unavailable,
    logins.token_used_up,
    logins.first_scope,
    downloads.unsigned,
    cut.capped,
    cut.cut_short,
)
LATE: tuple[Before, ...] = (
    logins.not_permitted,
    repositories.missing,
    lists.pages,
    lists.no_referrers,
    # uploads: what a registry does not know comes off before what it does is judged
    mounts.refused,
    uploads.plain_post,
    uploads.unsupported,
    uploads.expired,
    uploads.not_resumed,
    uploads.long_chunk,
    uploads.second_chunk,
    uploads.short_chunk,
    uploads.empty_close,
    commits.lost,
    # reads
    downloads.no_head,
    downloads.whole,
    commits.lagging,
    limits.pull_counted,
    tags.lagging,
    # manifests: nothing may be awaited behind `condition`
    manifests.not_deleted,
    tags.not_deleted,
    limits.manifests_paced,
    manifests.read_first,
    tags.fewer,
    manifests.blobs_unknown,
    manifests.empty_config,
    manifests.mixed_list,
    manifests.again,
    tags.immutable,
    tags.in_parallel,
    tags.lost,
    tags.before,
    tags.takes_all,
    tags.condition,
)
AFTER: tuple[After, ...] = (
    # what is remembered
    collection.watched,
    commits.stored,
    tags.moved,
    tags.left_behind,
    tags.overtaken,
    uploads.opened,
    # what is changed
    uploads.patched,
    tags.etag,
    lists.opaque_link,
    lists.no_tags,
    lists.paged_referrers,
    lists.no_subject,
    downloads.wrong_digest,
    downloads.wrong_type,
    downloads.damaged,
    locations.elsewhere,
    locations.rewritten,
    downloads.redirected,
    downloads.forbidden,
    limits.pulls_told,
    host.cookie,
    host.warned,
    manifests.other_status,
    host.closed_early,
    # what is not sent
    commits.unanswered,
    tags.unanswered,
)


class Faults:
    """Applies one set of quirks and remembers what was seen."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._seen = Seen()
        self._over = asyncio.Event()

    @property
    def refuse_login(self) -> bool:
        """Whether no login holds."""
        return self._quirks.refuse_login

    async def early(self, call: Call) -> Answer | Call:
        """The test's own hook, then the faults of a server in trouble."""
        return await self._apply(EARLY, call)

    async def late(self, call: Call) -> Answer | Call:
        """The faults of a server that knows who asks."""
        return await self._apply(LATE, call)

    async def after(self, call: Call, answer: Answer) -> Answer:
        """The faults in what is sent."""
        for fault in AFTER:
            answer = await fault(self._quirks, call, answer, self._seen)
        return answer

    def broken(self, call: Call) -> None:
        """Note that a request broke off before its body was read."""
        if call.target.kind is Kind.UPLOAD:
            self._seen.counts[f"broken {call.target.item}"] += 1

    async def silence(self) -> Answer:
        """Wait until these quirks are replaced, then close the connection."""
        await self._over.wait()
        return HANG_UP

    def end(self) -> None:
        """These quirks are replaced: who waits in silence waits no longer."""
        self._over.set()

    async def _apply(self, faults: tuple[Before, ...], call: Call) -> Answer | Call:
        for fault in faults:
            outcome = await fault(self._quirks, call, self._seen)
            if isinstance(outcome, Answer):
                return outcome
            call = outcome or call
        return call
