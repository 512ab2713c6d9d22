"""`verify` and `inspect` of what a real Docker Engine holds; a stack whose programs start."""

import os
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.oci.manifest import ImageIndex
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.integration.test_copy_engine import STORES, command
from tests.lab.absence import require
from tests.lab.engine import DockerEngine
from tests.support.documents import VERIFY, check
from tests.support.held import held
from tests.support.images import MadeImage
from tests.support.made_image import Made, file
from tests.support.places import laid
from tests.support.programs import program
from tests.support.tiny_project import TinyProject

AMD64, ARM64 = "linux/amd64", "linux/arm64"


def made(programs: dict[str, bytes]) -> MadeImage:
    """An index of one image per platform whose entrypoint is the program given for it."""
    store = MemoryStore()
    children = [
        Made(platform=name, layers=[[file("app", data)]], entrypoint=["/app"]).put(store)
        for name, data in programs.items()
    ]
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=tuple(children))


@pytest.fixture(params=STORES)
def engine(request: pytest.FixtureRequest) -> DockerEngine:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DockerEngine)
    return found


@pytest.mark.parametrize("lies", [False, True], ids=["honest", "lying"])
def test_an_image_of_the_engine_is_proven(
    engine: DockerEngine, tmp_path: Path, *, lies: bool
) -> None:
    polyarch = command(engine, tmp_path)
    name = f"team/{tmp_path.name.lower().replace('[', '-').replace(']', '')}:1"
    content = program(ARM64 if lies else AMD64)
    laid(made({AMD64: content}), tmp_path / "lay")
    polyarch.run("copy", "oci:lay", f"docker-daemon:{name}", "-p", AMD64)

    said = polyarch.run(
        "verify", "--json", "--level", "deep", f"docker-daemon:{name}", status=int(lies)
    )
    check(said.document, VERIFY)
    [result] = said.document["results"]
    assert {found["code"] for found in result["findings"] if found["severity"] == "error"} == (
        {"wrong-architecture"} if lies else set()
    )
    shown = polyarch.run("inspect", "--json", f"docker-daemon:{name}").document
    assert [each["platform"] for each in shown["manifests"]] == [AMD64]


def test_the_programs_of_a_stack_are_started(tmp_path: Path) -> None:
    """One service's arm64 program crashes, and only a start can tell."""
    require("bubblewrap", "qemu")
    place = TinyProject.make(tmp_path / "stack", {}, git=False)
    registry = SandboxRegistry()
    with running(registry):
        whole = held(registry, made({AMD64: program(AMD64), ARM64: program(ARM64)}), "team/whole:1")
        broken = program(ARM64, "Segmentation fault\n", 139)
        crashes = held(registry, made({AMD64: program(AMD64), ARM64: broken}), "team/crashes:1")
        place.write(
            {"compose.yaml": f"services:\n  a:\n    image: {whole}\n  b:\n    image: {crashes}\n"}
        )
        said = place.run(
            "verify", "--json", "-f", "compose.yaml", "-p", f"{AMD64},{ARM64}", "--level", "run",
            more={"PATH": os.environ["PATH"]},
        )  # fmt: skip
    assert said.code == 1, said
    states = {
        each["service"]: [answer["state"] for answer in each["platforms"]]
        for each in said.document["results"]
    }
    assert states["a"] == ["yes", "yes"]
    assert states["b"][0] == "yes"
    assert states["b"][1] != "yes"
