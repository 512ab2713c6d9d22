"""Every switch of the sandbox in the position that hurts, by name; and whole registries.

What can only be known when registries run stands here as a word: `ELSEWHERE` for the origin of a
second server over the same storage.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from polyarch.oci.digest import Digest
from polyarch.registry.profile import Profile
from polyarch.registry.profile_data import UNKNOWN
from polyarch.registry.profiles import PROFILES
from polyarch.sandbox.likenesses import LIKENESSES
from polyarch.sandbox.quirks import Quirks
from tests.support.images import make_index

REPOSITORY = "team/app"
ELSEWHERE = "http://elsewhere.invalid"
HTTP_DATE = "Tue, 14 Nov 2023 22:13:30 GMT"
"""Ten seconds after `simulated.WALL_S`."""

CHUNKED = replace(UNKNOWN, blob_max=64)
"""Small blobs go in chunks as well, so that chunks need no large ones."""

RIVAL = make_index(content=b"somebody else's")
WRONG = str(Digest.of(b"something else"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One registry that is hard to publish to.

    `passes`: a client that knows what it does publishes there all the same. `bearer`: it wants
    tokens. `attested`: the image has an attestation. `tls`: it is reached so. `profile`: what the
    client takes it for.
    """

    quirks: Quirks
    passes: bool = True
    bearer: bool = False
    attested: bool = False
    tls: bool = False
    profile: Profile = UNKNOWN


def hostile(*, passes: bool = True, profile: Profile = UNKNOWN, **switches: object) -> Hostile:
    return Hostile(quirks=Quirks(**switches), passes=passes, profile=profile)  # type: ignore[arg-type]  # the names are checked by Quirks


def tokens(hard: Hostile) -> Hostile:
    return replace(hard, bearer=True)


