"""Reading from a registry that behaves, and from some that lie."""

import pytest

from polyarch.errors import (
    BlobNotFoundError,
    DeleteUnsupportedError,
    DeniedError,
    DigestMismatchError,
    MalformedManifestError,
    ManifestNotFoundError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
    SizeMismatchError,
    UnexpectedAnswerError,
    UnsafeTargetError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.registry.retry import RetryPolicy
from polyarch.registry.tags import MAX_TAGS
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, json_answer, refusal
from tests.support.remote import CANARY, CONFIG, blob_of, connected, push_image, read

LAYER = b"0123456789" * 100_000
NOWHERE = Digest.of(b"nowhere")


def answering(kind: Kind, answer: Answer, *methods: str):
    """An on_request hook that gives this answer for one kind of target."""

    async def hook(call: Call) -> Answer | None:
        wanted = call.target.kind is kind and call.method in (methods or {"GET", "HEAD"})
        return answer if wanted else None

    return hook


# --- manifests --------------------------------------------------------------------------------


async def test_what_is_absent_is_none_or_an_error_that_names_it():
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        assert await remote.head("v1") is None
        assert await remote.head(NOWHERE) is None
        with pytest.raises(ManifestNotFoundError, match="team/app:v1"):
            await remote.get_manifest("v1")


async def test_an_absent_repository_is_told_as_such():
    hook = answering(Kind.MANIFEST, refusal("NAME_UNKNOWN", "no such repository"))
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(RepositoryNotFoundError, match="team/app"):
            await place.repository().get_manifest("v1")
        assert await place.repository().head("v1") is None


@pytest.mark.parametrize("status", [500, 403, 418])
async def test_only_a_404_means_absent(status):
    async with connected(SandboxRegistry()) as place:
        await push_image(place.repository(), b"layer", tag="v1")
        place.registry.quirks = Quirks(on_request=answering(Kind.MANIFEST, Answer(status=status)))
        errors = (RegistryUnavailableError, DeniedError, UnexpectedAnswerError)
        with pytest.raises(errors):
            await place.repository().head("v1")


async def test_403_of_a_tag_that_is_not_listed_means_absent():
    """Some registries say so of what is missing; of what nobody may list it is a refusal."""
    async with connected(SandboxRegistry(quirks=Quirks(forbids_missing=True))) as place:
        await push_image(place.repository(), b"layer", tag="v1")
        assert await place.repository().head("v2") is None
        assert await place.repository().head("v1")
        place.registry.quirks = Quirks(denied_actions=frozenset({"pull"}))
        with pytest.raises(DeniedError):
            await place.repository().head("v2")


async def test_a_refused_head_is_asked_again_for_its_reason():
    async def hook(call: Call) -> Answer | None:
        if call.target.kind is not Kind.MANIFEST:
            return None
        missing = refusal("MANIFEST_UNKNOWN", "no such tag", status=404)
        return Answer(status=403) if call.method == "HEAD" else missing

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        assert await place.repository().head("v1") is None


async def test_a_registry_that_names_no_digest_is_read():
    async def hook(call: Call) -> Answer | None:
        if call.target.kind is Kind.MANIFEST and call.method == "HEAD":
            return Answer(status=200, headers=(("Content-Type", mediatype.OCI_MANIFEST),))
        return None

    registry = SandboxRegistry()
    async with connected(registry) as place:
        manifest = await push_image(place.repository(), b"layer", tag="v1")
        registry.quirks = Quirks(on_request=hook)
        assert await place.repository().head("v1") == manifest.descriptor


@pytest.mark.parametrize("reference", ["v1", "digest"])
async def test_a_wrong_digest_is_never_believed(reference):
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        manifest = await push_image(remote, b"layer", tag="v1")
        place.registry.quirks = Quirks(digest_header=str(NOWHERE))
        if reference == "digest":
            with pytest.raises(DigestMismatchError):
                await remote.head(manifest.descriptor.digest)
            assert (await remote.get_manifest(manifest.descriptor.digest)).raw == manifest.raw
        else:
            with pytest.raises(DigestMismatchError):
                await remote.get_manifest("v1")


async def test_a_manifest_that_a_line_has_damaged_is_read_again():
    calls: list[Call] = []

    async def damaged(call: Call) -> Answer | None:
        if call.target.kind is not Kind.MANIFEST or call.method != "GET":
            return None
        calls.append(call)
        document = {"schemaVersion": 3}
        return json_answer(document, media_type=mediatype.OCI_MANIFEST) if calls[1:] == [] else None

    registry = SandboxRegistry()
    async with connected(registry) as place:
        manifest = await push_image(place.repository(), b"layer")
        registry.quirks = Quirks(on_request=damaged)
        assert await place.repository().get_manifest(manifest.descriptor.digest) == manifest
        assert len(calls) == 2


async def test_other_bytes_under_a_digest_are_refused():
    document = json_answer({"schemaVersion": 2}, media_type=mediatype.OCI_MANIFEST)
    hook = answering(Kind.MANIFEST, document)
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(DigestMismatchError, match=str(NOWHERE)):
            await place.repository().get_manifest(NOWHERE)


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "application/json",
        "text/plain; charset=utf-8",
        f"{mediatype.OCI_MANIFEST}; charset=utf-8",
    ],
)
async def test_a_media_type_that_says_nothing_leaves_it_to_the_bytes(media_type):
    async with connected(SandboxRegistry()) as place:
        manifest = await push_image(place.repository(), b"layer", tag="v1")
        place.registry.quirks = Quirks(content_type=media_type)
        assert await place.repository().get_manifest("v1") == manifest
        assert await place.repository().head("v1") == manifest.descriptor


