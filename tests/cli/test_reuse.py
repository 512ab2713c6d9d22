"""Parts are taken again when nothing that enters them has changed, and only then."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.oci.config import ImageConfig
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from tests.support.tiny_project import TinyProject

FAMILY = """\
[defaults]
platforms = ["linux/ppc64le", "linux/s390x"]
[defaults.direct]
run = ["sh", "make.sh", "{out}/{image}", "{platform}"]
files = [{ from = "{out}/{image}", to = "/{image}" }]
[images.base]
[images.child]
direct = { base = "image:base" }
"""


def built(project: TinyProject, *words: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The parts of a build, by image and platform."""
    said = project.run("build", "--json", *words)
    assert said.code == 0, said
    return {(part["image"], part["platform"]): part for part in said.document["parts"]}


def reused(project: TinyProject, *words: str) -> set[bool]:
    return {part["reused"] for part in built(project, *words).values()}


def layers(project: TinyProject, part: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """The layers of a part and its labels."""
    slug = part["platform"].replace("/", "-")
    layout = LayoutStore(project.root / ".polyarch" / "parts" / part["image"] / slug)
    raw = layout.path_of(Digest.parse(part["manifest"]["digest"])).read_bytes()
    manifest = ImageManifest.parse(raw)
    config = ImageConfig.parse(layout.path_of(manifest.config.digest).read_bytes())
    return [str(layer.digest) for layer in manifest.layers], dict(config.labels)


def change_toml(old: str, new: str) -> Callable[[TinyProject], None]:
    def change(project: TinyProject) -> None:
        text = (project.root / "polyarch.toml").read_text()
        assert old in text
        project.toml(text.replace(old, new))

    return change


def test_a_second_build_builds_nothing(project: TinyProject):
    assert reused(project) == {False}
    assert reused(project) == {True}


def test_force_builds_all_the_same(project: TinyProject):
    first = built(project)
    forced = built(project, "--force")
    assert {part["reused"] for part in forced.values()} == {False}
    assert [part["digest"] for part in forced.values()] == [
        part["digest"] for part in first.values()
    ]


CHANGES: dict[str, Callable[[TinyProject], object]] = {
    "a file of the context": lambda p: p.write({"make.sh": "printf y > $1\n"}),
    "a new file of the context": lambda p: p.write({"more.txt": "more\n"}),
    "the right to run a file": lambda p: (p.root / "make.sh").chmod(0o755),
    "the command": change_toml('"make.sh"', '"./make.sh"'),
    "where files go": change_toml('to = "/app"', 'to = "/bin/app"'),
    "a file's mode": change_toml('to = "/app" }', 'to = "/app", mode = "0555" }'),
    "the user": change_toml('to = "/app" }]', 'to = "/app" }]\nuser = "1:1"'),
    "a label": change_toml("[images.app.", '[images.app]\nlabels = {a="b"}\n[images.app.'),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_enters_a_build_makes_it_anew(project: TinyProject, what: str):
    # Whether polyarch.toml itself is a file of the context is not the point here.
    project.write({".dockerignore": "polyarch.toml\n.dockerignore\n"})
    assert reused(project) == {False}
    CHANGES[what](project)
    assert reused(project) == {False}
    assert reused(project) == {True}


SAME: dict[str, Callable[[TinyProject], object]] = {
    "a commit": TinyProject.commit,
    "an ignored file": lambda p: p.write({"notes.txt": "!\n"}),
    "a touched file": lambda p: (p.root / "make.sh").touch(),
    "tags and destinations": change_toml('"team/{image}"', '"quay.io/team/{image}"'),
    "the config's own words": lambda p: p.toml("+# a remark\n"),
    "what runs leave": lambda p: p.write({".polyarch/more": "!\n"}),
    "what git leaves": lambda p: p.git("gc", "--quiet"),
}


@pytest.mark.parametrize("what", SAME)
def test_what_does_not_enter_a_build_leaves_it(project: TinyProject, what: str):
    project.write({".dockerignore": "polyarch.toml\nnotes.txt\n.dockerignore\n"})
    assert reused(project) == {False}
    SAME[what](project)
    assert reused(project) == {True}


def test_another_commit_of_the_same_content_gets_its_own_labels(project: TinyProject):
    first = built(project)
    second_commit = project.commit("The same")
    second = built(project)
    for key, part in second.items():
        assert part["reused"] is True
        assert part["revision"] == second_commit
        assert part["input_key"] == first[key]["input_key"]
        assert part["digest"] != first[key]["digest"]
        old_layers, _ = layers(project, first[key])
        new_layers, labels = layers(project, part)
        assert new_layers == old_layers
        assert labels["org.opencontainers.image.revision"] == second_commit
    project.git("checkout", "--quiet", "HEAD~1")
    again = built(project, "--event", "push", "--ref", "refs/heads/main")
    assert [p["digest"] for p in again.values()] == [p["digest"] for p in first.values()]


class TestDamage:
    """Whatever happened to a part, it is built anew and never half taken."""

    def spoil(self, project: TinyProject, how: Callable[[Path, Path], object]) -> None:
        first = built(project)
        parts = project.root / ".polyarch" / "parts" / "app"
        how(parts / "linux-s390x.json", parts / "linux-s390x")
        again = built(project)
        assert again["app", "linux/s390x"]["reused"] is False
        assert again["app", "linux/ppc64le"]["reused"] is True
        assert [p["digest"] for p in again.values()] == [p["digest"] for p in first.values()]
        assert reused(project) == {True}

    def test_no_record(self, project: TinyProject):
        self.spoil(project, lambda record, _: record.unlink())

    def test_a_broken_record(self, project: TinyProject):
        self.spoil(project, lambda record, _: record.write_text('{"schema": "polyarch.part/v1"'))

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("schema", "polyarch.part/v2"),
            ("sources", []),
            ("sources", ["oci:linux-s390x", "oci:linux-ppc64le"]),
            ("sources", ["oci:../../../.."]),
            ("sources", ["not a reference"]),
            ("sources", 7),
            ("image", "other"),
            ("platform", "linux/ppc64le"),
            ("manifest", {"digest": "sha256:0", "size": 1, "mediaType": "x"}),
            ("attestations", [{}]),
            ("input_key", "sha256:other"),
        ],
    )
    def test_a_record_that_lies(self, project: TinyProject, key: str, value: object):
        def lie(record: Path, _: Path) -> None:
            document = json.loads(record.read_text())
            record.write_text(json.dumps({**document, key: value}))

        self.spoil(project, lie)

    def test_no_layout(self, project: TinyProject):
        self.spoil(project, lambda _, layout: shutil.rmtree(layout))

    def test_a_lost_blob(self, project: TinyProject):
        self.spoil(project, lambda _, layout: max(blobs(layout), key=size).unlink())

    def test_a_blob_that_was_cut_off(self, project: TinyProject):
        self.spoil(project, lambda _, layout: max(blobs(layout), key=size).write_bytes(b"x"))

    @pytest.mark.parametrize("what", ["manifest", "config"])
    def test_the_right_size_and_other_bytes(self, project: TinyProject, what: str):
        def turn(record: Path, layout: Path) -> None:
            digest = json.loads(record.read_text())["digest"]
            path = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
            if what == "config":
                digest = json.loads(path.read_bytes())["config"]["digest"]
                path = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
            path.write_bytes(bytes(reversed(path.read_bytes())))

        self.spoil(project, turn)

    def test_a_file_in_place_of_the_layout(self, project: TinyProject):
        def put(_: Path, layout: Path) -> None:
            shutil.rmtree(layout)
            layout.write_text("?")

        self.spoil(project, put)


