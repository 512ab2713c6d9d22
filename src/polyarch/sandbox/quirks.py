"""How a sandbox registry differs from a perfect one, as one value.

A new quirk is one field here and one function in `faults`. What only one test needs is better put
into `on_request`; whole registries as values are in `likenesses`. "The first n" of something counts
from when the quirks are set. Sources of the switches: `faults` and `likenesses`.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from polyarch.oci.digest import Digest
from polyarch.sandbox.wire import Answer, Call

OnRequest = Callable[[Call], Awaitable[Answer | Call | None]]
"""Sees each request first: answers it, changes it, or (None) lets it pass."""

Span = tuple[float, float]
"""From (included) and until (not) in seconds of `Quirks.clock`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Switches; the defaults are a registry that does all that the specification says."""

    on_request: OnRequest | None = None
    clock: Callable[[], float] = time.monotonic
    """Seconds; all that takes time here goes by it, except `commit_delay_s`."""

    # --- a host in trouble ---
    down: bool = False
    """Every connection is closed without an answer."""
    down_for: int = 0
    """The same for the first so many requests of all."""
    down_between: Span | None = None
    """The same within this span."""
    silent: int = 0
    """Each method and path gets no answer this many times, the connection staying open."""
    unavailable: int = 0
    """Each method and path is answered 503 this many times first."""
    unavailable_bursts: tuple[int, int] | None = None
    """After so many requests come so many 503s, over and over, whatever they ask."""
    early_close: bool = False
    """A refusal closes the connection at once; what was not read of the request never will be."""
    poison_cookie: bool = False
    """Every answer sets a cookie, and who sends it back gets 403 (goharbor/harbor#14404)."""
    warnings: tuple[str, ...] = ()
    """Texts that every answer brings as `Warning: 299 - "…"`."""

    # --- limits of requests ---
    throttled: int = 0
    """Each method and path is answered 429 this many times first."""
    throttled_between: Span | None = None
    """Every request within this span is answered 429."""
    retry_after: str | None = "1"
    """Of 429 and `rate_403`: seconds, an HTTP date, or nothing."""
    throttle_text: str = "too many requests"
    """The message of 429."""
    rate_403: int = 0
    """Each method and path gets 403 with the words of GHCR's secondary limit this many times."""
    pull_limit: int | None = None
    """Manifest GETs per window, counted down in `RateLimit-*` headers; HEADs are free, then 429."""
    pull_window_s: int = 21600
    """Length of that window."""
    manifest_put_rate: int | None = None
    """More manifest PUTs than this within a second are answered 429."""
    max_body: int | None = None
    """413 for longer bodies; at once where the length is told, else when it is reached."""

    # --- logins ---
    refuse_login: bool = False
    """No login holds: 401, at the token service too."""
    denied_actions: frozenset[str] = frozenset()
    """Actions (`push`, `delete` …) that get 403 DENIED though the login holds."""
    token_uses: int | None = None
    """A bearer token counts for this many requests, then it is as if expired."""
    first_scope_only: bool = False
    """The token service looks at the first scope alone."""
    rejects_authorization: bool = False
    """Whoever sends Authorization gets 400, as storage behind signed URLs has it (S3)."""

    # --- uploads that are cut short, in PATCH or PUT after `cut_after` bytes, which are kept ---
    cut_after: int = 0
    """Shorter bodies are never cut."""
    cut_401: int = 0
    """The first n of each repository end in 401."""
    cut_dropped: int = 0
    """The first n of each repository end in a closed connection."""
    cut_stalled: int = 0
    """The first n of each repository are neither read further nor answered."""

    # --- the URLs that are given ---
    location_http: bool = False
    """Every Location says `http://`, as behind a proxy that ends TLS."""
    location_portless: bool = False
    """Every Location lacks the port."""
    location_relative: bool = False
    """Every Location is a path alone."""
    upload_origin: str | None = None
    """An origin (`http://127.0.0.1:1`) where sessions go on; it shares the storage."""

    # --- uploads ---
    single_post: bool = True
    """False: `POST ?digest=` opens a session instead of taking the blob, as distribution does."""
    patch_status: int = 202
    """ECR says 201."""
    max_chunk: int | None = None
    """416 for a longer Content-Range; the session goes on."""
    min_chunk: int | None = None
    """400 for whatever follows a shorter chunk: only the last may be."""
    min_chunk_told: bool = True
    """Whether `OCI-Chunk-Min-Length` tells it."""
    multi_chunk: bool = True
    """False: only one PATCH per session, and no Content-Range behind the first byte."""
    empty_closing_put: bool = True
    """False: 500 for a closing PUT that brings nothing when bytes came before it."""
    stale_range: bool = False
    """The `Range` of a session stays what it was after the first chunk."""
    upload_status: bool = True
    """False: 405 for the GET of a session."""
    upload_cancel: bool = True
    """False: 405 for the DELETE of a session."""
    resume: bool = True
    """False: 404 for all that comes to a session after an upload that broke off."""
    session_life_s: float | None = None
    """A session is gone so long after it was opened."""

    # --- commits of blobs ---
    lost_commit_answers: int = 0
    """The first n commits of each digest and repository are stored, but not answered."""
    lost_commits: int = 0
    """The first n are neither, and the session is gone."""
    commit_delay_s: float = 0.0
    """Real seconds between storing a blob and the answer."""
    blob_lag: int = 0
    """After a commit so many reads of the blob still get 404."""

    # --- mounts ---
    mount: bool = True
    """False: a mount opens a session instead."""
    mount_status: int | None = None
    """Answer of every mount: 401 with a challenge, 403, or another refusal."""
    unknown_mount_status: int | None = None
    """The same, but only where the source repository is unknown."""
    mount_without_from: Literal["mounted", "session", "refused"] = "mounted"
    """What comes of `mount` without `from`: the blob, a session as if not asked, or 400."""
    mount_origin: bool = True
    """False: 400 for a mount that names an `origin`."""

    # --- blobs that are read ---
    blob_head: bool = True
    """False: 405 for the HEAD of a blob."""
    head_length: int | None = None
    """Content-Length of every HEAD of a blob."""
    blob_ranges: bool = True
    """False: a range is answered with the whole blob."""
    truncate_blobs: int | None = None
    """The connection is closed after this many bytes of a blob, its full length being promised."""
    corrupt_blobs: bool = False
    """One bit of the first byte of every blob is turned."""
    redirect_blobs: str | None = None
    """An origin (`http://127.0.0.1:1`) to which every GET of a blob is sent, same path, 307."""
    redirect_life_s: float | None = None
    """So long the URLs last that are given there, if it has `signed_urls`."""
    signed_urls: bool = False
    """403 for a GET of a blob whose URL has not the `expires` of `redirect_life_s`, or expired."""
    forbids_missing: bool = False
    """403 where 404 would tell that a blob or manifest is missing."""

    # --- manifests ---
    digest_header: str | None = None
    """Docker-Content-Digest of every answer that has one; empty for none."""
    content_type: str | None = None
    """Content-Type of every manifest."""
    manifest_status: int = 201
    """Of a manifest that was taken."""
    max_manifest: int | None = None
    """413 for a longer one."""
    blobs_unknown: int = 0
    """The first n PUTs of each manifest say MANIFEST_BLOB_UNKNOWN."""
    empty_config: bool = True
    """False: a manifest with the OCI empty config is refused, in the words of AliYun."""
    mixed_lists: bool = True
    """False: a docker manifest list must not hold OCI manifests."""
    conflict_again: bool = False
    """409 for a PUT of what its tag or digest shows already."""
    manifest_delete: bool = True
    """False: 405 for the deletion of a manifest by digest."""
    untagged_life_s: float | None = None
    """A manifest pushed without a tag is gone after so long, if no tag holds it by then."""
    untagged_requests: int | None = None
    """The same after so many requests."""

    # --- tags ---
    tag_delete: bool = True
    """False: 400 UNSUPPORTED for tags, as distribution 2.8 has it."""
    tag_delete_takes_all: bool = False
    """Deleting a tag deletes its manifest, and so its other tags."""
    last_tag_takes_all: bool = False
    """A manifest goes with the last tag that holds it, deleted or moved."""
    immutable_tags: bool = False
    """A tag that exists cannot be moved to another digest (400 TAG_INVALID, as ECR has it)."""
    immutable_same_digest: bool = False
    """With `immutable_tags`: not even to the digest that it has (aws/containers-roadmap#2380)."""
    immutable_status: int = 400
    """Harbor says 412."""
    tags_per_put: int | None = None
    """So many `tag` parameters of a PUT by digest are applied; 0 as in 1.1, None for all."""
    parallel_tags_s: float | None = None
    """Two PUTs of one manifest under tags within so many real seconds: the latter is refused."""
    lost_tag_answers: int = 0
    """The first n PUTs of each tag are stored, but not answered."""
    lost_tags: int = 0
    """The first n are neither."""
    tag_lag: int = 0
    """After a PUT so many reads of the tag still show what was there before."""
    conditional_requests: bool = False
    """If-Match and If-None-Match of a manifest PUT count (412), and its answer has an ETag."""
    rival: Digest | None = None
    """A manifest that somebody else moves each tag to, once, between a read and the next PUT."""
    rival_reads: int = 1
    """The number of the read after which that happens."""

    # --- lists ---
    page_size: int | None = None
    """Tags on a page, however many are asked for."""
    max_page: int | None = None
    """400 for a larger `n`."""
    opaque_pages: bool = False
    """The next page is known by a `next_page` only; `last` does not count."""
    null_tags: bool = False
    """No tags are told as `null`."""
    referrers: bool = True
    """False: 404 for referrers, and no `OCI-Subject`."""
    referrers_page: int | None = None
    """Referrers on a page, with a Link to the next."""
    referrer_filters: bool = True
    """False: `artifactType` does not count."""

    # --- repositories ---
    repositories: frozenset[str] | None = None
    """Those that may be pushed to, and those that hold something; None for all."""
    missing_drops: bool = False
    """A push to any other closes the connection instead of 404 NAME_UNKNOWN."""