@pytest.mark.parametrize(
    "media_type",
    [mediatype.OCI_INDEX, mediatype.DOCKER_MANIFEST, *mediatype.DOCKER_SCHEMA1, "text/html"],
)
async def test_a_media_type_that_contradicts_the_bytes_is_refused(media_type):
    async with connected(SandboxRegistry()) as place:
        await push_image(place.repository(), b"layer", tag="v1")
        place.registry.quirks = Quirks(content_type=media_type)
        with pytest.raises(MalformedManifestError) as caught:
            await place.repository().get_manifest("v1")
        assert "team/app:v1" in (caught.value.where or "") or "schema 1" in caught.value.message


async def test_a_manifest_without_end_is_not_read_to_its_end():
    endless = Answer(status=200, body=b" " * (3 * MAX_MANIFEST_BYTES))
    hook = answering(Kind.MANIFEST, endless)
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        for reference in ("v1", Digest.of(b"x")):
            with pytest.raises(MalformedManifestError, match="larger than"):
                await place.repository().get_manifest(reference)


# --- blobs ------------------------------------------------------------------------------------


async def test_a_blob_is_read_whole_and_from_any_place():
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        blob, body = blob_of(LAYER)
        await remote.push_blob(blob, body)
        for offset in (0, 1, 500_000, len(LAYER) - 1, len(LAYER), len(LAYER) + 5):
            assert await read(remote, blob, offset) == LAYER[offset:]
        assert await remote.read_blob(blob) == LAYER


@pytest.mark.parametrize("offset", [0, 3, 5, 6])
async def test_an_absent_blob_is_told_before_the_first_byte(offset):
    async with connected(SandboxRegistry()) as place:
        blob, _ = blob_of(b"layer")
        with pytest.raises(BlobNotFoundError):
            await place.repository().open_blob(blob, offset)


async def test_a_damaged_blob_is_never_taken_for_whole():
    async with connected(SandboxRegistry(quirks=Quirks(corrupt_blobs=True))) as place:
        blob, body = blob_of(LAYER)
        await place.repository().push_blob(blob, body)
        with pytest.raises(DigestMismatchError):
            await read(place.repository(), blob)


@pytest.mark.parametrize("size", [5, 11])
async def test_a_blob_of_another_size_is_refused_before_it_is_read(size):
    async with connected(SandboxRegistry()) as place:
        blob, body = blob_of(b"0123456789")
        await place.repository().push_blob(blob, body)
        other = Descriptor(media_type=blob.media_type, digest=blob.digest, size=size)
        with pytest.raises(SizeMismatchError):
            await place.repository().open_blob(other)


async def test_a_blob_that_is_cut_off_is_taken_up_where_it_broke():
    registry = SandboxRegistry(quirks=Quirks(truncate_blobs=400_000))
    async with connected(registry) as place:
        blob, body = blob_of(LAYER)
        await place.repository().push_blob(blob, body)
        assert await read(place.repository(), blob) == LAYER
        assert [status for _, status in place.seen("GET")] == [200, 206, 206]