def blobs(layout: Path) -> list[Path]:
    return list((layout / "blobs" / "sha256").iterdir())


def size(path: Path) -> int:
    return path.stat().st_size


class TestFamily:
    @pytest.fixture
    def family(self, project: TinyProject) -> TinyProject:
        project.toml(FAMILY)
        project.commit()
        return project

    def test_a_child_stands_on_the_base_just_built(self, family: TinyProject):
        parts = built(family)
        for platform in ("linux/ppc64le", "linux/s390x"):
            base, child = parts["base", platform], parts["child", platform]
            base_layers, _ = layers(family, base)
            child_layers, _ = layers(family, child)
            assert child_layers[:-1] == base_layers
            assert child["bases"].keys() == {f"image:base/{platform}"}
        assert reused(family) == {True}

    def test_a_change_of_the_base_makes_its_children_anew(self, family: TinyProject):
        before = built(family)
        change_toml("[images.base]", '[images.base]\nlabels = { a = "b" }')(family)
        family.write({".dockerignore": "polyarch.toml\n"})
        built(family)
        change_toml('a = "b"', 'a = "c"')(family)
        after = built(family)
        assert {part["reused"] for part in after.values()} == {False}
        for key in before:
            assert before[key]["input_key"] != after[key]["input_key"]

    def test_a_change_of_the_child_leaves_its_base(self, family: TinyProject):
        family.write({".dockerignore": "polyarch.toml\n"})
        built(family)
        change_toml('"image:base" }', '"image:base", user = "1:1" }')(family)
        after = built(family)
        assert {key[0]: part["reused"] for key, part in after.items()} == {
            "base": True,
            "child": False,
        }

    def test_another_commit_reuses_both(self, family: TinyProject):
        built(family)
        family.commit("The same")
        found = built(family)
        assert found["base", "linux/s390x"]["reused"] is True
        assert found["child", "linux/s390x"]["reused"] is True
        base = found["base", "linux/s390x"]["digest"]
        _, labels = layers(family, found["child", "linux/s390x"])
        assert labels["org.opencontainers.image.base.digest"] == base
        forced = built(family, "--force")
        assert {k: p["digest"] for k, p in forced.items()} == {
            k: p["digest"] for k, p in found.items()
        }
