"""Samples that are proven again in full: `polyarch watch --sample N`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.oci.manifest import ImageIndex
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.held import put
from tests.support.made_image import Made, file
from tests.support.programs import program
from tests.support.tiny_project import TinyProject
from tests.support.watched import codes, findings, watched

CONFIG = """\
[images.app]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{host}/team/app"]
tags = ["type=ref,event=branch"]
direct = {{ files = [{{ from = "x", to = "/x" }}] }}
"""
AMD64, ARM64 = "linux/amd64", "linux/arm64"


@pytest.fixture
def registry() -> Iterator[SandboxRegistry]:
    registry = SandboxRegistry()
    with running(registry):
        yield registry


@pytest.fixture
def project(tmp_path: Path, registry: SandboxRegistry) -> TinyProject:
    return TinyProject.make(tmp_path / "p", {"polyarch.toml": CONFIG.format(host=registry.host)})


def stands(registry: SandboxRegistry, arm64: bytes) -> None:
    """Let `main` be an image whose program for arm64 is this one."""
    store = MemoryStore()
    children = [
        Made(layers=[[file("app", content)]], platform=platform, entrypoint=["/app"]).put(store)
        for platform, content in ((AMD64, program(AMD64)), (ARM64, arm64))
    ]
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    put(registry, store, index.descriptor, "team/app", "main")


def sampled(project: TinyProject, count: int, code: int = 0) -> dict[str, str]:
    said = watched(project, "--sample", str(count), code=code)
    [result] = said.document["results"]
    return {each["platform"]: each["state"] for each in result["sampled"]}


def test_another_machines_program_is_found(project: TinyProject, registry: SandboxRegistry):
    stands(registry, program(AMD64))
    said = watched(project, "--sample", "2", code=1)
    [found] = findings(said)
    assert (found["code"], found["platform"]) == ("W117", ARM64)
    assert "polyarch verify -p linux/arm64" in found["hint"]
    assert found["key"] == "W117 app linux/arm64"


def test_what_was_wrong_is_looked_at_again_whoevers_turn_it_is(
    project: TinyProject, registry: SandboxRegistry
):
    stands(registry, program(AMD64))
    watched(project, "--sample", "2", code=1)
    assert sampled(project, 1, code=1)[ARM64] == "wrong"
    stands(registry, program(ARM64))
    assert sampled(project, 1)[ARM64] == "ok"


def test_how_many(project: TinyProject, registry: SandboxRegistry):
    stands(registry, program(ARM64))
    assert sampled(project, 0) == {}
    assert list(sampled(project, 1).values()) == ["ok"]
    assert sampled(project, 5) == {AMD64: "ok", ARM64: "ok"}
    shutil.rmtree(project.root / ".polyarch")
    assert codes(watched(project)) == set()