async def test_a_blob_that_comes_in_many_pieces_is_taken_up_as_long_as_it_goes_on():
    registry = SandboxRegistry(quirks=Quirks(truncate_blobs=1_500_000))
    async with connected(registry) as place:
        content = LAYER * (1 + 20_000_000 // len(LAYER))
        blob, body = blob_of(content)
        await place.repository().push_blob(blob, body)
        assert await read(place.repository(), blob) == content
        assert len(place.seen("GET")) > RetryPolicy().tries


async def test_a_blob_that_is_always_cut_off_ends():
    async with connected(SandboxRegistry(quirks=Quirks(truncate_blobs=0))) as place:
        blob, body = blob_of(LAYER)
        await place.repository().push_blob(blob, body)
        with pytest.raises(RegistryUnavailableError):
            await read(place.repository(), blob)
        assert len(place.seen("GET")) == 8


async def test_a_server_without_ranges_is_read_from_its_start():
    registry = SandboxRegistry()

    async def no_ranges(call: Call) -> Answer | None:
        wanted = call.method == "GET" and call.target.kind is Kind.BLOB
        return Answer(status=200, body=LAYER) if wanted else None

    async with connected(registry) as place:
        blob, body = blob_of(LAYER)
        await place.repository().push_blob(blob, body)
        registry.quirks = Quirks(on_request=no_ranges)
        assert await read(place.repository(), blob, 700_000) == LAYER[700_000:]


@pytest.mark.parametrize("content_range", ["bytes 0-9/10", "bytes 5-9", "", "nonsense"])
async def test_another_range_than_asked_for_is_refused(content_range):
    headers = (("Content-Range", content_range),)
    hook = answering(Kind.BLOB, Answer(status=206, headers=headers, body=b"0123456789"))
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(UnexpectedAnswerError):
            await place.repository().open_blob(blob_of(b"0123456789ab")[0], 2)


async def test_a_stream_that_is_left_early_closes_its_connection():
    async with connected(SandboxRegistry()) as place:
        blob, body = blob_of(LAYER)
        remote = place.repository()
        await remote.push_blob(blob, body)
        stream = await remote.open_blob(blob)
        assert await anext(stream)
        await stream.aclose()
        assert [chunk async for chunk in stream] == []
        await (await remote.open_blob(blob)).aclose()


async def test_a_large_descriptor_is_not_read_into_memory():
    async with connected(SandboxRegistry()) as place:
        blob, _ = blob_of(b"x")
        huge = Descriptor(media_type=blob.media_type, digest=blob.digest, size=2**40)
        with pytest.raises(MalformedManifestError):
            await place.repository().read_blob(huge)


# --- redirects --------------------------------------------------------------------------------


async def test_storage_behind_the_registry_gets_no_login():
    async with SandboxRegistry(quirks=Quirks(rejects_authorization=True)) as storage:
        quirks = Quirks(redirect_blobs=storage.url)
        registry = SandboxRegistry(quirks=quirks, storage=storage.storage)
        async with connected(registry) as place:
            blob, body = blob_of(LAYER)
            await place.repository().push_blob(blob, body)
            assert await read(place.repository(), blob) == LAYER
        reads = [request for request in storage.requests if request.method == "GET"]
        assert [request.status for request in reads] == [200]
        assert not any(request.had_authorization for request in storage.requests)


@pytest.mark.parametrize(
    "target",
    [
        "https://169.254.169.254/secret",
        "http://u:p@127.0.0.1/",
        "ftp://x/y",
        "http://[fe80::1]/",
        "http://[::1/",
        "http://127.0.0.1:port/",
    ],
)
async def test_a_redirect_to_an_unsafe_place_is_not_followed(target):
    hook = answering(Kind.BLOB, Answer(status=307, headers=(("Location", target),)))
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(UnsafeTargetError):
            await place.repository().open_blob(blob_of(b"x")[0])


@pytest.mark.parametrize("location", ["/v2/team/app/blobs/x", ""])
async def test_redirects_without_end_or_target_end(location):
    headers = (("Location", location),) if location else ()
    hook = answering(Kind.BLOB, Answer(status=307, headers=headers))
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(UnexpectedAnswerError):
            await place.repository().open_blob(blob_of(b"x")[0])
        assert len(place.seen()) <= 6


# --- tags and deletes -------------------------------------------------------------------------


async def pages(call: Call) -> Answer | None:
    """Three tags on three pages, of which the second is empty."""
    if call.target.kind is not Kind.TAGS:
        return None
    page = call.query.get("page", "1")
    more = {"1": '</v2/team/app/tags/list?page=2>; rel="next"', "2": "<list?page=3>; rel=next"}
    tags = {"1": ["a", "b"], "2": None, "3": ["c", "../x", 5, ""]}[page]
    headers = (("Link", more[page]),) if page in more else ()
    return json_answer({"name": "team/app", "tags": tags}, *headers)


async def test_all_pages_of_tags_are_read():
    async with connected(SandboxRegistry(quirks=Quirks(on_request=pages))) as place:
        assert await place.repository().tags() == ("a", "b", "c")
        assert await place.repository().tags(1) == ("a",)


async def test_pages_that_lead_in_a_circle_end():
    circle = json_answer({"tags": ["a"]}, ("Link", "</v2/team/app/tags/list?n=1000>; rel=next"))
    hook = answering(Kind.TAGS, circle)
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        assert await place.repository().tags() == ("a",)


async def test_the_next_page_of_another_host_is_not_asked_for():
    async with SandboxRegistry() as other:
        link = ("Link", f'<{other.url}/v2/team/app/tags/list?last=a>; rel="next"')
        hook = answering(Kind.TAGS, json_answer({"tags": ["a"]}, link))
        async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
            with pytest.raises(UnexpectedAnswerError, match="another host"):
                await place.repository().tags()
        assert other.requests == ()


async def test_a_list_of_tags_that_another_host_gives_gets_no_login_there():
    async with SandboxRegistry() as other:
        away = Answer(status=307, headers=(("Location", f"{other.url}/v2/team/app/tags/list"),))
        registry = SandboxRegistry(
            auth=BasicAuth(Account(username="me", password=CANARY)),
            quirks=Quirks(on_request=answering(Kind.TAGS, away)),
        )
        async with connected(registry) as place:
            assert await place.repository().tags() == ()
        assert [request.had_authorization for request in other.requests] == [False]


async def test_full_pages_without_a_link_are_asked_on():
    everything = [f"t{number:05}" for number in range(2500)]

    async def hook(call: Call) -> Answer | None:
        if call.target.kind is not Kind.TAGS:
            return None
        rest = [tag for tag in everything if tag > call.query.get("last", "")]
        return json_answer({"tags": rest[: int(call.query["n"])]})

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        assert await place.repository().tags() == tuple(everything)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200, body=b"<html>portal</html>"),
        json_answer({"tags": "a"}),
        json_answer([]),
        json_answer({"tags": []}, ("Link", "<https://elsewhere.example/x>; rel=next")),
        json_answer({"tags": []}, ("Link", "<http://[::1>; rel=next")),
        json_answer({"tags": []}, ("Link", "<http://127.0.0.1:port/x>; rel=next")),
    ],
)
async def test_what_is_no_list_of_tags_is_told(answer):
    async with connected(
        SandboxRegistry(quirks=Quirks(on_request=answering(Kind.TAGS, answer)))
    ) as place:
        with pytest.raises(UnexpectedAnswerError):
            await place.repository().tags()


