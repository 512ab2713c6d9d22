"""`[verify] attach`: proofs that travel with what was published."""

import asyncio
import shutil

import pytest

from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.attached_proof import AttachedProof, attached_proofs
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.likenesses import ALIYUN, GHCR
from polyarch.sandbox.server import SandboxRegistry
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def attaching(published: TinyProject, registries: Registries) -> TinyProject:
    """Three registries: one lists referrers, one is like GHCR, one refuses empty configs."""
    registries[1].quirks, registries[2].quirks = GHCR, ALIYUN
    published.toml("+\n[verify]\nattach = true\n")
    published.commit("Attach")
    return published


def publish(project: TinyProject, *words: str) -> Said:
    sha = project.git("rev-parse", "HEAD")
    said = project.run("publish", "--json", *words, more=github("push", "refs/heads/main", sha))
    assert said.code == 0, said
    return said


def proofs(registry: SandboxRegistry, digest: str, path: str = "team/app") -> list[AttachedProof]:
    async def read() -> tuple[AttachedProof, ...]:
        async with RegistryClient() as client:
            remote = client.repository(Repository.parse(f"{registry.host}/{path}"))
            return await attached_proofs(remote, Digest.parse(digest))

    return list(asyncio.run(read()))


def test_each_registry_has_the_proof_before_its_tags_move(
    attaching: TinyProject, registries: Registries
):
    said = publish(attaching)
    assert "not attached" not in said.stderr
    [image] = said.document["images"]
    for registry in registries:
        [proof] = proofs(registry, image["digest"])
        assert proof.ok
        assert proof.revision == attaching.git("rev-parse", "HEAD")
        assert all(proof.proves(Digest.parse(each["digest"])) for each in image["platforms"])
        puts = [
            each.path.rpartition("/")[2]
            for each in registry.requests
            if each.method == "PUT" and "/manifests/" in each.path
        ]
        assert puts.index(str(proof.artifact)) < puts.index("main")


def test_publishing_again_attaches_nothing_new(attaching: TinyProject, registries: Registries):
    digest = publish(attaching).document["images"][0]["digest"]
    before = [proofs(registry, digest) for registry in registries]
    for registry in registries:
        registry.forget_requests()
    shutil.rmtree(attaching.root / ".polyarch")
    assert publish(attaching).document["images"][0]["digest"] == digest
    assert [proofs(registry, digest) for registry in registries] == before
    writes = [each for one in registries for each in one.requests if each.method == "PUT"]
    assert writes == []


def test_a_copy_takes_it_along(attaching: TinyProject, registries: Registries):
    digest = publish(attaching).document["images"][0]["digest"]
    origin, target, _ = registries
    copied = attaching.run(
        "copy", "--json", f"{origin.host}/team/app:main", f"{target.host}/other/app:main"
    )
    assert copied.code == 0, copied
    assert proofs(target, digest, "other/app") == proofs(origin, digest)


def test_it_is_off_unless_the_config_asks(published: TinyProject, registries: Registries):
    digest = publish(published).document["images"][0]["digest"]
    assert [proofs(registry, digest) for registry in registries] == [[], [], []]
