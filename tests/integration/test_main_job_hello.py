"""The main job on examples/hello: no container engine, eight platforms, three real registries."""

import importlib.util
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.absence import MARK
from tests.lab.fixtures import RunForeign, RunImage
from tests.lab.foreign import unpack_layout
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.elf import Elf
from tests.support.git_project import GitProject
from tests.support.published import Destinations, Shelf, digest_of

pytestmark = [pytest.mark.xdist_group("zig"), pytest.mark.timeout(1800)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello"
HOSTS = ("docker.io", "registry.cn-hangzhou.aliyuncs.com", "ghcr.io")
FILES = ("polyarch.toml", "hello.c", "README.md")
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


@dataclass(frozen=True)
class Example:
    """A clone of the example, under another name or not."""

    project: GitProject
    command: CommandLine

    def publish(self, *words: str, more: Mapping[str, str]) -> dict[str, Any]:
        document = self.command.run("publish", "--json", *words, more=more).document
        image: dict[str, Any] = document["images"][0]
        return image


def example(folder: Path, repositories: list[str] | None = None, more: str = "") -> Example:
    """The example in a repository of its own, with other destinations where they are named."""
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copy(EXAMPLE / name, folder)
    config = folder / "polyarch.toml"
    if repositories is not None:
        text = config.read_text()
        start, end = text.index("repositories = ["), text.index("tags = [")
        config.write_text(f"{text[:start]}repositories = {repositories}\n{text[end:]}\n{more}")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    # The compiler keeps its C libraries for every run: without them each takes minutes.
    cache = os.environ.get("ZIG_GLOBAL_CACHE_DIR") or str(home / "zig")
    environment = plain_environment(folder.parent / "home") | {"ZIG_GLOBAL_CACHE_DIR": cache}
    command = CommandLine(folder=folder, environment=environment)
    return Example(GitProject.make(folder, {}), command)


@pytest.fixture(autouse=True)
def _zig() -> None:
    if importlib.util.find_spec("ziglang") is None:
        text = f"{MARK}`ziglang`: no such module (run `pip install ziglang`)"
        if os.environ.get("CI") == "true":
            pytest.fail(text, pytrace=False)
        pytest.skip(text)


def test_hello_goes_to_three_registries(
    three_registries: tuple[Registry, Registry, Registry],
    skopeo: Skopeo,
    run_image: RunImage,
    run_foreign: RunForeign,
    tmp_path: Path,
) -> None:
    destinations = Destinations(three_registries)
    repositories = destinations.repositories("example/hello")
    first = example(tmp_path / "one" / "hello", repositories, destinations.toml())
    more = {**first.project.pushed_tag(), **destinations.environment()}
    image = first.publish(more=more)
    assert [each["platform"] for each in image["platforms"]] == list(EXPECTED)
    assert {each["status"] for each in image["destinations"]} == {"published"}

    skopeo.login(*three_registries)
    shelf = Shelf(skopeo, run_image)
    raws = {shelf.raw(f"{repository}:1.2.3") for repository in repositories}
    (raw,) = raws
    assert raw is not None
    assert digest_of(raw) == image["digest"]
    for number, platform in enumerate(EXPECTED):
        reference = f"{repositories[number % 3]}:1.2.3"
        root = tmp_path / "roots" / str(number)
        root.mkdir(parents=True)
        config = unpack_layout(skopeo.pull(reference, platform, root / "layout"), root / "image")
        program = root / "image" / "hello"
        elf = Elf.parse(program.read_bytes())
        assert (elf.bits, elf.order, elf.machine, elf.arm) == EXPECTED[platform]
        assert elf.static
        assert config["config"]["Entrypoint"] == ["/hello"]
        assert run_foreign(program, platform=platform).startswith(f"Hello from {platform}!\n")

    again = example(tmp_path / "elsewhere" / "deeper" / "hello", repositories, destinations.toml())
    assert again.project.head == first.project.head
    for words, is_reused in ((), True), (("--force",), False):
        second = again.publish(*words, more=more)
        assert {each["reused"] for each in second["platforms"]} == {is_reused}
        assert second["digest"] == image["digest"]
        assert {each["status"] for each in second["destinations"]} == {"unchanged"}


def test_a_rehearsal_gives_the_same_bytes_again(
    skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> None:
    one, other = (example(tmp_path / name / "hello") for name in ("one", "other"))
    first = one.publish("--sandbox", more={})
    assert [each["repository"] for each in first["destinations"]] == [
        f"{host}/example/hello" for host in HOSTS
    ]
    assert {each["status"] for each in first["destinations"]} == {"published"}
    assert {each["reused"] for each in one.publish("--sandbox", more={})["platforms"]} == {True}
    second = other.publish("--sandbox", more={})
    assert second["platforms"] == first["platforms"]
    assert second["digest"] == first["digest"]
    shelf = Shelf(skopeo, run_image)
    with served(one) as addresses, served(other) as again:
        assert list(addresses) == list(HOSTS)
        for address in (*addresses.values(), *again.values()):
            assert shelf.digest(f"{address}/example/hello:main") == first["digest"]
        said = shelf.run(f"{addresses['ghcr.io']}/example/hello:main", "linux/s390x", "/hello")
        assert said.startswith("Hello from linux/s390x!\n")


@contextmanager
def served(made: Example) -> Iterator[dict[str, str]]:
    """What a rehearsal left, served by `polyarch sandbox`: addresses by host."""
    with made.command.running("sandbox") as sandbox:
        lines = [line.split() for line in sandbox.lines(len(HOSTS))]
        yield {host: url.removeprefix("http://") for host, url in lines}
        sandbox.process.terminate()
        assert sandbox.finish(within_s=20).status == 0


def test_the_example_names_these_platforms() -> None:
    table = tomllib.loads((EXAMPLE / "polyarch.toml").read_text())["images"]["hello"]
    assert table["platforms"] == list(EXPECTED)