SWITCHES: Mapping[str, Hostile] = {
    "none": hostile(),
    "down": hostile(down=True, passes=False),
    "down_for": hostile(down_for=2),
    "down_between": hostile(down_between=(0.0, 5.0), passes=False),
    "silent": hostile(silent=1),
    "unavailable": hostile(unavailable=1),
    "unavailable_bursts": hostile(unavailable_bursts=(3, 2)),
    "early_close": hostile(early_close=True),
    "poison_cookie": hostile(poison_cookie=True),
    "warnings": hostile(warnings=('tomorrow "all" of this ends',)),
    "throttled": hostile(throttled=1),
    "throttled-by-date": hostile(throttled=1, retry_after=HTTP_DATE),
    "throttled-untold": hostile(throttled=1, retry_after=None),
    "throttle_text": hostile(throttled=1, retry_after=None, throttle_text="allowed: 2000/minute"),
    "throttled_between": hostile(throttled_between=(0.0, 30.0), retry_after="7"),
    "retry_after-long": hostile(throttled=1, retry_after="3600", passes=False),
    "rate_403": hostile(rate_403=1, retry_after="2"),
    "pull_limit": hostile(pull_limit=1, passes=False),
    "pull_window_s": hostile(pull_limit=2, pull_window_s=5),
    "manifest_put_rate": hostile(manifest_put_rate=1),
    "max_body": hostile(max_body=50, passes=False),
    "max_body-for-layers": hostile(max_body=100, passes=False),
    "refuse_login": tokens(hostile(refuse_login=True, passes=False)),
    "denied_actions-push": hostile(denied_actions=frozenset({"push"}), passes=False),
    "denied_actions-pull": hostile(denied_actions=frozenset({"pull"}), passes=False),
    "denied_actions-delete": tokens(hostile(denied_actions=frozenset({"delete"}))),
    "token_uses": tokens(hostile(token_uses=1, passes=False)),
    "token_uses-5": tokens(hostile(token_uses=5)),
    "first_scope_only": tokens(hostile(first_scope_only=True)),
    "rejects_authorization": tokens(hostile(rejects_authorization=True, passes=False)),
    "cut_401": hostile(cut_401=2, cut_after=10),
    "cut_401-chunks": tokens(hostile(cut_401=2, cut_after=10, profile=CHUNKED)),
    "cut_after": hostile(cut_after=100, cut_dropped=1, cut_401=1),
    "cut_dropped": hostile(cut_dropped=2, cut_after=10),
    "cut_dropped-chunks": hostile(cut_dropped=2, cut_after=10, profile=CHUNKED),
    "cut_stalled": hostile(cut_stalled=2, cut_after=10),
    "cut_stalled-chunks": hostile(cut_stalled=2, cut_after=10, profile=CHUNKED),
    "location_http": replace(hostile(location_http=True), tls=True),
    "location_portless": hostile(location_portless=True),
    "location_relative": hostile(location_relative=True),
    "upload_origin": hostile(upload_origin=ELSEWHERE),
    "single_post": hostile(single_post=False),
    "patch_status": hostile(patch_status=201, profile=CHUNKED),
    "max_chunk": hostile(max_chunk=100, profile=CHUNKED),
    "max_chunk-smaller": hostile(max_chunk=20, profile=CHUNKED),
    "min_chunk": hostile(min_chunk=100, profile=CHUNKED),
    "min_chunk_told": hostile(min_chunk=100, min_chunk_told=False, profile=CHUNKED),
    "multi_chunk": hostile(multi_chunk=False, profile=CHUNKED),
    "empty_closing_put": hostile(empty_closing_put=False, profile=CHUNKED),
    "stale_range": hostile(stale_range=True, profile=CHUNKED),
    "upload_status": hostile(upload_status=False, cut_dropped=2, cut_after=10, profile=CHUNKED),
    "upload_cancel": hostile(upload_cancel=False),
    "resume": hostile(resume=False, cut_dropped=2, cut_after=10, profile=CHUNKED),
    "session_life_s": hostile(session_life_s=5.0, unavailable=1, profile=CHUNKED),
    "session_life_s-short": hostile(session_life_s=0.5, throttled=1, profile=CHUNKED, passes=False),
    "lost_commit_answers": hostile(lost_commit_answers=1),
    "lost_commits": hostile(lost_commits=1),
    "commit_delay_s": hostile(commit_delay_s=30.0),
    "blob_lag": hostile(blob_lag=2),
    "mount": hostile(mount=False),
    "mount_status": hostile(mount_status=401),
    "unknown_mount_status": hostile(unknown_mount_status=401),
    "mount_without_from": hostile(mount_without_from="refused"),
    "mount_origin": hostile(mount_origin=False),
    "blob_head": hostile(blob_head=False, passes=False),
    "head_length": hostile(head_length=1, passes=False),
    "blob_ranges": hostile(blob_ranges=False),
    "truncate_blobs": hostile(truncate_blobs=3),
    "corrupt_blobs": hostile(corrupt_blobs=True),
    "redirect_blobs": hostile(redirect_blobs=ELSEWHERE),
    "redirect_life_s": hostile(redirect_blobs=ELSEWHERE, redirect_life_s=1.0),
    "signed_urls": hostile(redirect_blobs=ELSEWHERE, redirect_life_s=1.0, signed_urls=True),
    "forbids_missing": hostile(forbids_missing=True),
    "digest_header-none": hostile(digest_header=""),
    "digest_header-wrong": hostile(digest_header=WRONG, passes=False),
    "content_type": hostile(content_type="text/plain"),
    "content_type-other": hostile(
        content_type="application/vnd.oci.image.manifest.v1+json", passes=False
    ),
    "manifest_status": hostile(manifest_status=202),
    "max_manifest": hostile(max_manifest=100, passes=False),
    "blobs_unknown": hostile(blobs_unknown=2),
    "empty_config": replace(hostile(empty_config=False, passes=False), attested=True),
    "mixed_lists": hostile(mixed_lists=False),
    "conflict_again": hostile(conflict_again=True),
    "manifest_delete": hostile(manifest_delete=False),
    "untagged_life_s": hostile(untagged_life_s=60.0),
    "untagged_life_s-short": hostile(untagged_life_s=0.0, passes=False),
    "untagged_requests": hostile(untagged_requests=15, passes=False),
    "tag_delete": hostile(tag_delete=False),
    "tag_delete_takes_all": hostile(tag_delete_takes_all=True),
    "last_tag_takes_all": hostile(last_tag_takes_all=True),
    "immutable_tags": hostile(immutable_tags=True, passes=False),
    "immutable_same_digest": hostile(immutable_tags=True, immutable_same_digest=True, passes=False),
    "immutable_status": hostile(immutable_tags=True, immutable_status=412, passes=False),
    "tags_per_put": hostile(tags_per_put=0),
    "parallel_tags_s": hostile(parallel_tags_s=0.05),
    "lost_tag_answers": hostile(lost_tag_answers=1),
    "lost_tags": hostile(lost_tags=1),
    "tag_lag": hostile(tag_lag=2),
    "tag_lag-long": hostile(tag_lag=100, passes=False),
    "conditional_requests": hostile(conditional_requests=True),
    "rival": hostile(rival=RIVAL.index.descriptor.digest, passes=False),
    "rival_reads": hostile(rival=RIVAL.index.descriptor.digest, rival_reads=2, passes=False),
    "rival-last": hostile(rival=RIVAL.index.descriptor.digest, rival_reads=3, passes=False),
    "rival-conditional": hostile(
        rival=RIVAL.index.descriptor.digest,
        rival_reads=2,
        conditional_requests=True,
        passes=False,
    ),
    "page_size": hostile(page_size=1),
    "max_page": hostile(max_page=10),
    "opaque_pages": hostile(opaque_pages=True, page_size=1),
    "null_tags": hostile(null_tags=True),
    "referrers": hostile(referrers=False),
    "referrers_page": hostile(referrers_page=1),
    "referrer_filters": hostile(referrer_filters=False),
    "repositories": hostile(repositories=frozenset(), passes=False),
    "missing_drops": hostile(repositories=frozenset(), missing_drops=True, passes=False),
}
"""The first word of a name is the switch that it is about."""

NOT_SWITCHES = frozenset({"on_request", "clock"})


def switches() -> Iterator[str]:
    """The names of all switches there are."""
    return (each.name for each in fields(Quirks) if each.name not in NOT_SWITCHES)


def _like(name: str, profile: Profile) -> Hostile:
    quirks = LIKENESSES[name]
    if quirks.repositories is not None:
        quirks = replace(quirks, repositories=frozenset({REPOSITORY}))
    return Hostile(quirks=quirks, profile=profile)


REGISTRIES: Mapping[str, Hostile] = {
    **{f"like-{name}": _like(name, PROFILES[name]) for name in LIKENESSES if name in PROFILES},
    **{f"like-{name}-unrecognised": _like(name, UNKNOWN) for name in LIKENESSES},
}
