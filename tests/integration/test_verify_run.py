"""`polyarch verify --level run`: programs of images are started by what this machine has."""

import os
import platform as machine
import shutil
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline import verify_run
from polyarch.pipeline.copy_spool import spool
from tests.lab.absence import require
from tests.lab.roots import busybox_root
from tests.support.documents import VERIFY, check
from tests.support.images import MadeImage
from tests.support.made_image import Made, file
from tests.support.places import laid
from tests.support.programs import program
from tests.support.tiny_project import Said, TinyProject

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(machine.machine() != "x86_64", reason="the images' programs are for amd64"),
]


@pytest.fixture
def place(tmp_path) -> TinyProject:
    """A folder that is no project."""
    require("bubblewrap")
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def image(
    *programs: bytes, platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
) -> MadeImage:
    return made_image(
        *(
            Made(platform=name, layers=[[file("app", data)]], entrypoint=["/app"])
            for name, data in zip(platforms, programs, strict=False)
        )
    )


def made_image(*made: Made) -> MadeImage:
    store = MemoryStore()
    children = [each.put(store) for each in made]
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=tuple(children))


def run(place: TinyProject, *words: str, code: int) -> Said:
    said = place.run("verify", "--json", *words, "oci:lay", more={"PATH": os.environ["PATH"]})
    assert said.code == code, said
    check(said.document, VERIFY)
    return said


def states(said: Said) -> list[tuple[str, str]]:
    [result] = said.document["results"]
    return [(each["level"], each["state"]) for each in result["platforms"]]


def codes(said: Said) -> set[str]:
    return {found["code"] for found in said.document["results"][0]["findings"]}


def test_what_starts_is_proven_and_how_is_told(place: TinyProject):
    laid(image(program("linux/amd64")), place.root / "lay")
    said = run(place, "--level", "run", code=0)
    assert states(said) == [("run", "ok")]
    assert said.document["results"][0]["platforms"][0]["how"].startswith("native, ")


def test_a_foreign_platform_is_emulated_or_told_as_inspected_only(place: TinyProject):
    laid(image(program("linux/amd64"), program("linux/arm64")), place.root / "lay")
    said = place.run(
        "verify", "--json", "--level", "run", "oci:lay", more={"PATH": os.environ["PATH"]}
    )
    native, foreign = said.document["results"][0]["platforms"]
    assert native["state"] == "ok"
    if shutil.which("qemu-aarch64-static"):
        assert (said.code, foreign["state"]) == (0, "ok")
        assert foreign["how"].startswith("emulated, ")
    else:
        assert (said.code, foreign["state"], foreign["level"]) == (4, "unknown", "deep")
        assert "inspected only" in foreign["reason"]


def test_a_lie_is_not_started(place: TinyProject):
    """It would run here, and prove the contrary of what is so."""
    laid(image(program("linux/amd64"), program("linux/amd64")), place.root / "lay")
    said = run(place, "--level", "run", code=1)
    assert states(said)[0] == ("run", "ok")
    assert states(said)[1][1] == "wrong"
    assert "wrong-architecture" in codes(said)


def test_a_program_that_does_not_answer_is_told(place: TinyProject):
    laid(image(program("linux/amd64", status=3)), place.root / "lay")
    said = run(place, "--level", "run", code=0)
    assert (states(said), codes(said)) == ([("run", "ok")], {"run-unclear"})
    run(place, "--level", "run", "--fail-on", "warning", code=1)


def test_a_command_that_is_named_must_end_well(place: TinyProject):
    laid(image(program("linux/amd64", status=3)), place.root / "lay")
    said = run(place, "--smoke-test", "/app now", code=1)
    assert (states(said), codes(said)) == ([("run", "wrong")], {"run-exit"})
    [found] = said.document["results"][0]["findings"]
    assert found["details"]["exit-code"] == "3"
    assert found["details"]["command"] == "/app now"
    said = run(place, "--smoke-test", "/none", code=1)
    assert codes(said) == {"run-command-not-found"}


def test_with_nothing_that_runs_it_was_only_inspected(place: TinyProject):
    laid(image(program("linux/amd64")), place.root / "lay")
    said = place.run("verify", "--level", "run", "oci:lay")  # its PATH has no runtime
    assert said.code == 4
    assert "inspected only" in said.stdout
    assert "proven: " not in said.stdout.replace("not proven: ", "")


@pytest.mark.parametrize(
    "script",
    [
        b'#!/bin/sh\nexec "$@"\n',
        # What Debian's `sh` makes of `exec "$@"`.
        b'#!/bin/sh\necho "$0: 2: exec: $1: not found" >&2\nexit 127\n',
        b"#!/bin/sh\nwhile :; do sleep 1000; done\n",
    ],
    ids=["a wrapper", "a wrapper of Debian", "a server"],
)
def test_what_starts_and_knows_no_probe_is_not_wrong(
    place: TinyProject, script: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verify_run, "PROBE_TIMEOUT_S", 5)  # a server takes all of it, twice
    root = busybox_root("linux/amd64").read_bytes()
    made = Made(layers=[root, [file("entry", script)]], entrypoint=["/entry"], command=["sleep"])
    laid(made_image(made), place.root / "lay")
    said = run(place, "--level", "run", code=0)
    assert (states(said), codes(said)) == ([("run", "ok")], {"run-unclear"})


def test_a_script_that_starts_what_is_not_there_is_wrong(place: TinyProject):
    root = busybox_root("linux/amd64").read_bytes()
    script = file("entry", b'#!/bin/sh\nexec /opt/server "$@"\n')
    laid(made_image(Made(layers=[root, [script]], entrypoint=["/entry"])), place.root / "lay")
    said = run(place, "--level", "run", code=1)
    assert codes(said) == {"run-command-not-found"}


def test_a_run_of_the_project_sweeps_nothing_of_it_away(place: TinyProject):
    """What is at work is told from what was killed, in both directions."""
    laid(image(program("linux/amd64")), place.root / "lay")
    state = Path(place.environment["HOME"], ".local", "state", "polyarch")
    spools = state / "spool"
    with spool(state, "of-another") as busy:
        (spools / "of-a-killed-one").mkdir()
        (spools / "of-a-killed-one" / ".lock").touch()
        run(place, "--level", "run", code=0)
        assert [each.name for each in spools.iterdir() if each.is_dir()] == [busy.name]
    assert not (state / "tmp").exists()  # which builds empty when they begin
