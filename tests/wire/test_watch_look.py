"""Looking at registries that die, lie or list too much: told, and never taken for well."""

from pathlib import Path

from polyarch.content.shelf import Shelf
from polyarch.errors import RegistryUnavailableError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository
from polyarch.pipeline.watching.look import MOST_CHILDREN, Looker
from polyarch.pipeline.watching.scene import passed_over
from polyarch.pipeline.watching.view import Sight
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.held import held
from tests.support.images import make_index
from tests.support.remote import Connected, connected

PATH = "team/app"


async def look(place: Connected, folder: Path) -> Sight:
    looker = Looker(place.client, Shelf(folder / "shelf"), passed_over)
    repository = Repository(registry=place.registry.host, path=PATH)
    [sight] = (await looker.look({"app": [repository]}))["app"].sights
    return sight


def put(registry: SandboxRegistry, tag: str, index: ImageIndex, raw: bytes | None = None) -> None:
    """Let the storage hold an index, or other bytes under its digest."""
    stored = StoredManifest(raw=raw or index.raw, media_type=index.descriptor.media_type)
    registry.storage.put_manifest(PATH, index.descriptor.digest, stored)
    registry.storage.put_tag(PATH, tag, index.descriptor.digest)


async def test_one_that_dies_on_the_way(tmp_path: Path):
    answered = 0

    async def hook(call: Call) -> Answer | None:
        nonlocal answered
        del call
        answered += 1
        return refusal("UNAVAILABLE", "no more", status=503) if answered > 12 else None

    registry = SandboxRegistry()
    async with connected(registry, login=None) as place:
        for number in range(30):
            held(registry, make_index(content=b"%d" % number), f"{PATH}:{number}")
        registry.quirks = Quirks(on_request=hook)
        sight = await look(place, tmp_path)
    assert sight.listed
    assert [type(each) for each in sight.errors] == [RegistryUnavailableError]
    assert len(sight.tags) + len(sight.unsure) == 30
    assert sight.absent | sight.lacking | sight.dangling == set(), "silence is no answer"
    assert answered < 30 * 8, "who is down is not asked for everything"


async def test_other_bytes_than_the_digest_says(tmp_path: Path):
    registry = SandboxRegistry()
    async with connected(registry, login=None) as place:
        made = make_index()
        held(registry, made)
        put(registry, "rotten", ImageIndex.build(made.children[:1]), b"{}")
        sight = await look(place, tmp_path)
    assert list(sight.broken) == [str(ImageIndex.build(made.children[:1]).descriptor.digest)]
    assert not sight.errors


async def test_an_index_of_more_children_than_any_image_has(tmp_path: Path):
    registry = SandboxRegistry()
    listed = [
        Descriptor(media_type=mediatype.OCI_MANIFEST, digest=Digest.of(b"%d" % at), size=2)
        for at in range(MOST_CHILDREN + 1)
    ]
    async with connected(registry, login=None) as place:
        put(registry, "huge", ImageIndex.build(listed))
        sight = await look(place, tmp_path)
        requests = len(registry.requests)
    assert list(sight.broken.values()) == ["it is larger than any image's index"]
    assert requests < 10


async def test_an_index_in_itself_ends(tmp_path: Path):
    registry = SandboxRegistry()
    async with connected(registry, login=None) as place:
        inner = ImageIndex.build([])
        for _ in range(8):
            inner = ImageIndex.build([inner.descriptor])
            put(registry, "deep", inner)
        sight = await look(place, tmp_path)
    assert sight.broken


async def test_a_repository_that_is_not_there(tmp_path: Path):
    registry = SandboxRegistry()
    async with connected(registry, login=None) as place:
        sight = await look(place, tmp_path)
    assert (sight.listed, dict(sight.tags), sight.errors) == (True, {}, ())