async def test_a_list_of_tags_without_end_is_not_read_to_its_end():
    asked: list[int] = []

    async def endless(call: Call) -> Answer | None:
        if call.target.kind is not Kind.TAGS:
            return None
        asked.append(len(asked))
        tags = [f"t{asked[-1]}-{number}" for number in range(MAX_TAGS // 5)]
        more = f"</v2/team/app/tags/list?page={len(asked)}>; rel=next"
        return json_answer({"tags": tags}, ("Link", more))

    async with connected(SandboxRegistry(quirks=Quirks(on_request=endless))) as place:
        with pytest.raises(UnexpectedAnswerError, match="more than 500,000 tags"):
            await place.repository().tags()
    assert len(asked) == 6


async def test_tags_of_a_repository_that_is_not_there_are_none():
    async with connected(SandboxRegistry()) as place:
        assert await place.repository().tags() == ()


async def test_tags_and_manifests_are_deleted():
    async with connected(SandboxRegistry()) as place:
        remote = place.repository()
        manifest = await push_image(remote, b"layer", tag="v1")
        assert await remote.delete_tag("v1") is True
        assert await remote.delete_tag("v1") is False
        assert await remote.head(manifest.descriptor.digest) == manifest.descriptor
        assert await remote.delete_manifest(manifest.descriptor.digest) is True
        assert await remote.head(manifest.descriptor.digest) is None


async def test_a_registry_that_deletes_no_tags_says_so():
    async with connected(SandboxRegistry(quirks=Quirks(tag_delete=False))) as place:
        await push_image(place.repository(), CONFIG, tag="v1")
        with pytest.raises(DeleteUnsupportedError, match="team/app:v1"):
            await place.repository().delete_tag("v1")
