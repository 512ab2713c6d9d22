"""`polyarch verify` at its default level: what is in the layers of images in registries."""

import asyncio
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.oci import mediatype
from polyarch.oci.manifest import ImageIndex
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call
from tests.support.elf_files import elf
from tests.support.held import held
from tests.support.images import MadeImage
from tests.support.made_image import Made, file, plain
from tests.support.places import Shown
from tests.support.tiny_project import COMMAND, TinyProject

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def image(*programs: tuple[str, str], shared: bytes = b"text\n", **more: Any) -> MadeImage:
    """An index: for each platform a program that is truly for an architecture, or is not."""
    store = MemoryStore()
    children = [
        Made(
            platform=platform,
            layers=[[plain("shared", shared)], [file("app", elf(architecture))]],
            entrypoint=["/app"],
            steps=["COPY shared /", "COPY app /"],
            **more,
        ).put(store)
        for platform, architecture in programs
    ]
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=tuple(children))


HONEST = (("linux/amd64", "amd64"), ("linux/arm64", "arm64"))
LYING = (("linux/amd64", "amd64"), ("linux/arm64", "amd64"))


def findings(place: TinyProject, *words: str, code: int) -> list[dict[str, Any]]:
    said = place.run("verify", "--json", *words)
    assert said.code == code, said
    return [each for result in said.document["results"] for each in result["findings"]]


class TestPrograms:
    def test_an_honest_image_and_a_lying_one(self, place: TinyProject, registries: Registries):
        good = held(registries[0], image(*HONEST), "team/good:1")
        bad = held(registries[1], image(*LYING), "team/bad:1")
        assert findings(place, good, code=0) == []
        [found] = findings(place, good, bad, code=1)
        assert (found["code"], found["platform"], found["path"]) == (
            "wrong-architecture",
            "linux/arm64",
            "/app",
        )
        assert "layer 2 of 2" in found["message"]
        assert found["details"]["layer"].startswith("sha256:")

    def test_levels_below_do_not_see_it(self, place: TinyProject, registries: Registries):
        bad = held(registries[0], image(*LYING))
        for level in ("declared", "config"):
            assert findings(place, "--level", level, bad, code=0) == []
        assert findings(place, "-p", "amd64", bad, code=0) == []

    def test_each_layer_is_fetched_once(self, place: TinyProject, registries: Registries):
        made = image(*HONEST)
        names = [held(registries[0], made, f"team/app:{tag}") for tag in ("1", "2")]
        names.append(held(registries[1], made))
        findings(place, *names, code=0)
        fetched = [name for each in registries for name in Shown(each).fetched()]
        assert len(fetched) == len(set(fetched)) == 5, "two configs and three layers"

    def test_what_was_proven_elsewhere_must_be_here_too(
        self, place: TinyProject, registries: Registries
    ):
        made = image(*HONEST)
        whole = held(registries[0], made)
        layer = next(
            digest
            for digest, blob in made.store._blobs.items()
            if blob[:2] == b"\x1f\x8b" and str(digest) in str(made.store._blobs.values())
        )
        broken = held(registries[1], made, without=[layer])
        found = findings(place, whole, broken, code=1)
        assert {each["code"] for each in found} == {"layer-missing"}

    def test_corrupt_and_cut_layers(self, place: TinyProject, registries: Registries):
        large = os.urandom(3_000_000)
        name = held(registries[0], image(*HONEST, shared=large))
        registries[0].quirks = Quirks(corrupt_blobs=True)
        assert findings(place, name, code=1)

    def test_a_line_that_is_cut_on_the_way(self, place: TinyProject, registries: Registries):
        large = os.urandom(3_000_000)
        name = held(registries[0], image(*HONEST, shared=large))
        registries[0].quirks = Quirks(truncate_blobs=2_000_000)
        assert findings(place, name, code=0) == []

    def test_the_users_own_allowances(self, place: TinyProject, registries: Registries):
        made = image(*HONEST)
        [amd, arm] = made.children
        strange = Made(
            platform="linux/arm64",
            layers=[[file("app", elf("arm64")), file("opt/dsp/code.bin", elf("s390x"))]],
            entrypoint=["/app"],
        ).put(made.store)
        index = ImageIndex.build([amd, strange])
        made.store.add(mediatype.OCI_INDEX, index.raw)
        name = held(registries[0], replace(made, index=index))
        assert arm.platform == strange.platform
        assert findings(place, "--fail-on", "info", name, code=1)
        toml = '[verify]\nallow = ["/opt/dsp"]\n[images.x]\nplatforms = ["linux/amd64"]\n'
        place.write({"polyarch.toml": toml})
        assert findings(place, "--fail-on", "info", name, code=0) == []


