"""Large blobs: in chunks, going on after a cut, and in another process from where it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from polyarch.errors import (
    LoginRefusedError,
    RegistryError,
    RegistryUnavailableError,
    UnexpectedAnswerError,
    UploadRefusedError,
)
from polyarch.registry import sending
from polyarch.registry.memory import Upload
from polyarch.registry.profile import Profile
from polyarch.registry.profile_data import AZURE, ECR, GAR, GHCR, UNKNOWN
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.likenesses import LIKENESSES
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import HANG_UP, Answer, Call, refusal
from tests.support.kept_uploads import Kept
from tests.support.remote import CANARY, Connected, blob_of, connected, read

ME = Account(username="me", password=CANARY)
MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 4096 * 6 + b"the last chunk"
"""Six chunks of 1 MiB, and a short one."""
BLOCK = MIB
"""Less than this is read by a server and thrown away when it breaks off."""
IN_CHUNKS = replace(UNKNOWN, blob_max=MIB)


@asynccontextmanager
async def place_of(
    quirks: Quirks | None = None,
    profile: Profile = IN_CHUNKS,
    policy: RetryPolicy | None = None,
) -> AsyncIterator[Connected]:
    registry = SandboxRegistry(quirks=quirks)
    async with connected(registry, profile=profile, policy=policy) as place:
        yield place


def sent(place: Connected) -> int:
    """How many bytes of bodies the registry has read."""
    return sum(r.received for r in place.registry.requests if r.method in {"PATCH", "PUT"})


def kept_by(registry: SandboxRegistry, memory: Kept) -> int:
    """How many bytes the registry has of the one upload that was begun."""
    for upload in memory.uploads.values():
        session = upload.location.partition("?")[0].rpartition("/")[2]
        return registry.storage.upload_size(upload.repository.path, session) or 0
    return 0


def methods(place: Connected) -> list[str]:
    return [request.split()[0] for request, _ in place.seen()]


async def push(place: Connected, memory: Kept | None = None) -> list[int]:
    """Push the content and see that it stands; gives the progress that was told."""
    told: list[int] = []
    blob, body = blob_of(CONTENT)
    how = await place.repository().push_blob(
        blob, body, on_progress=told.append, memory=memory or Kept()
    )
    assert how == "uploaded"
    assert await read(place.repository(), blob) == CONTENT
    return told


async def test_a_large_blob_goes_in_chunks_and_the_last_closes_the_upload():
    async with place_of() as place:
        memory = Kept()
        told = await push(place, memory)
        assert methods(place) == ["HEAD", "POST", *["PATCH"] * 6, "PUT", "GET"]
        assert sent(place) == len(CONTENT)
        assert (told, told[-1]) == (sorted(told), len(CONTENT))
        assert memory.told == [0, *(MIB * step for step in range(1, 7)), None]
        assert memory.uploads == {}


async def test_a_blob_up_to_the_limit_goes_in_one_request():
    async with place_of() as place:
        memory = Kept()
        await place.repository().push_blob(*blob_of(b"x" * MIB), memory=memory)
        assert methods(place) == ["HEAD", "POST", "PUT"]
        assert memory.told == [None]


@pytest.mark.parametrize("cuts", [1, 3])
@pytest.mark.parametrize("profile", [IN_CHUNKS, UNKNOWN], ids=["chunks", "whole"])
async def test_after_a_cut_it_goes_on_from_the_acknowledged_byte(cuts, profile):
    quirks = Quirks(cut_dropped=cuts, cut_after=MIB // 2)
    async with place_of(quirks, profile) as place:
        await push(place)
        assert sent(place) - len(CONTENT) < cuts * BLOCK
        assert len(place.seen("POST")) == 1


async def test_nothing_is_sent_again_though_the_line_breaks_for_ever():
    """Each break comes after something was acknowledged: no count of tries ends it."""
    quirks = Quirks(cut_dropped=20, cut_after=MIB // 4)
    async with place_of(quirks, UNKNOWN, RetryPolicy(tries=3)) as place:
        await push(place)
        assert sent(place) - len(CONTENT) < 20 * BLOCK
        assert len(place.seen("POST")) == 1


async def test_a_registry_that_does_not_tell_gets_that_blob_again():
    quirks = Quirks(cut_dropped=1, cut_after=MIB // 2, upload_status=False)
    async with place_of(quirks) as place:
        await push(place)
        assert len(place.seen("POST")) == 2
        await place.repository().push_blob(*blob_of(CONTENT[::-1]))
        assert len([s for _, s in place.seen("GET") if s == 405]) == 1


async def test_a_registry_that_does_not_resume_is_not_asked():
    quirks = replace(LIKENESSES["azure"], cut_dropped=1, cut_after=MIB // 2)
    async with place_of(quirks, replace(AZURE, blob_max=MIB)) as place:
        await push(place)
        uploads = [r for r in place.registry.requests if "/uploads/" in r.path]
        assert [r for r in uploads if r.method == "GET"] == []
        assert len(place.seen("POST")) == 2


async def test_one_that_loses_what_broke_off_is_found_out():
    quirks = Quirks(cut_dropped=1, cut_after=MIB // 2, resume=False)
    async with place_of(quirks) as place:
        await push(place)
        assert len(place.seen("POST")) == 2


@pytest.mark.parametrize("profile", [IN_CHUNKS, UNKNOWN], ids=["chunks", "whole"])
async def test_a_login_that_dies_under_a_body_is_renewed_and_the_upload_goes_on(profile):
    quirks = Quirks(cut_401=2, cut_after=MIB // 2)
    registry = SandboxRegistry(quirks=quirks, auth=BearerAuth(ME))
    async with connected(registry, profile=profile) as place:
        await push(place)
        assert sent(place) - len(CONTENT) < 2 * BLOCK
        assert [status for _, status in place.seen("POST")] == [202]


@pytest.mark.parametrize("uses", [2, 3, 5])
@pytest.mark.parametrize("profile", [IN_CHUNKS, UNKNOWN], ids=["chunks", "whole"])
async def test_a_token_may_die_at_any_request(uses, profile):
    registry = SandboxRegistry(quirks=Quirks(token_uses=uses), auth=BearerAuth(ME))
    async with connected(registry, profile=profile) as place:
        await push(place)
        assert [status for _, status in place.seen("POST") if status != 401] == [202]


async def test_a_login_that_is_refused_for_good_ends_the_upload():
    async def hook(call: Call) -> Answer | None:
        if call.method == "PATCH" and not refused:
            refused.append(call)
            place.registry.quirks = Quirks(refuse_login=True)
        return None

    refused: list[Call] = []
    registry = SandboxRegistry(quirks=Quirks(on_request=hook), auth=BearerAuth(ME))
    async with connected(registry, profile=IN_CHUNKS) as place:
        with pytest.raises(LoginRefusedError):
            await push(place)
        assert len(place.seen()) < 15


@pytest.mark.parametrize("max_body", [3 * MIB, MIB])
async def test_after_a_413_the_chunks_are_smaller(max_body):
    quirks = Quirks(max_body=max_body)
    async with place_of(quirks, UNKNOWN) as place:
        await push(place)
        assert place.seen("PUT")[0][1] == 413
        place.registry.forget_requests()
        await place.repository().push_blob(*blob_of(CONTENT[::-1]))
        assert 413 not in {status for _, status in place.seen()}


async def test_a_413_in_a_recalled_upload_sends_nothing_twice():
    """Each process finds the limit out anew, with what is left of the blob."""
    registry = SandboxRegistry()
    memory = Kept()
    async with connected(registry, profile=IN_CHUNKS) as place:
        await cut_off(place, memory)
        other = Connected(registry)
        registry.quirks = Quirks(max_body=2 * MIB)
        async with other.client:
            await push(other, memory)
        assert place.seen("POST") == place.seen("DELETE") == []
        assert sent(place) - (len(CONTENT) - 2 * MIB) < BLOCK


async def test_who_wants_longer_chunks_than_it_takes_is_told():
    quirks = Quirks(max_body=3 * MIB, min_chunk=4 * MIB)
    async with place_of(quirks, UNKNOWN) as place:
        blob, body = blob_of(CONTENT)
        with pytest.raises(UploadRefusedError) as caught:
            await place.repository().push_blob(blob, body)
        assert caught.value.status == 413


async def test_what_is_too_large_in_every_size_is_refused():
    async with place_of(Quirks(max_body=1000), UNKNOWN) as place:
        blob, body = blob_of(CONTENT)
        with pytest.raises(UploadRefusedError) as caught:
            await place.repository().push_blob(blob, body)
        assert caught.value.status == 413
        assert len(place.seen("DELETE")) == len(place.seen("POST"))


async def test_ghcr_gets_one_request_and_short_chunks_as_the_last_resort():
    for max_body, expected in ((None, 0), (5 * MIB, 1)):
        quirks = replace(LIKENESSES["ghcr"], max_body=max_body)
        async with place_of(quirks, GHCR) as place:
            await push(place)
            patches = [s for _, s in place.seen("PATCH")]
            assert bool(patches) == bool(expected)
            assert set(patches) <= {202}


async def test_a_416_for_a_long_chunk_makes_the_chunks_shorter():
    profile = replace(UNKNOWN, blob_max=5 * MIB)
    async with place_of(Quirks(max_chunk=2 * MIB), profile) as place:
        await push(place)
        assert len(place.seen("POST")) == 1
        assert [s for _, s in place.seen("PATCH")].count(416) == 1


async def test_gar_gets_one_request_however_large_the_blob():
    async with place_of(LIKENESSES["gar"], replace(GAR, blob_max=MIB)) as place:
        await push(place)
        assert methods(place)[:3] == ["HEAD", "POST", "PUT"]


@pytest.mark.parametrize("status", [400, 405, 411, 415, 501])
async def test_who_refuses_chunks_gets_one_request_from_then_on(status):
    async def hook(call: Call) -> Answer | None:
        return Answer(status=status) if call.method == "PATCH" else None

    async with place_of(Quirks(on_request=hook)) as place:
        await push(place)
        await place.repository().push_blob(*blob_of(CONTENT[::-1]))
        assert len(place.seen("PATCH")) == 1


async def test_who_refuses_the_second_chunk_gets_one_request_too():
    async with place_of(Quirks(multi_chunk=False)) as place:
        await push(place)
        assert [s for _, s in place.seen("PATCH")] == [202, 400]


@pytest.mark.parametrize("told", [True, False])
async def test_chunks_are_as_long_as_the_registry_wants(told):
    profile = IN_CHUNKS if told else replace(IN_CHUNKS, chunk_min=2 * MIB)
    quirks = Quirks(min_chunk=2 * MIB, min_chunk_told=told)
    async with place_of(quirks, profile) as place:
        await push(place)
        assert [s for _, s in place.seen("PATCH")] == [202] * 3
        assert len(place.seen("POST")) == 1


async def test_a_registry_that_wants_chunks_of_any_length_gets_no_more_than_one():
    async with place_of(Quirks(min_chunk=2**50)) as place:
        await push(place)
        assert place.seen("PATCH") == []


async def test_ecr_takes_chunks_its_own_way():
    quirks = replace(LIKENESSES["ecr"], repositories=None, min_chunk=2 * MIB)
    async with place_of(quirks, replace(ECR, chunk_min=2 * MIB, blob_max=MIB)) as place:
        await push(place)
        assert [s for _, s in place.seen("PATCH")] == [201] * 3
        assert len(place.seen("POST")) == 1


async def test_a_stale_range_costs_the_chunks_and_not_the_push():
    """Nobody knows this registry, and what it says of its uploads is wrong after the first."""
    async with place_of(Quirks(stale_range=True)) as place:
        await push(place)
        assert len(place.seen("POST")) == 2


@pytest.mark.parametrize("range_", ["0-99999999999", "0-x", "", "bytes=0-1048575", "0-1048576"])
async def test_any_range_that_is_told_of_a_chunk_ends_well_or_in_an_error(range_):
    async def hook(call: Call) -> Answer | None:
        if call.method != "PATCH" or told:
            return None
        told.append(range_)
        async for _ in call.body.blocks():
            pass
        call.storage.append_upload(call.target.item, CONTENT[:MIB])
        return Answer(status=202, headers=(("Range", range_),) if range_ else ())

    told: list[str] = []
    async with place_of(Quirks(on_request=hook)) as place:
        if "999" in range_:
            with pytest.raises(UnexpectedAnswerError, match="more bytes than were sent"):
                await push(place)
        else:
            await push(place)


async def test_a_registry_that_takes_nothing_of_any_chunk_gets_one_request():
    async def hook(call: Call) -> Answer | None:
        if call.method != "PATCH":
            return None
        async for _ in call.body.blocks():
            pass
        return Answer(status=202, headers=(("Range", "0-0"),))

    async with place_of(Quirks(on_request=hook)) as place:
        await push(place)
        assert len(place.seen("PATCH")) <= 6


async def test_a_success_before_the_chunk_was_sent_is_not_believed():
    async def hook(call: Call) -> Answer | None:
        return Answer(status=202) if call.method == "PATCH" else None

    huge = replace(UNKNOWN, blob_max=64 * MIB)
    async with place_of(Quirks(on_request=hook), huge) as place:
        blob, body = blob_of(CONTENT * 20)
        with pytest.raises(UnexpectedAnswerError, match="not sent yet"):
            await place.repository().push_blob(blob, body)


@pytest.mark.parametrize("lost", ["answer", "commit"])
async def test_a_lost_commit_in_chunks_is_asked_for(lost):
    quirks = Quirks(lost_commit_answers=lost == "answer", lost_commits=lost == "commit")
    async with place_of(quirks) as place:
        await push(place)
        assert len(place.seen("POST")) == (1 if lost == "answer" else 2)


async def test_wrong_bytes_in_chunks_are_refused_once():
    async with place_of() as place:
        blob, _ = blob_of(CONTENT)
        _, wrong = blob_of(CONTENT[::-1])
        with pytest.raises(UploadRefusedError, match="DIGEST_INVALID"):
            await place.repository().push_blob(blob, wrong)
        assert len(place.seen("POST")) == 1
        assert place.seen("DELETE")[0][1] in {204, 404}


# --- another process ----------------------------------------------------------------------------


async def cut_off(place: Connected, memory: Kept) -> None:
    """Push until the third chunk, where the process dies."""

    async def hook(call: Call) -> Answer | None:
        if call.method == "PATCH" and len(memory.told) > 2:
            begun.set()
            await asyncio.sleep(3600)
        return None

    begun = asyncio.Event()
    place.registry.quirks = Quirks(on_request=hook)
    blob, body = blob_of(CONTENT)
    pushing = asyncio.create_task(place.repository().push_blob(blob, body, memory=memory))
    await begun.wait()
    pushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pushing
    place.registry.quirks = Quirks()
    place.registry.forget_requests()


async def test_another_process_goes_on_from_the_acknowledged_byte():
    registry = SandboxRegistry()
    memory = Kept()
    async with connected(registry, profile=IN_CHUNKS) as place:
        await cut_off(place, memory)
        assert memory.told == [0, MIB, 2 * MIB]
        other = Connected(registry, profile=IN_CHUNKS)
        async with other.client:
            await push(other, memory)
        assert place.seen("POST") == place.seen("DELETE") == []
        assert sent(place) == len(CONTENT) - 2 * MIB
        assert memory.uploads == {}


async def test_one_long_request_goes_on_in_another_process_too(monkeypatch):
    """A fast line needs no chunks; what a registry kept of a broken request is still used."""
    monkeypatch.setattr(sending, "LARGE", MIB)
    registry = SandboxRegistry(quirks=Quirks(cut_stalled=1, cut_after=2 * MIB))
    memory = Kept()

    async with connected(registry) as place:
        blob, body = blob_of(CONTENT)
        pushing = asyncio.create_task(place.repository().push_blob(blob, body, memory=memory))
        while kept_by(registry, memory) < 2 * MIB:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.01)
        pushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pushing
        assert memory.told == [0]
        registry.quirks = Quirks()
        await registry.stop()
        await registry.start()
        registry.forget_requests()
        await push(place, memory)
        assert sent(place) == len(CONTENT) - 2 * MIB
        assert len(place.seen("POST")) == 0


async def test_who_remembers_nothing_leaves_no_half_upload():
    async def hook(call: Call) -> Answer | None:
        if call.method == "PATCH":
            begun.set()
            await asyncio.sleep(3600)
        return None

    begun = asyncio.Event()
    async with place_of(Quirks(on_request=hook)) as place:
        blob, body = blob_of(CONTENT)
        pushing = asyncio.create_task(place.repository().push_blob(blob, body))
        await begun.wait()
        pushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pushing
        assert len(place.seen("DELETE")) == 1


@pytest.mark.parametrize(
    "location",
    [
        "https://169.254.169.254/latest",
        "http://192.168.0.1/x",
        "file:///etc/passwd",
        "http://me:pw@127.0.0.1/x",
        "",
        "/v2/team/app/blobs/uploads/gone",
        "HOME/v2/team/app/blobs/uploads/gone?_state=x",
        "HOME/v2/team/app/manifests/v1",
        "HOME/v2/",
    ],
)
async def test_a_location_from_a_file_is_believed_no_more_than_a_registrys(location):
    async with place_of() as place:
        repository = place.repository().repository
        home = place.registry.url
        upload = Upload(
            repository=repository,
            digest=blob_of(CONTENT)[0].digest,
            location=location.replace("HOME", home),
            acknowledged=MIB,
        )
        await push(place, Kept(upload))
        assert sent(place) == len(CONTENT)
        # Nothing but a question goes to what is no upload.
        strange = [r for r in place.registry.requests if "uploads" not in r.path]
        assert {r.method for r in strange} <= {"GET", "HEAD"}


@pytest.mark.parametrize("acknowledged", [-5, 0, 1, 3 * MIB, 10**15])
async def test_how_far_it_came_is_the_registrys_to_say(acknowledged):
    registry = SandboxRegistry()
    memory = Kept()
    async with connected(registry, profile=IN_CHUNKS) as place:
        await cut_off(place, memory)
        [(key, upload)] = memory.uploads.items()
        memory.uploads[key] = replace(upload, acknowledged=acknowledged)
        await push(place, memory)
        assert sent(place) == len(CONTENT) - 2 * MIB


async def test_an_upload_of_other_bytes_costs_that_blob_alone():
    """The half that stands there is of another blob: only the digest can tell, at the end."""
    registry = SandboxRegistry()
    memory = Kept()
    async with connected(registry, profile=IN_CHUNKS) as place:
        await cut_off(place, memory)
        [upload] = memory.uploads.values()
        other = CONTENT[::-1]
        blob, body = blob_of(other)
        wrong = Kept(replace(upload, digest=blob.digest))
        assert await place.repository().push_blob(blob, body, memory=wrong) == "uploaded"
        assert await read(place.repository(), blob) == other


async def test_a_recalled_upload_on_another_host_gets_no_login():
    async with SandboxRegistry() as storage, place_of() as place:
        upload = Upload(
            repository=place.repository().repository,
            digest=blob_of(CONTENT)[0].digest,
            location=f"{storage.url}/v2/team/app/blobs/uploads/x",
            acknowledged=MIB,
        )
        await push(place, Kept(upload))
        assert [r.had_authorization for r in storage.requests] == [False]


async def test_a_host_that_is_down_leaves_the_upload_for_later():
    quirks = Quirks()
    memory = Kept()
    async with place_of(quirks, policy=RetryPolicy(tries=2)) as place:

        async def hook(call: Call) -> Answer | None:
            return HANG_UP if len(memory.told) > 2 else None

        place.registry.quirks = Quirks(on_request=hook)
        blob, body = blob_of(CONTENT)
        with pytest.raises(RegistryUnavailableError):
            await place.repository().push_blob(blob, body, memory=memory)
        assert len(memory.uploads) == 1
        place.registry.quirks = Quirks()
        place.registry.forget_requests()
        await push(place, memory)
        assert sent(place) == len(CONTENT) - 2 * MIB


async def test_a_refusal_leaves_nothing_behind():
    memory = Kept()

    async def hook(call: Call) -> Answer | None:
        denied = call.method == "PATCH" and len(memory.told) > 2
        return refusal("DENIED", "quota exceeded") if denied else None

    async with place_of(Quirks(on_request=hook)) as place:
        blob, body = blob_of(CONTENT)
        with pytest.raises(RegistryError, match="quota exceeded"):
            await place.repository().push_blob(blob, body, memory=memory)
        assert memory.uploads == {}
        assert len(place.seen("DELETE")) == 1
