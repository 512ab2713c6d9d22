"""What refers to a manifest: asked of registries that list it, and of those that do not."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from polyarch.errors import MalformedManifestError, UnexpectedAnswerError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import encode
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.profile import Profile
from polyarch.registry.referrers import entry_of, fallback_tag
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, json_answer
from tests.support.places import EMPTY, SIGNATURE
from tests.support.remote import Connected, blob_of, connected, push_image


def about(subject: ImageManifest, content: bytes) -> ImageManifest:
    value = {
        "schemaVersion": 2,
        "mediaType": mediatype.OCI_MANIFEST,
        "artifactType": SIGNATURE,
        "config": Descriptor.of(EMPTY, b"{}").to_json(),
        "layers": [Descriptor.of(SIGNATURE, content).to_json()],
        "subject": subject.descriptor.to_json(),
        "annotations": {"n": content.decode()},
    }
    return ImageManifest.parse(encode(value))


async def signed(there: Connected, count: int) -> tuple[ImageManifest, list[ImageManifest]]:
    """An image and as many signatures, each pushed as a referrer."""
    remote = there.repository()
    image = await push_image(remote, b"layer")
    made = [about(image, f"signature {number}".encode()) for number in range(count)]
    for number, each in enumerate(made):
        await remote.push_blob(*blob_of(f"signature {number}".encode()))
        await remote.push_referrer(each)
        await remote.push_referrer(each)
    return image, made


@pytest.fixture
async def there() -> AsyncIterator[Connected]:
    async with connected(SandboxRegistry()) as found:
        yield found


@pytest.mark.parametrize("page", [None, 2])
async def test_a_registry_that_lists_them(there: Connected, page: int | None):
    there.registry.quirks = Quirks(referrers_page=page)
    image, made = await signed(there, 5)
    listed = await there.repository().referrers(image.descriptor.digest)
    assert listed.by_registry
    assert {each.digest for each in listed.entries} == {each.descriptor.digest for each in made}
    assert {each.artifact_type for each in listed.entries} == {SIGNATURE}
    assert await there.repository().tags() == ()


async def test_a_registry_that_lists_none(there: Connected):
    there.registry.quirks = Quirks(referrers=False)
    image, made = await signed(there, 3)
    listed = await there.repository().referrers(image.descriptor.digest)
    assert not listed.by_registry
    assert list(listed.entries) == [entry_of(each) for each in made]
    assert listed.entries[0].annotations == {"n": "signature 0"}
    assert await there.repository().tags() == (fallback_tag(image.descriptor.digest),)
    asked = [path for path, _ in there.seen("GET") if "/referrers/" in path]
    assert len(asked) == 1, "whether a registry lists them is found out once"


@pytest.mark.parametrize("lists", [True, False])
async def test_many_at_once_find_out_once_whether_it_lists_them(there: Connected, lists: bool):
    there.registry.quirks = Quirks(referrers=lists)
    remote = there.repository()
    images = [await push_image(remote, b"layer %d" % number) for number in range(5)]
    there.registry.forget_requests()
    await asyncio.gather(*(remote.referrers(each.descriptor.digest) for each in images))
    asked = [path for path, _ in there.seen("GET") if "/referrers/" in path]
    assert len(asked) == (5 if lists else 1)
    assert len(there.seen()) == (5 if lists else 6)


async def test_a_registry_that_is_known_to_list_none_is_not_asked():
    profile = Profile(name="x", title="X", referrers="tag")
    async with connected(SandboxRegistry(), profile=profile) as there:
        image, _ = await signed(there, 1)
        listed = await there.repository().referrers(image.descriptor.digest)
        assert (listed.by_registry, len(listed.entries)) == (False, 1)
        assert not [path for path, _ in there.seen() if "/referrers/" in path]


async def test_nothing_refers(there: Connected):
    for quirks in (Quirks(), Quirks(referrers=False)):
        there.registry.quirks = quirks
        image = await push_image(there.repository("other/app"), b"layer")
        listed = await there.repository("other/app").referrers(image.descriptor.digest)
        assert listed.entries == ()


async def test_what_is_no_list(there: Connected):
    image = await push_image(there.repository(), b"layer")

    async def web_page(call: Call) -> Answer | None:
        if call.target.kind.name != "REFERRERS":
            return None
        return Answer(status=200, headers=(("Content-Type", "text/html"),), body=b"<html>")

    there.registry.quirks = Quirks(on_request=web_page)
    listed = await there.repository().referrers(image.descriptor.digest)
    assert (listed.by_registry, listed.entries) == (False, ())


async def test_a_hostile_list(there: Connected):
    image = await push_image(there.repository(), b"layer")
    index = json.loads(ImageIndex.build([]).raw)

    async def broken(call: Call) -> Answer | None:
        if call.target.kind.name != "REFERRERS":
            return None
        value = {**index, "manifests": [{"digest": "sha256:../../x"}]}
        return json_answer(value, media_type=mediatype.OCI_INDEX)

    there.registry.quirks = Quirks(on_request=broken)
    with pytest.raises(MalformedManifestError):
        await there.repository().referrers(image.descriptor.digest)


async def test_pages_that_lead_elsewhere_or_round_in_circles(there: Connected):
    image = await push_image(there.repository(), b"layer")
    index = json.loads(ImageIndex.build([]).raw)
    links = ['<http://127.0.0.1:1/v2/x>; rel="next"', '<?again=1>; rel="next"']

    def leading(link: str) -> Quirks:
        async def lead(call: Call) -> Answer | None:
            if call.target.kind.name != "REFERRERS":
                return None
            return json_answer(index, ("Link", link), media_type=mediatype.OCI_INDEX)

        return Quirks(on_request=lead)

    there.registry.quirks = leading(links[0])
    with pytest.raises(UnexpectedAnswerError, match="another host"):
        await there.repository().referrers(image.descriptor.digest)
    there.registry.quirks = leading(links[1])
    listed = await there.repository().referrers(image.descriptor.digest)
    assert listed.entries == ()
    assert len([path for path, _ in there.seen("GET") if "/referrers/" in path]) == 3


async def test_an_image_under_the_tag_of_the_list(there: Connected):
    there.registry.quirks = Quirks(referrers=False)
    remote = there.repository()
    image = await push_image(remote, b"layer")
    await push_image(remote, b"other", tag=fallback_tag(image.descriptor.digest))
    with pytest.raises(MalformedManifestError, match="lists referrers is an image"):
        await remote.referrers(image.descriptor.digest)
