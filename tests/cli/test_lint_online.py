"""`polyarch lint --online` and `--layout`: what bases have, and whether it is real."""

import json
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.sandbox.server import SandboxRegistry
from tests.cli.test_lint import linted, rules
from tests.support.held import held, put
from tests.support.images import MadeImage, make_image, make_index
from tests.support.made_image import Made, file
from tests.support.places import laid
from tests.support.programs import program
from tests.support.tiny_project import TinyProject

Registries = tuple[SandboxRegistry, ...]
WANTED = ("-p", "linux/amd64,linux/arm64")
ALL = ("-p", "linux/amd64,linux/arm64,linux/s390x")


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def standing_on(place: TinyProject, *bases: str) -> None:
    froms = "".join(f"FROM {base} AS s{n}\nCOPY a /a\n" for n, base in enumerate(bases))
    copies = "".join(f"COPY --from=s{n} /a /b\n" for n in range(len(bases) - 1))
    place.write({"Dockerfile": f"{froms}{copies}"})


def liar() -> MadeImage:
    """An index whose arm64 child is, by its config, for amd64."""
    store = MemoryStore()
    amd = make_image(store, Platform.parse("amd64"), {"a": b"1"})
    arm = make_image(store, Platform.parse("arm64"), {"a": b"2"}, says=Platform.parse("amd64"))
    index = ImageIndex.build([amd, arm])
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=(amd, arm))


def test_nobody_is_asked_where_nobody_says_so(place: TinyProject, registries: Registries):
    standing_on(place, held(registries[0], make_index()))
    assert rules(linted(place, *ALL, "Dockerfile")) == []
    assert not registries[0].requests


def test_a_platform_that_a_base_lacks(place: TinyProject, registries: Registries):
    standing_on(place, held(registries[0], make_index()))
    assert rules(linted(place, *WANTED, "--online", "Dockerfile")) == []
    said = linted(place, *ALL, "--online", "Dockerfile", code=1)
    [found] = said.document["files"][0]["findings"]
    assert (found["rule"], found["platforms"]) == ("PA107", ["linux/s390x"])


def test_a_newer_tag_that_has_it(place: TinyProject, registries: Registries):
    base = held(registries[0], make_index(), "team/app:1.2")
    newer = make_index(("linux/amd64", "linux/arm64", "linux/s390x"))
    held(registries[0], newer, "team/app:1.3")
    standing_on(place, base)
    said = linted(place, *ALL, "--online", "Dockerfile", code=1)
    assert "team/app:1.3" in said.document["files"][0]["findings"][0]["hint"]


def test_a_base_that_lies(place: TinyProject, registries: Registries):
    standing_on(place, held(registries[0], liar()))
    said = linted(place, *WANTED, "--online", "Dockerfile", code=1)
    [found] = said.document["files"][0]["findings"]
    assert (found["rule"], found["platforms"]) == ("PA107", ["linux/arm64"])
    assert "its config says `linux/amd64`" in found["message"]


def test_a_base_with_programs_of_another_machine(place: TinyProject, registries: Registries):
    """Its config says arm64; what lies where programs are run is for amd64."""
    made = with_programs({"linux/amd64": "linux/amd64", "linux/arm64": "linux/amd64"})
    standing_on(place, held(registries[0], made))
    laid(made, place.root / "lay", held(registries[0], made))
    for words in (("--online",), ("--layout", "lay")):
        said = linted(place, *WANTED, *words, "Dockerfile", code=1)
        [found] = said.document["files"][0]["findings"]
        assert (found["rule"], found["platforms"]) == ("PA107", ["linux/arm64"])
        assert "/bin/tool" in found["message"]


def test_an_honest_base(place: TinyProject, registries: Registries):
    honest = with_programs({"linux/amd64": "linux/amd64", "linux/arm64": "linux/arm64"})
    standing_on(place, held(registries[0], honest))
    assert rules(linted(place, *WANTED, "--online", "Dockerfile")) == []