class TestOneFile:
    @pytest.mark.parametrize(
        ("words", "code", "codes"),
        [
            ((), 0, {"program"}),
            (("-p", "s390x"), 0, {"program"}),
            (("-p", "amd64"), 1, {"program", "wrong-architecture"}),
        ],
    )
    def test_a_program(self, place: TinyProject, words, code, codes):
        (place.root / "app").write_bytes(elf("s390x"))
        found = findings(place, *words, "file:app", code=code)
        assert {each["code"] for each in found} == codes

    def test_no_program(self, place: TinyProject):
        (place.root / "text").write_text("text")
        assert findings(place, "file:text", code=1)
        findings(place, "file:none", code=3)
        assert place.run("verify", "-p", "amd64,arm64", "file:text").code == 2


class TestMuch:
    def test_gigabytes_are_read_in_bounded_memory_and_none_of_the_disk(
        self, place: TinyProject, registries: Registries
    ):
        """A quarter of a gigabyte, of noise and of zeros, in a process that may have little."""
        noise = os.urandom(1 << 20)
        made = image(*HONEST, shared=noise * 64 + bytes(200 << 20))
        name = held(registries[0], made)
        _limited(place, ["verify", name])
        kept = [path for path in (place.root.parent / "home").rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in kept) < 1 << 20

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupt_ends_it_soon(
        self, place: TinyProject, registries: Registries, number: signal.Signals
    ):
        """While a registry lets a layer wait for ever."""
        asked, never = threading.Event(), asyncio.Event()

        async def silent(call: Call) -> Answer | Call | None:
            if call.target.kind is Kind.BLOB and call.method == "GET":
                asked.set()
                await never.wait()
            return None

        name = held(registries[0], image(*HONEST))
        registries[0].quirks = Quirks(on_request=silent)
        with place.start("verify", name, "oci:none") as process:
            assert asked.wait(60)
            started = time.monotonic()
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert time.monotonic() - started < 5
        assert "Traceback" not in stderr


def _limited(place: TinyProject, words: Sequence[str]) -> None:
    """Run the command with so much memory of its own as is less than the image has."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (220 << 20, 220 << 20))

    done = subprocess.run(
        [*COMMAND, *words],
        cwd=place.root,
        env=dict(place.environment),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


class TestRuns:
    """What a machine without any runtime says; those that run are among the integration tests."""

    def test_what_cannot_be_started_is_not_proven(self, place: TinyProject, registries: Registries):
        name = held(registries[0], image(*HONEST))
        said = place.run("verify", "--json", "--level", "run", name)
        assert said.code == 4, said
        [result] = said.document["results"]
        assert [(each["level"], each["state"]) for each in result["platforms"]] == [
            ("deep", "unknown")
        ] * 2
        assert result["error"]["code"] == "not-run"

    @pytest.mark.parametrize(
        "words",
        [("--smoke-test", ""), ("--smoke-test", "a '"), ("--level", "deep", "--smoke-test", "a")],
    )
    def test_commands_that_cannot_be(self, place: TinyProject, words: tuple[str, ...]):
        assert place.run("verify", *words, "oci:x").code == 2


@pytest.mark.parametrize("words", [("--level", "run"), ("--smoke-test", "a --version")])
def test_a_file_is_never_called_proven_by_a_run(place: TinyProject, words: tuple[str, ...]):
    (place.root / "app").write_bytes(elf("amd64"))
    assert place.run("verify", "file:app").code == 0
    said = place.run("verify", *words, "file:app")
    assert said.code == 2
    assert "never started" in said.stderr
