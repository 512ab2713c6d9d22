"""Registries that do not take all of an image, and images that everybody is to read."""

import asyncio
from dataclasses import replace

import pytest

from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import UNKNOWN
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.likenesses import ALIYUN
from polyarch.sandbox.server import SandboxRegistry
from tests.cli.test_publish import destinations, pushed, statuses, tags_of
from tests.cli.test_publish_edits import index
from tests.support.images import make_index
from tests.support.tiny_project import TinyProject

Registries = tuple[SandboxRegistry, ...]
PLATFORMS = ("linux/ppc64le", "linux/s390x")


def attested(registry: SandboxRegistry) -> str:
    """An index whose images have attestations in BuildKit's newer form, and where it stands."""
    made = make_index(PLATFORMS)
    empty = made.store.add(mediatype.EMPTY, b"{}")
    children: list[Descriptor] = []
    for child in made.children:
        layer = made.store.add("application/vnd.in-toto+json", str(child.digest).encode())
        manifest = ImageManifest.build(config=empty, layers=[layer])
        made.store.add(manifest.descriptor.media_type, manifest.raw)
        about = {
            annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST,
            annotation.DOCKER_REFERENCE_DIGEST: str(child.digest),
        }
        children.append(replace(manifest.descriptor, platform=UNKNOWN, annotations=about))
    whole = ImageIndex.build([*made.children, *children])
    name = Repository.parse(f"{registry.host}/other/app")

    async def push() -> None:
        async with RegistryClient() as client:
            remote = client.repository(name)
            for child in whole.manifests:
                with made.store.open(child) as file:
                    manifest = ImageManifest.parse(file.read())
                for blob in manifest.blobs:
                    with made.store.open(blob) as file:
                        await remote.push_blob(blob, Body.of_bytes(file.read()))
                await remote.put_manifest(manifest)
            await remote.put_manifest(whole, tag="1")

    asyncio.run(push())
    return str(name.at(whole.descriptor.digest))


@pytest.fixture
def mixed(published: TinyProject, registries: Registries) -> TinyProject:
    """The second registry is AliYun's; the image comes with attestations from elsewhere."""
    name = attested(registries[0])
    registries[1].quirks = ALIYUN
    published.toml(
        "+"
        + "".join(f'[images.app.platform."{p}"]\nfrom = "{name}"\n' for p in PLATFORMS)
        + f'[registries."{registries[1].host}"]\nprofile = "aliyun"\n'
    )
    published.commit()
    return published


def test_one_digest_everywhere_is_refused_where_it_cannot_be(
    mixed: TinyProject, registries: Registries
):
    said = pushed(mixed, "--json")
    assert (said.code, statuses(said)) == (7, ["skipped", "failed", "skipped"]), said
    error = destinations(said)[1]["error"]
    assert error["code"] == "adaptation-needed"
    assert "per-registry" in error["hint"]
    assert [tags_of(registry) - {"1"} for registry in registries] == [set(), set(), set()]


def test_per_registry_leaves_out_what_one_cannot_take(mixed: TinyProject, registries: Registries):
    text = (mixed.root / "polyarch.toml").read_text()
    mixed.toml(text.replace("[images.app.direct]", DIRECT))
    mixed.commit()
    plan = mixed.run("plan", "--json").document["images"][0]["destinations"]
    assert [bool(each["adapted"]) for each in plan] == [False, True, False]
    said = pushed(mixed, "--json")
    assert (said.code, statuses(said)) == (0, ["published"] * 3), said
    whole, less, again = destinations(said)
    assert whole["digest"] == again["digest"] != less["digest"]
    assert "2 attestations are left out" in less["adapted"]
    assert (whole["adapted"], again["adapted"]) == (None, None)
    assert said.document["images"][0]["digest"] == whole["digest"]
    assert [len(index(registry).manifests) for registry in registries] == [4, 2, 4]
    assert index(registries[1]).manifests == index(registries[0]).images
    unchanged = pushed(mixed, "--json")
    assert statuses(unchanged) == ["unchanged"] * 3


def test_what_one_cannot_take_is_never_left_out_at_the_others(
    published: TinyProject, registries: Registries
):
    """The first destination holds less of this very commit: no reason to give the others that."""
    name = attested(registries[1])
    registries[0].quirks = ALIYUN
    text = (published.root / "polyarch.toml").read_text()
    published.toml(
        text.replace("[images.app.direct]", DIRECT)
        + "".join(f'[images.app.platform."{p}"]\nfrom = "{name}"\n' for p in PLATFORMS)
        + f'[registries."{registries[0].host}"]\nprofile = "aliyun"\n'
    )
    published.commit()
    for _ in range(2):
        assert pushed(published).code == 0
        assert [len(index(registry).manifests) for registry in registries] == [2, 4, 4]


DIRECT = '[images.app]\ndigest-policy = "per-registry"\n[images.app.direct]'


class TestPublic:
    def public(self, project: TinyProject) -> None:
        text = (project.root / "polyarch.toml").read_text()
        told = "[images.app]\npublic = true\n[images.app.direct]"
        project.toml(text.replace("[images.app.direct]", told))
        project.commit()

    def test_what_everybody_can_read_is_fine(self, published: TinyProject):
        self.public(published)
        said = pushed(published)
        assert said.code == 0
        assert "does nothing with it yet" not in said.stderr

    def test_what_needs_a_login_is_told(self, published: TinyProject, registries: Registries):
        self.public(published)
        registries[1].auth = BasicAuth(Account(username="robot", password="s3cret"))
        host = registries[1].host.replace(".", "_").replace(":", "_")
        more = {
            f"POLYARCH_{host}_USERNAME": "robot",
            f"POLYARCH_{host}_PASSWORD": "s3cret",
        }
        said = pushed(published, "--json", **more)
        assert statuses(said) == ["published"] * 3, said
        assert said.code == 7
        errors = [each["error"] and each["error"]["code"] for each in destinations(said)]
        assert errors == [None, "not-public", None]


def test_a_kind_of_registry_that_nobody_knows_is_told_with_its_table(published: TinyProject):
    published.toml('+[registries."ghcr.io"]\nprofile = "ghrc"\n')
    said = published.run("plan", "--json", "--offline")
    assert said.code == 2
    told = said.document
    assert told["where"] == 'polyarch.toml, [registries."ghcr.io"]'
    assert "did you mean `ghcr`" in told["hint"]
