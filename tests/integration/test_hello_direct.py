"""examples/hello through the direct engine: eight platforms, each right, each run, twice the same.

The first run compiles zig's C library for every platform, which takes minutes; it is kept.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import BuildRequest, Built, CopiedFile, DirectRecipe
from polyarch.engines.direct import DirectEngine
from polyarch.events import ignore
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from tests.lab.absence import MARK
from tests.lab.fixtures import RunForeign
from tests.support.elf import Elf

pytestmark = [pytest.mark.xdist_group("zig"), pytest.mark.timeout(1800)]

PROJECT = Path(__file__).parents[2] / "examples" / "hello"
CREATED = 1_700_000_000

EXPECTED = {
    "linux/amd64": (64, "little", "x86-64", None),
    "linux/arm64": (64, "little", "aarch64", None),
    "linux/arm/v7": (32, "little", "arm", "v7"),
    "linux/arm/v6": (32, "little", "arm", "v6"),
    "linux/386": (32, "little", "386", None),
    "linux/ppc64le": (64, "little", "ppc64", None),
    "linux/s390x": (64, "big", "s390", None),
    "linux/riscv64": (64, "little", "riscv", None),
}
HARD_FLOAT = 0x400
"""EF_ARM_ABI_FLOAT_HARD of ARM's ELF addendum."""


@dataclass(frozen=True)
class Hello:
    """All platforms built into one layout, and the program of each."""

    layout: LayoutStore
    built: Mapping[str, Built]

    @property
    def index(self) -> ImageIndex:
        return ImageIndex.build(built.manifest for built in self.built.values())

    def manifest(self, platform: str) -> ImageManifest:
        return ImageManifest.parse(read_small(self.layout, self.built[platform].manifest))

    def config(self, platform: str) -> ImageConfig:
        return ImageConfig.parse(read_small(self.layout, self.manifest(platform).config))

    def program(self, platform: str) -> bytes:
        (layer,) = self.manifest(platform).layers
        with self.layout.open(layer) as packed, tarfile.open(fileobj=packed) as tar:
            (member,) = tar.getmembers()
            assert (member.name, member.mode) == ("hello", 0o755)
            file = tar.extractfile(member)
            assert file is not None
            return file.read()


def image_table() -> dict[str, Any]:
    config = tomllib.loads((PROJECT / "polyarch.toml").read_text())
    table: dict[str, Any] = config["images"]["hello"]
    return table


def recipe() -> DirectRecipe:
    direct = image_table()["direct"]
    return DirectRecipe(
        command=tuple(direct["run"]),
        files=tuple(
            CopiedFile(source=file["from"], target=file["to"], mode=int(file["mode"], 8))
            for file in direct["files"]
        ),
        entrypoint=tuple(direct["entrypoint"]),
    )


def build_all(folder: Path, python: str) -> Hello:
    """Build as many at once as there are processors."""
    layout = LayoutStore(folder / "layout")
    path = f"{Path(python).parent}:{os.environ['PATH']}"
    engine = DirectEngine({**os.environ, "PATH": path}, python=python)

    def build(platform: str) -> Built:
        request = BuildRequest(
            image="hello",
            platform=Platform.parse(platform),
            project=PROJECT,
            context=PROJECT,
            dockerfile=None,
            created=CREATED,
            direct=recipe(),
            log=folder / f"{platform.replace('/', '-')}.log",
        )
        return engine.build(request, layout, ignore)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return Hello(layout, dict(zip(EXPECTED, pool.map(build, EXPECTED), strict=True)))


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter that has zig's compiler as a module."""
    if importlib.util.find_spec("ziglang") is None:
        text = f"{MARK}`ziglang`: no such module (run `pip install ziglang`)"
        if os.environ.get("CI") == "true":
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    return sys.executable


@pytest.fixture(scope="module")
def hello(python: str, tmp_path_factory: pytest.TempPathFactory) -> Hello:
    return build_all(tmp_path_factory.mktemp("hello"), python)


def test_the_example_names_these_platforms() -> None:
    assert image_table()["platforms"] == list(EXPECTED)


@pytest.mark.parametrize("platform", EXPECTED)
def test_the_header_says_what_the_image_says(hello: Hello, platform: str) -> None:
    elf = Elf.parse(hello.program(platform))
    assert (elf.bits, elf.order, elf.machine, elf.arm) == EXPECTED[platform]
    assert elf.static
    if elf.machine == "arm":
        assert elf.flags & HARD_FLOAT
    assert str(hello.config(platform).platform) == platform
    assert str(hello.built[platform].manifest.platform) == platform


@pytest.mark.parametrize("platform", EXPECTED)
def test_each_says_its_own_architecture(
    hello: Hello, run_foreign: RunForeign, tmp_path: Path, platform: str
) -> None:
    program = tmp_path / "hello"
    program.write_bytes(hello.program(platform))
    program.chmod(0o755)
    assert run_foreign(program, platform=platform).startswith(f"Hello from {platform}!\n")


@pytest.mark.usefixtures("run_foreign")
@pytest.mark.parametrize(("platform", "status"), [("linux/arm/v6", 0), ("linux/arm/v7", -4)])
def test_only_the_program_for_armv6_runs_on_an_armv6(
    hello: Hello, tmp_path: Path, platform: str, status: int
) -> None:
    qemu = shutil.which("qemu-arm-static")
    assert qemu
    program = tmp_path / "hello"
    program.write_bytes(hello.program(platform))
    program.chmod(0o755)
    # The other one ends by SIGILL, as it would on the first Raspberry Pi.
    done = subprocess.run(
        [qemu, "-cpu", "arm1176", program], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == status


def test_a_second_run_gives_the_same_index(hello: Hello, python: str, tmp_path: Path) -> None:
    again = build_all(tmp_path / "elsewhere" / "deeper", python)
    assert again.index.raw == hello.index.raw


@pytest.mark.parametrize("platform", EXPECTED)
def test_no_path_of_this_machine_is_in_a_program(hello: Hello, platform: str) -> None:
    program = hello.program(platform)
    assert str(PROJECT).encode() not in program
    assert os.fsencode(hello.layout.root.parent) not in program
    assert b".build-" not in program