def with_programs(machines: dict[str, str]) -> MadeImage:
    """An index of images by platform, each with a program for the machine named beside it."""
    store = MemoryStore()
    children = [
        Made(platform=name, layers=[[file("bin/tool", program(machine))]]).put(store)
        for name, machine in machines.items()
    ]
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=tuple(children))


def test_the_digest_of_one_platform(place: TinyProject, registries: Registries):
    made = make_index()
    name = held(registries[0], made)
    standing_on(place, f"{name}@{made.children[1].digest}")
    said = linted(place, *WANTED, "--online", "Dockerfile", code=1)
    [found] = said.document["files"][0]["findings"]
    assert (found["rule"], found["fix"]) == ("PA106", "review")
    assert f"{name}@{made.index.descriptor.digest}" in found["hint"]
    linted(place, *WANTED, "--online", "--fix=review", "Dockerfile")
    text = (place.root / "Dockerfile").read_text()
    assert text.startswith(f"FROM {name}@{made.index.descriptor.digest} AS")


def test_one_image_without_an_index(place: TinyProject, registries: Registries):
    made = make_index()
    standing_on(place, put(registries[0], made.store, made.children[1], "team/one", "1"))
    said = linted(place, *WANTED, "--online", "Dockerfile", code=1)
    [found] = said.document["files"][0]["findings"]
    assert (found["rule"], found["platforms"]) == ("PA107", ["linux/amd64"])


def test_one_that_cannot_be_asked(place: TinyProject, registries: Registries):
    host = registries[0].host
    standing_on(place, f"{host}/team/none:1", "127.0.0.1:9/x:1", "scratch")
    said = linted(place, *WANTED, "--online", "Dockerfile")
    assert rules(said) == []
    assert said.stderr.count("could not be looked up") == 2


def test_what_was_found_is_kept(place: TinyProject, registries: Registries):
    standing_on(place, held(registries[0], make_index()))
    linted(place, *ALL, "--online", "Dockerfile", code=1)
    asked = len(registries[0].requests)
    linted(place, *ALL, "--online", "Dockerfile", code=1)
    assert len(registries[0].requests) == asked
    [kept] = (place.root.parent / "home").rglob("bases.json")
    answers = json.loads(kept.read_text())
    for each in answers.values():
        each["at"] = "2020-01-01T00:00:00+00:00"
    kept.write_text(json.dumps(answers))
    linted(place, *ALL, "--online", "Dockerfile", code=1)
    assert len(registries[0].requests) > asked, "it was too old"
    for broken in ("", "[]", '{"x": 1}', "{" * 9999):
        kept.write_text(broken)
        linted(place, *ALL, "--online", "Dockerfile", code=1)


def test_in_a_project_what_was_found_counts_offline(project: TinyProject, registries: Registries):
    project.toml(
        '[defaults]\nplatforms = ["linux/amd64", "linux/arm64", "linux/s390x"]\n[images.app]\n'
    )
    standing_on(project, held(registries[0], make_index()))
    assert rules(linted(project)) == []
    assert rules(linted(project, "--online", code=1)) == ["PA107"]
    asked = len(registries[0].requests)
    assert rules(linted(project, code=1)) == ["PA107"]
    assert len(registries[0].requests) == asked


def test_a_layout(place: TinyProject):
    laid(make_index(), place.root / "named", "docker.io/team/app:1")
    laid(make_index(), place.root / "tagged", "3.20")
    standing_on(place, "team/app:1", "alpine:3.20")
    [found] = linted(place, *ALL, "--layout", "named", "Dockerfile", code=1).document["files"]
    assert [(each["rule"], each["line"]) for each in found["findings"]] == [("PA107", 1)]
    assert rules(linted(place, *ALL, "--layout", "tagged", "Dockerfile")) == [], "of which image?"
    assert linted(place, "--layout", "none", "Dockerfile", code=3).document["code"]
    (place.root / "empty").mkdir()
    linted(place, "--layout", "empty", "Dockerfile", code=1)
