"""What published images stand on, seen at the command line: `polyarch watch --bases`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.images import make_index
from tests.support.places import laid
from tests.support.tiny_project import TinyProject
from tests.support.watched import codes, findings, published_as, watched

CONFIG = """\
[images.app]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{images}/team/app"]
tags = ["type=semver,pattern={{{{version}}}}", "type=ref,event=branch"]

[images.app.direct]
base = "{bases}/lib/base:1"
files = [{{ from = "text", to = "/text" }}]
"""
ALL = ("linux/amd64", "linux/arm64", "linux/riscv64")


@pytest.fixture
def registries() -> Iterator[tuple[SandboxRegistry, SandboxRegistry]]:
    images, bases = SandboxRegistry(), SandboxRegistry()
    with running(images, bases):
        yield images, bases


@pytest.fixture
def project(tmp_path: Path, registries: tuple[SandboxRegistry, SandboxRegistry]) -> TinyProject:
    """An image that was published on a base of two platforms."""
    images, bases = registries
    text = CONFIG.format(images=images.host, bases=bases.host)
    project = TinyProject.make(tmp_path / "project", {"polyarch.toml": text, "text": "text\n"})
    base(project, bases, "linux/amd64", "linux/arm64")
    published_as(project, "refs/tags/v1.0.0")
    return project


def base(
    project: TinyProject, registry: SandboxRegistry, *platforms: str, content: bytes = b"old"
) -> None:
    """Let the name of the base stand for an image of these platforms."""
    folder = f"lay-{content.decode()}-{len(platforms)}"
    laid(make_index(platforms, content=content), project.root.parent / folder)
    said = project.run("copy", f"oci:../{folder}:1.2", f"{registry.host}/lib/base:1")
    assert said.code == 0, said


def test_it_has_not_moved(project: TinyProject):
    said = watched(project, "--bases")
    uses = said.document["results"][0]["bases"]
    assert [(each["platform"], each["state"]) for each in uses] == [
        ("linux/amd64", "same"),
        ("linux/arm64", "same"),
    ]
    assert codes(watched(project, "--sample", "0")) == set()


def test_it_has_moved(project: TinyProject, registries: tuple[SandboxRegistry, SandboxRegistry]):
    base(project, registries[1], *ALL, content=b"new")
    said = watched(project, "--sample", "0", code=1)
    [found] = findings(said)
    assert (found["code"], found["path"]) == ("W114", f"{registries[1].host}/lib/base:1")
    uses = watched(project, "--bases", code=1).document["results"][0]["bases"]
    assert {each["state"] for each in uses} == {"moved"}
    assert all(each["now"] != each["digest"] for each in uses)
    assert uses[0]["platforms"] == list(ALL)
    shown = project.run("watch", "--bases")
    assert "moved" in shown.stdout
    assert "linux/riscv64" in shown.stdout
    watched(project, "--sample", "0", "--fail-on", "error")


def test_platforms_that_it_gains_and_loses_since_the_image_was_built_on_it(
    project: TinyProject, registries: tuple[SandboxRegistry, SandboxRegistry]
):
    watched(project, "--sample", "0")
    base(project, registries[1], "linux/amd64", "linux/riscv64", content=b"new")
    for _ in range(2):  # a watch in between does not make it old news
        watched(project, "--sample", "0", code=1)
        [use, _] = watched(project, "--bases", code=1).document["results"][0]["bases"]
        assert (use["gained"], use["lost"]) == (["linux/riscv64"], ["linux/arm64"])
        assert use["before"] == ["linux/amd64", "linux/arm64"]


def test_it_has_lost_a_platform(
    project: TinyProject, registries: tuple[SandboxRegistry, SandboxRegistry]
):
    base(project, registries[1], "linux/amd64", "linux/riscv64", content=b"new")
    said = watched(project, "--bases", code=1)
    assert codes(said) == {"W114", "W115"}
    [gone] = [each for each in findings(said) if each["code"] == "W115"]
    assert gone["platform"] == "linux/arm64"
    [_, use] = said.document["results"][0]["bases"]
    assert (use["state"], use["gained"], use["lost"]) == (
        "gone",
        ["linux/riscv64"],
        ["linux/arm64"],
    )


def test_its_registry_is_down(
    project: TinyProject, registries: tuple[SandboxRegistry, SandboxRegistry]
):
    registries[1].quirks = Quirks(down=True)
    said = watched(project, "--bases")
    assert [each["code"] for each in findings(said)] == ["W116"]
    assert {each["state"] for each in said.document["results"][0]["bases"]} == {"unknown"}
