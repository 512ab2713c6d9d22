"""Our client against CNCF distribution: open, with passwords, with a token server."""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.content.graph import copy_graph
from polyarch.content.memory import MemoryStore
from polyarch.errors import (
    DeleteUnsupportedError,
    LoginRefusedError,
    ManifestNotFoundError,
    ManifestRefusedError,
    UploadRefusedError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.body import Body
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import Credential, FixedKeychain
from polyarch.registry.credentials import CredentialStore
from polyarch.registry.profiles import PROFILES
from polyarch.registry.repository import RemoteRepository
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth, Registry, write_logins
from tests.lab.skopeo import Skopeo
from tests.support.images import make_index
from tests.support.kept_uploads import Kept
from tests.support.remote import blob_of, manifest_of, push_image, read

EVERY_AUTH = pytest.mark.parametrize("auth", list(Auth))
LARGE_BYTES = 64 * 1024 * 1024


def store_of(registry: Registry, folder: Path) -> CredentialStore:
    """The login as a user has it: in a Docker config file."""
    config = write_logins(folder / "docker" / "config.json", registry)
    environment = {"DOCKER_CONFIG": str(config.parent), "PATH": "/usr/bin"}
    return CredentialStore(environment=environment, home=folder)


@asynccontextmanager
async def connected(registry: Registry, folder: Path) -> AsyncIterator[RemoteRepository]:
    async with RegistryClient(keychain=store_of(registry, folder)) as client:
        yield client.repository(Repository(registry=registry.host, path="team/app"))


@EVERY_AUTH
async def test_an_image_is_published_and_read_back(
    auth: Auth, distribution_registry: StartRegistry, tmp_path: Path
):
    async with connected(distribution_registry(auth), tmp_path) as remote:
        await remote.ping()
        await remote.check_push()
        assert await remote.head("v1") is None
        manifest = await push_image(remote, b"layer")
        assert await remote.tags() == ()
        index = ImageIndex.build([manifest.descriptor])
        assert await remote.put_manifest(index) is True
        assert await remote.put_manifest(index, "v1") is True
        assert await remote.put_manifest(index, "v1") is False
        assert await remote.head("v1") == index.descriptor
        assert (await remote.get_manifest("v1")).raw == index.raw
        assert await remote.get_manifest(manifest.descriptor.digest) == manifest
        layer, _ = blob_of(b"layer")
        assert await read(remote, layer) == b"layer"
        assert await read(remote, layer, 3) == b"er"
        assert await remote.tags() == ("v1",)


@EVERY_AUTH
async def test_a_large_blob_is_sent_from_a_file_and_mounted(
    auth: Auth, distribution_registry: StartRegistry, tmp_path: Path
):
    path = tmp_path / "layer"
    path.write_bytes(os.urandom(1024) * (LARGE_BYTES // 1024))
    registry = distribution_registry(auth)
    digest = Digest.of(path.read_bytes())
    blob = Descriptor(media_type=mediatype.OCI_LAYER, digest=digest, size=LARGE_BYTES)
    told: list[int] = []
    async with RegistryClient(keychain=store_of(registry, tmp_path)) as client:
        base = client.repository(Repository(registry=registry.host, path="team/base"))
        app = client.repository(Repository(registry=registry.host, path="team/app"))
        body = Body.of_path(path)
        assert await base.push_blob(blob, body, on_progress=told.append) == "uploaded"
        assert told == sorted(told)
        assert told[-1] == LARGE_BYTES
        assert await base.push_blob(blob, body) == "present"
        assert await app.push_blob(blob, body, mount_from=[base.repository]) == "mounted"
        size = 0
        async for chunk in await app.open_blob(blob):
            size += len(chunk)
        assert size == LARGE_BYTES


@EVERY_AUTH
async def test_a_large_blob_goes_in_chunks_and_another_process_goes_on(
    auth: Auth, distribution_registry: StartRegistry, tmp_path: Path
):
    path = tmp_path / "layer"
    path.write_bytes(os.urandom(1024 * 1024) * 7)
    blob = Descriptor(
        media_type=mediatype.OCI_LAYER, digest=Digest.of(path.read_bytes()), size=7 * 2**20
    )
    registry = distribution_registry(auth)
    profiles = {registry.host: replace(PROFILES["distribution"], blob_max=2**20)}
    memory = Kept(dies_at=3 * 2**20)
    keychain = store_of(registry, tmp_path)
    repository = Repository(registry=registry.host, path="team/app")
    async with RegistryClient(keychain=keychain, profiles=profiles) as client:
        with pytest.raises(asyncio.CancelledError):
            await client.repository(repository).push_blob(blob, Body.of_path(path), memory=memory)
    assert memory.told == [0, 2**20, 2 * 2**20, 3 * 2**20]
    again = Kept(*memory.uploads.values())
    async with RegistryClient(keychain=keychain, profiles=profiles) as client:
        remote = client.repository(repository)
        assert await remote.push_blob(blob, Body.of_path(path), memory=again) == "uploaded"
        assert again.told[0] == 3 * 2**20
        assert client.usage()[0].sent < 5 * 2**20
        assert Digest.of(await read(remote, blob)) == blob.digest


@EVERY_AUTH
async def test_many_blobs_go_at_once(
    auth: Auth, distribution_registry: StartRegistry, tmp_path: Path
):
    contents = [bytes([number]) * 10_000 for number in range(20)] * 2
    async with connected(distribution_registry(auth), tmp_path) as remote:
        found = await asyncio.gather(*(remote.push_blob(*blob_of(c)) for c in contents))
        assert sorted(found) == ["present"] * 20 + ["uploaded"] * 20


@pytest.mark.parametrize("auth", [Auth.HTPASSWD, Auth.TOKEN])
@pytest.mark.parametrize("secret", ["wrong", ""])
async def test_a_wrong_login_is_refused_before_anything_is_sent(
    auth: Auth, secret: str, distribution_registry: StartRegistry
):
    registry = distribution_registry(auth)
    login = Credential(source="the test", username=registry.username, secret=secret)
    async with RegistryClient(keychain=FixedKeychain(login)) as client:
        remote = client.repository(Repository(registry=registry.host, path="team/app"))
        with pytest.raises(LoginRefusedError, match=registry.host):
            await remote.check_push()


async def test_what_the_registry_refuses_is_told(
    distribution_registry: StartRegistry, tmp_path: Path
):
    async with connected(distribution_registry(), tmp_path) as remote:
        with pytest.raises(ManifestRefusedError):
            await remote.put_manifest(manifest_of(b"never sent"))
        blob, _ = blob_of(b"right")
        with pytest.raises(UploadRefusedError, match="DIGEST_INVALID"):
            await remote.push_blob(blob, Body.of_bytes(b"wrong"))
        await push_image(remote, b"layer", tag="v1")
        with pytest.raises(ManifestNotFoundError):
            await remote.get_manifest("v2")
        with pytest.raises(DeleteUnsupportedError):
            await remote.delete_tag("v1")


async def test_a_manifest_is_deleted(distribution_registry: StartRegistry, tmp_path: Path):
    async with connected(distribution_registry(), tmp_path) as remote:
        manifest = await push_image(remote, b"layer", tag="v1")
        assert await remote.delete_manifest(manifest.descriptor.digest) is True
        assert await remote.head("v1") is None
        assert await remote.delete_manifest(manifest.descriptor.digest) is False


async def test_all_pages_of_tags_are_read(distribution_registry: StartRegistry, tmp_path: Path):
    async with connected(distribution_registry(), tmp_path) as remote:
        manifest = await push_image(remote, b"layer")
        names = [f"t{number:02}" for number in range(25)]
        for name in names:
            await remote.put_manifest(manifest, name)
        assert sorted(await remote.tags()) == names


async def test_docker_manifests_are_read_as_they_are(
    distribution_registry: StartRegistry, tmp_path: Path
):
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    document = {
        "schemaVersion": 2,
        "mediaType": mediatype.DOCKER_MANIFEST,
        "config": Descriptor.of(mediatype.DOCKER_CONFIG, config).to_json(),
        "layers": [],
    }
    async with connected(distribution_registry(), tmp_path) as remote:
        await remote.push_blob(*blob_of(config))
        raw = json.dumps(document, indent=3).encode()
        manifest = ImageManifest.parse(raw, mediatype.DOCKER_MANIFEST)
        await remote.put_manifest(manifest, "v1")
        assert await remote.get_manifest("v1") == manifest
        assert await remote.head("v1") == manifest.descriptor


@EVERY_AUTH
def test_a_graph_is_copied_there_and_back_by_synchronous_code(
    auth: Auth, distribution_registry: StartRegistry, tmp_path: Path
):
    registry = distribution_registry(auth)
    made = make_index(("linux/amd64", "linux/arm64", "linux/arm/v7"))
    keychain = store_of(registry, tmp_path)
    with BlockingRegistries(lambda: RegistryClient(keychain=keychain)) as registries:
        store = registries.store(Repository(registry=registry.host, path="team/app"))
        copy_graph(made.store, store, made.index.descriptor)
        store.tag(made.index.descriptor, "v1")
        back = MemoryStore()
        copy_graph(store, back, made.index.descriptor)
        assert store.resolve("v1") == made.index.descriptor
        large, content = blob_of(b"x" * 5_000_000)
        store.push(large, io.BytesIO(b"x" * content.size))
        assert store.exists(large)


def test_an_independent_client_reads_what_was_published(
    distribution_registry: StartRegistry, skopeo: Skopeo, tmp_path: Path
):
    registry = distribution_registry(Auth.HTPASSWD)
    made = make_index(("linux/amd64", "linux/arm64"))
    keychain = store_of(registry, tmp_path)
    with BlockingRegistries(lambda: RegistryClient(keychain=keychain)) as registries:
        store = registries.store(Repository(registry=registry.host, path="team/app"))
        copy_graph(made.store, store, made.index.descriptor)
        store.tag(made.index.descriptor, "v1")
    skopeo.login(registry)
    assert skopeo.raw(registry.reference("team/app:v1")) == made.index.raw
    for platform in ("linux/amd64", "linux/arm64"):
        skopeo.pull(
            registry.reference("team/app:v1"), platform, tmp_path / platform.replace("/", "-")
        )
