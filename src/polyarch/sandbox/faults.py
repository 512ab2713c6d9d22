"""What the quirks do: small functions in front of the handlers and behind them.

EARLY sees every request before logins count, LATE those that are permitted, AFTER each answer. A
fault returns None to let a request pass, an Answer in place of the handler's, or a changed Call.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

from multidict import MultiDict

from polyarch.oci.digest import Digest
from polyarch.sandbox.auth import denied
from polyarch.sandbox.manifests import read_bounded
from polyarch.sandbox.names import is_tag
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import (
    DIGEST_HEADER,
    HANG_UP,
    Answer,
    Buffered,
    Call,
    refusal,
)

Before = Callable[[Quirks, Call, Counter[str]], Awaitable[Answer | Call | None]]
After = Callable[[Quirks, Call, Answer], Answer]


class Faults:
    """Applies one set of quirks and counts what was seen."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._seen: Counter[str] = Counter()

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

    def after(self, call: Call, answer: Answer) -> Answer:
        """The faults in what is sent."""
        for fault in AFTER:
            answer = fault(self._quirks, call, answer)
        return answer

    async def _apply(self, faults: tuple[Before, ...], call: Call) -> Answer | Call:
        for fault in faults:
            outcome = await fault(self._quirks, call, self._seen)
            if isinstance(outcome, Answer):
                return outcome
            call = outcome or call
        return call


async def _hook(quirks: Quirks, call: Call, _seen: Counter[str]) -> Answer | Call | None:
    return await quirks.on_request(call) if quirks.on_request else None


async def _down(quirks: Quirks, _call: Call, _seen: Counter[str]) -> Answer | None:
    return HANG_UP if quirks.down else None


async def _rejects_login(quirks: Quirks, call: Call, _seen: Counter[str]) -> Answer | None:
    if not quirks.rejects_authorization or "Authorization" not in call.headers:
        return None
    return Answer(status=400, body=b"<Error><Code>InvalidArgument</Code></Error>")


async def _throttled(quirks: Quirks, call: Call, seen: Counter[str]) -> Answer | None:
    if not _among_first(quirks.throttled, "429", call, seen):
        return None
    headers = [("Retry-After", quirks.retry_after)] if quirks.retry_after is not None else []
    return refusal("TOOMANYREQUESTS", "too many requests", *headers)


async def _unavailable(quirks: Quirks, call: Call, seen: Counter[str]) -> Answer | None:
    if not _among_first(quirks.unavailable, "503", call, seen):
        return None
    return refusal("UNAVAILABLE", "service unavailable")


async def _denied(quirks: Quirks, call: Call, _seen: Counter[str]) -> Answer | None:
    refused = tuple(scope for scope in call.needs() if scope.actions & quirks.denied_actions)
    return denied(refused) if refused else None


async def _no_tag_delete(quirks: Quirks, call: Call, _seen: Counter[str]) -> Answer | None:
    deletes = (call.method, call.target.kind) == ("DELETE", Kind.MANIFEST)
    if quirks.tag_delete or not deletes or not is_tag(call.target.item):
        return None
    return refusal("UNSUPPORTED", "the operation is unsupported", status=400)


async def _immutable(quirks: Quirks, call: Call, _seen: Counter[str]) -> Answer | Call | None:
    """Refuse to move a tag; the body has to be read to know whether the digest is the same."""
    if not quirks.immutable_tags or (call.method, call.target.kind) != ("PUT", Kind.MANIFEST):
        return None
    by_digest = ":" in call.target.item
    tags = call.query.getall("tag", []) if by_digest else [call.target.item]
    standing = {tag: call.storage.tag(call.repository, tag) for tag in tags if is_tag(tag)}
    raw = await read_bounded(call) or b""
    for tag, digest in standing.items():
        same = digest and Digest.of(raw, digest.algorithm) == digest
        if digest and (not same or quirks.immutable_same_digest):
            message = f"the tag '{tag}' exists and cannot be overwritten: tags are immutable"
            return refusal("TAG_INVALID", message)
    return replace(call, body=Buffered(raw))


async def _plain_post(quirks: Quirks, call: Call, _seen: Counter[str]) -> Call | None:
    if call.target.kind is not Kind.UPLOADS:
        return None
    ignored = set() if quirks.single_post else {"digest"}
    ignored |= set() if quirks.mount else {"mount", "from"}
    kept = MultiDict((name, value) for name, value in call.query.items() if name not in ignored)
    return replace(call, query=kept)


def _wrong_digest(quirks: Quirks, _call: Call, answer: Answer) -> Answer:
    if quirks.digest_header is None or answer.header(DIGEST_HEADER) is None:
        return answer
    return answer.with_header(DIGEST_HEADER, quirks.digest_header)


def _wrong_type(quirks: Quirks, call: Call, answer: Answer) -> Answer:
    if quirks.content_type is None or not _reads(call, answer, Kind.MANIFEST):
        return answer
    return answer.with_header("Content-Type", quirks.content_type)


def _damaged(quirks: Quirks, call: Call, answer: Answer) -> Answer:
    if not _reads(call, answer, Kind.BLOB):
        return answer
    flip_at = 0 if quirks.corrupt_blobs else None
    return replace(answer, cut_after=quirks.truncate_blobs, flip_at=flip_at)


def _redirected(quirks: Quirks, call: Call, answer: Answer) -> Answer:
    if quirks.redirect_blobs is None or call.method != "GET" or not _reads(call, answer, Kind.BLOB):
        return answer
    path = f"/v2/{call.repository}/blobs/{call.target.item}"
    return Answer(status=307, headers=(("Location", f"{quirks.redirect_blobs}{path}"),))


EARLY: tuple[Before, ...] = (_hook, _down, _rejects_login, _throttled, _unavailable)
LATE: tuple[Before, ...] = (_denied, _no_tag_delete, _immutable, _plain_post)
AFTER: tuple[After, ...] = (_wrong_digest, _wrong_type, _damaged, _redirected)


def _among_first(times: int, what: str, call: Call, seen: Counter[str]) -> bool:
    """Whether this is one of the first `times` calls of its method and path."""
    if times == 0:
        return False
    key = f"{what} {call.method} {call.target}"
    seen[key] += 1
    return seen[key] <= times


def _reads(call: Call, answer: Answer, kind: Kind) -> bool:
    """Whether this is content of the kind on its way to a client (or its HEAD)."""
    return (
        call.target.kind is kind and call.method in {"GET", "HEAD"} and answer.status in {200, 206}
    )
