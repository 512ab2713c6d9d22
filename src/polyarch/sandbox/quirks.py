"""How a sandbox registry differs from a perfect one, as one value.

A new quirk is one field here and one function in `faults.py`. What only one test needs is better
put into `on_request`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from polyarch.sandbox.wire import Answer, Call

OnRequest = Callable[[Call], Awaitable[Answer | Call | None]]
"""Sees each request first: answers it, changes it, or (None) lets it pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Switches; the defaults are a registry that does all that the specification says."""

    on_request: OnRequest | None = None

    down: bool = False
    """Every connection is closed without an answer."""

    refuse_login: bool = False
    """No login holds: 401, at the token service too."""

    denied_actions: frozenset[str] = frozenset()
    """Actions (`push`, `delete` …) that get 403 DENIED though the login holds."""

    throttled: int = 0
    """Each method and path is answered 429 this many times first."""

    retry_after: str | None = "1"
    """Of 429: seconds, an HTTP date, or nothing."""

    unavailable: int = 0
    """Each method and path is answered 503 this many times first."""

    single_post: bool = True
    """False: `POST ?digest=` opens a session instead of taking the blob, as distribution does."""

    mount: bool = True
    """False: a mount opens a session instead."""

    tag_delete: bool = True
    """False: 400 UNSUPPORTED for tags, as distribution 2.8 has it."""

    immutable_tags: bool = False
    """A tag that exists cannot be moved to another digest (400 TAG_INVALID, as ECR has it)."""

    immutable_same_digest: bool = False
    """With `immutable_tags`: not even to the digest that it has (aws/containers-roadmap#2380)."""

    digest_header: str | None = None
    """Docker-Content-Digest of every answer that has one."""

    content_type: str | None = None
    """Content-Type of every manifest."""

    truncate_blobs: int | None = None
    """The connection is closed after this many bytes of a blob, its full length being promised."""

    corrupt_blobs: bool = False
    """One bit of the first byte of every blob is turned."""

    redirect_blobs: str | None = None
    """An origin (`http://127.0.0.1:1`) to which every GET of a blob is sent, same path, 307."""

    rejects_authorization: bool = False
    """Whoever sends Authorization gets 400, as storage behind signed URLs has it (S3)."""
