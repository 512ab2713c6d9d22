"""Sending blobs and manifests to a registry that behaves, and to some that do not."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import pytest

from polyarch.errors import (
    BlobNotFoundError,
    DigestMismatchError,
    Exchange,
    ImmutableTagError,
    InvalidReferenceError,
    ManifestRefusedError,
    PolyarchError,
    RateLimitedError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
    SizeMismatchError,
    StorageError,
    UnexpectedAnswerError,
    UnsafeTargetError,
    UploadRefusedError,
)
from polyarch.events import Warned
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.sandbox.quirks import OnRequest, Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Call, refusal
from tests.support.remote import (
    CONFIG,
    Connected,
    blob_of,
    connected,
    manifest_of,
    push_image,
    read,
)

TWO_STEPS = Quirks(single_post=False)
"""As distribution has it: a blob never comes with the request that opens its upload."""
LARGE = bytes(range(256)) * 4 * 4096 * 3
ELSEWHERE = Exchange(registry="source.example", method="GET", url="https://source.example/v2/")


def only_first(*conditions: Callable[[Call], Answer | bool | None]) -> OnRequest:
    """An on_request hook that uses each condition once: when it gives an answer."""
    left = list(conditions)

    async def hook(call: Call) -> Answer | None:
        for condition in left:
            answer = condition(call)
            if isinstance(answer, Answer):
                left.remove(condition)
                return answer
        return None

    return hook


def commit(call: Call) -> bool:
    return call.method == "PUT" and call.target.kind is Kind.UPLOAD


async def test_a_large_blob_is_sent_once_in_one_request_and_progress_is_told():
    async with connected(SandboxRegistry()) as place:
        blob, body = blob_of(LARGE)
        told: list[int] = []
        remote = place.repository()
        assert await remote.push_blob(blob, body, on_progress=told.append) == "uploaded"
        assert told == [1048576 * step for step in range(1, len(LARGE) // 1048576 + 1)]
        assert [request.split("/")[0] for request, _ in place.seen()] == ["HEAD ", "POST ", "PUT "]
        assert await remote.push_blob(blob, body) == "present"
        assert len(place.seen("PUT")) == 1
        assert await read(remote, blob) == LARGE


async def test_an_empty_blob_and_one_of_sha512_are_sent_too():
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        empty, body = blob_of(b"")
        assert await remote.push_blob(empty, body) == "uploaded"
        assert await read(remote, empty) == b""
        long = Descriptor(media_type="a/b", digest=Digest.of(b"x", "sha512"), size=1)
        assert await remote.push_blob(long, Body.of_bytes(b"x")) == "uploaded"
        assert await read(remote, long) == b"x"


async def test_many_who_send_the_same_blob_send_it_once():
    async with connected(SandboxRegistry(quirks=TWO_STEPS)) as place:
        blob, body = blob_of(b"shared layer")
        remote = place.repository()
        found = await asyncio.gather(*(remote.push_blob(blob, body) for _ in range(8)))
        assert sorted(found) == ["present"] * 7 + ["uploaded"]
        assert len(place.seen("PUT")) == 1


async def test_a_blob_of_a_sibling_is_mounted():
    async with connected(SandboxRegistry()) as place:
        blob, body = blob_of(b"base layer")
        source = place.repository("team/base")
        await source.push_blob(blob, body)
        place.registry.forget_requests()
        mounted = await place.repository().push_blob(
            blob, body, mount_from=[Repository.parse("ghcr.io/other/app"), source.repository]
        )
        assert mounted == "mounted"
        assert place.seen("PUT") == []
        assert len(place.seen("POST")) == 1


async def test_a_registry_that_does_not_mount_gets_the_blob_in_the_session_it_opened():
    async with connected(SandboxRegistry(quirks=Quirks(mount=False))) as place:
        blob, body = blob_of(b"base layer")
        source = place.repository("team/base").repository
        assert await place.repository().push_blob(blob, body, mount_from=[source]) == "uploaded"
        assert len(place.seen("POST")) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
async def test_a_mount_that_fails_never_fails_the_push(status):
    async def hook(call: Call) -> Answer | None:
        return refusal("UNKNOWN", "no mounts", status=status) if "mount" in call.query else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        blob, body = blob_of(b"base layer")
        source = place.repository("team/base").repository
        assert await place.repository().push_blob(blob, body, mount_from=[source]) == "uploaded"


@pytest.mark.parametrize("stored", [True, False])
async def test_a_commit_whose_answer_is_lost_is_asked_for_before_it_is_repeated(stored):
    content = b"layer of which the answer is lost"
    registry = SandboxRegistry()
    lost: list[Call] = []

    async def lose_the_first_answer(call: Call) -> Answer | None:
        if not commit(call) or lost:
            return None
        lost.append(call)
        if stored:
            await put_behind_its_back(registry, content)
        return HANG_UP

    registry.quirks = Quirks(on_request=lose_the_first_answer, single_post=False)
    async with connected(registry) as place:
        assert await place.repository().push_blob(*blob_of(content)) == "uploaded"
        assert [status for _, status in place.seen("PUT")] == ([201, 0] if stored else [0, 201])
        assert await read(place.repository(), blob_of(content)[0]) == content


async def put_behind_its_back(registry: SandboxRegistry, content: bytes) -> None:
    other = Connected(registry)
    async with other.client:
        await other.repository().push_blob(*blob_of(content))


async def test_a_lost_session_is_opened_anew():
    lost = only_first(lambda c: commit(c) and refusal("BLOB_UPLOAD_UNKNOWN", "gone"))
    async with connected(SandboxRegistry(quirks=replace(TWO_STEPS, on_request=lost))) as place:
        assert await place.repository().push_blob(*blob_of(b"layer")) == "uploaded"
        assert [status for _, status in place.seen("PUT")] == [404, 201]


async def test_a_session_that_is_always_lost_ends():
    async def lost(call: Call) -> Answer | None:
        return refusal("BLOB_UPLOAD_UNKNOWN", "gone") if commit(call) else None

    async with connected(SandboxRegistry(quirks=replace(TWO_STEPS, on_request=lost))) as place:
        with pytest.raises(UploadRefusedError):
            await place.repository().push_blob(*blob_of(b"layer"))
        assert len(place.seen("PUT")) == 3


async def test_a_refused_blob_is_told_and_its_session_cancelled():
    async def too_large(call: Call) -> Answer | None:
        sends = call.method in {"PUT", "PATCH"}
        return Answer(status=413, body=b"Request Entity Too Large") if sends else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=too_large))) as place:
        blob, body = blob_of(LARGE)
        with pytest.raises(UploadRefusedError, match="Request Entity Too Large") as caught:
            await place.repository().push_blob(blob, body)
        assert caught.value.status == 413
        assert len(place.seen("PUT")) == 1
        assert {status for _, status in place.seen("DELETE")} == {204}
        assert len(place.seen("DELETE")) == len(place.seen("POST"))


async def test_an_interrupted_upload_is_cancelled():
    async def hook(call: Call) -> Answer | None:
        if commit(call):
            begun.set()
            await asyncio.sleep(3600)
        return None

    begun = asyncio.Event()
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        pushing = asyncio.create_task(place.repository().push_blob(*blob_of(LARGE)))
        await begun.wait()
        pushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pushing
        assert [status for _, status in place.seen("DELETE")] == [204]


async def test_an_early_success_is_not_believed():
    """201 before the body was sent, and nothing was stored: only a liar says so."""

    async def liar(call: Call) -> Answer | None:
        return Answer(status=201) if commit(call) else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=liar))) as place:
        blob, _ = blob_of(LARGE)
        huge = Descriptor(media_type=blob.media_type, digest=blob.digest, size=200 * len(LARGE))
        body = Body(size=huge.size, open=lambda _offset: Endless())
        with pytest.raises(UnexpectedAnswerError, match="not sent yet"):
            await place.repository().push_blob(huge, body)


class Endless(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        return bytes(size or 0)


async def test_other_bytes_than_promised_are_refused_by_the_registry():
    async with connected(SandboxRegistry()) as place:
        blob, _ = blob_of(b"right")
        with pytest.raises(UploadRefusedError, match="DIGEST_INVALID"):
            await place.repository().push_blob(blob, Body.of_bytes(b"wrong"))
        assert not await place.repository().blob_exists(blob)


async def test_a_source_that_fails_is_not_told_as_the_networks_fault(tmp_path):
    async with connected(SandboxRegistry()) as place:
        blob, _ = blob_of(b"x" * 10)
        short = tmp_path / "short"
        short.write_bytes(b"x" * 4)
        with pytest.raises(SizeMismatchError):
            await place.repository().push_blob(blob, Body.of_path(short, size=10))
        body = Body.of_path(short)
        short.unlink()
        with pytest.raises(BlobNotFoundError):
            await place.repository().push_blob(blob_of(b"xxxx")[0], body)
        assert place.clock.slept == []


@pytest.mark.parametrize(
    "error",
    [
        RegistryUnavailableError(ELSEWHERE, "it is down"),
        RateLimitedError(ELSEWHERE, retry_after_s=9),
        StorageError("/layouts", "no space left on device"),
    ],
)
async def test_trouble_of_the_place_that_a_blob_comes_from_is_not_told_as_the_destinations(error):
    def fail(_offset: int) -> BinaryIO:
        raise error

    async with connected(SandboxRegistry()) as place:
        blob, _ = blob_of(b"x" * 100_000)
        with pytest.raises(PolyarchError) as found:
            await place.repository().push_blob(blob, Body(size=blob.size, open=fail))
        assert found.value is error
        assert place.clock.slept == []
        assert [status for _, status in place.seen("DELETE")] == [204]
        assert await place.repository().push_blob(*blob_of(b"another")) == "uploaded"
        assert place.clock.slept == []


async def test_a_blob_of_another_size_counts_as_absent_and_is_told():
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        await remote.push_blob(*blob_of(b"whole"))
        longer = Descriptor(media_type="a/b", digest=Digest.of(b"whole"), size=9)
        assert not await remote.blob_exists(longer)
        assert isinstance(place.events[0], Warned)


@pytest.mark.parametrize("status", [405, 501])
async def test_a_registry_without_head_of_blobs_gets_them(status):
    async def hook(call: Call) -> Answer | None:
        no_head = call.method == "HEAD" and call.target.kind is Kind.BLOB
        return Answer(status=status) if no_head else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        assert await place.repository().push_blob(*blob_of(b"layer")) == "uploaded"


@pytest.mark.parametrize(
    "location",
    [
        "https://169.254.169.254/x",
        "file:///etc/passwd",
        "http://user:pw@127.0.0.1/x",
        "gopher://x",
        "http://[::1/x",
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1:port/x",
    ],
)
async def test_an_upload_goes_to_no_unsafe_place(location):
    async def hook(call: Call) -> Answer | None:
        if call.method == "POST":
            return Answer(status=202, headers=(("Location", location),))
        return None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(UnsafeTargetError):
            await place.repository().push_blob(*blob_of(b"layer"))


async def test_an_upload_to_another_host_gets_no_login():
    async with SandboxRegistry() as storage:

        async def elsewhere(call: Call) -> Answer | None:
            if call.method == "POST":
                path = f"/v2/{call.repository}/blobs/uploads/"
                return Answer(status=307, headers=(("Location", f"{storage.url}{path}"),))
            return None

        async with connected(SandboxRegistry(quirks=Quirks(on_request=elsewhere))) as place:
            blob, body = blob_of(b"layer")
            await place.repository().push_blob(blob, body)
        assert [r.method for r in storage.requests] == ["POST", "PUT"]
        assert not any(r.had_authorization for r in storage.requests)


# --- manifests -----------------------------------------------------------------------------------


async def test_a_manifest_is_stored_by_digest_and_then_tagged():
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        manifest = await push_image(remote, b"layer")
        assert await remote.tags() == ()
        assert await remote.put_manifest(manifest, "v1") is True
        assert await remote.put_manifest(manifest, "v1") is False
        assert await remote.put_manifest(manifest) is False
        index = ImageIndex.build([manifest.descriptor])
        assert await remote.put_manifest(index, "v1") is True
        assert await remote.head("v1") == index.descriptor
        assert (await remote.get_manifest("v1")).raw == index.raw
        assert await remote.tags() == ("v1",)


@pytest.mark.parametrize("tag", ["", "../x", "a/b", "a?b", ".a", "x" * 129, "é"])
async def test_a_tag_is_checked_before_it_becomes_a_path(tag):
    async with connected(SandboxRegistry()) as place:
        for work in (place.repository().head, place.repository().delete_tag):
            with pytest.raises(InvalidReferenceError):
                await work(tag)
        assert place.seen() == []


async def test_a_manifest_whose_blobs_are_absent_is_refused_at_once():
    async with connected(SandboxRegistry()) as place:
        with pytest.raises(ManifestRefusedError, match="MANIFEST_BLOB_UNKNOWN"):
            await place.repository().put_manifest(manifest_of(b"never sent"))
        assert len(place.seen("PUT")) == 1


async def test_a_registry_that_does_not_see_yet_what_it_took_gets_time():
    def blind(call: Call) -> Answer | None:
        if call.method == "PUT" and call.target.kind is Kind.MANIFEST:
            return refusal("MANIFEST_BLOB_UNKNOWN", "blob unknown")
        return None

    hook = only_first(blind, blind)
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        await push_image(place.repository(), b"layer")
        assert place.clock.slept == [0.5, 1.0]


async def test_a_tag_that_never_moves_is_told():
    async with connected(SandboxRegistry(quirks=Quirks(immutable_tags=True))) as place:
        remote = place.repository()
        first = await push_image(remote, b"one", tag="v1")
        second = await push_image(remote, b"two")
        with pytest.raises(ImmutableTagError, match="immutable") as caught:
            await remote.put_manifest(second, "v1")
        assert caught.value.reference == f"{place.registry.host}/team/app:v1"
        assert await remote.put_manifest(first, "v1") is False


async def test_a_tag_that_refuses_what_it_has_is_done():
    """The move was stored though its answer was lost; the registry then refuses the same digest."""
    quirks = Quirks(immutable_tags=True, immutable_same_digest=True)
    registry = SandboxRegistry(quirks=quirks)
    heads = 0

    async def blind_once(call: Call) -> Answer | None:
        nonlocal heads
        if (call.method, call.target.item) == ("HEAD", "v1"):
            heads += 1
            return Answer(status=404) if heads == 2 else None
        return None

    async with connected(registry) as place:
        remote = place.repository()
        manifest = await push_image(remote, b"one", tag="v1")
        heads = 1
        registry.quirks = Quirks(
            on_request=blind_once, immutable_tags=True, immutable_same_digest=True
        )
        assert await remote.put_manifest(manifest, "v1") is True
        assert place.seen("PUT")[-1][1] == 400


async def test_a_registry_that_stores_something_else_is_told():
    other = str(Digest.of(b"other"))
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        for content in (CONFIG, b"layer"):
            await remote.push_blob(*blob_of(content))
        place.registry.quirks = Quirks(digest_header=other)
        with pytest.raises(DigestMismatchError):
            await remote.put_manifest(manifest_of(b"layer"))


async def test_a_manifest_that_no_registry_takes_is_not_sent():
    manifest = ImageManifest.build(
        config=Descriptor.of(mediatype.OCI_CONFIG, CONFIG),
        layers=[],
        annotations={"long": "x" * 5_000_000},
    )
    async with connected(SandboxRegistry()) as place:
        with pytest.raises(ManifestRefusedError, match="bytes"):
            await place.repository().put_manifest(manifest)
        assert place.seen() == []


async def test_what_a_registry_does_not_know_is_the_manifests_fault():
    """AliYun's refusal of BuildKit's attestations: DENIED, but not for lack of rights."""

    async def aliyun(call: Call) -> Answer | None:
        if call.method == "PUT" and call.target.kind is Kind.MANIFEST:
            return refusal("DENIED", "unknown manifest class for application/vnd.oci.empty.v1+json")
        return None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=aliyun))) as place:
        with pytest.raises(ManifestRefusedError, match="unknown manifest class"):
            await push_image(place.repository(), b"layer")


async def test_check_push_opens_and_cancels_an_upload():
    async with connected(SandboxRegistry()) as place:
        await place.repository().check_push()
        assert [(r.split()[0], status) for r, status in place.seen()] == [
            ("POST", 202),
            ("DELETE", 204),
        ]


async def test_check_push_tells_a_repository_that_must_be_made_first():
    async def hook(call: Call) -> Answer | None:
        unknown = refusal("NAME_UNKNOWN", "The repository does not exist in the registry")
        return unknown if call.method == "POST" else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(RepositoryNotFoundError, match="team/app"):
            await place.repository().check_push()
