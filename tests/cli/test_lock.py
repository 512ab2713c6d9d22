"""polyarch.lock: written by doctor, obeyed by builds, and what moved on is told."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from polyarch.pipeline.lock import LOCK_FILE, Lock
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]

TOML = """\
[images.top]
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = ["{host}/team/top"]
[images.top.direct]
base = "{base}"
files = [{{ from = "page", to = "/srv/page" }}]
"""


class Stand:
    """A project on a base of another project, which moves on when that one publishes."""

    def __init__(self, below: TinyProject, folder: Path, registries: Registries) -> None:
        self.below = below
        host = registries[0].host
        self.base = f"{host}/team/app:main"
        files = {"polyarch.toml": TOML.format(host=host, base=self.base), "page": "words"}
        self.project = TinyProject.make(folder / "top", files)
        self.registries = registries

    def move(self, text: str) -> str:
        """Publish the base with another content, and give its digest."""
        self.below.write({"make.sh": f'echo "{text} $2" > "$1"\n'})
        sha = self.below.commit()
        event = github("push", "refs/heads/main", sha)
        done = self.below.run("publish", "--json", more=event)
        assert done.code == 0, done
        digest: str = done.document["images"][0]["digest"]
        return digest

    def update(self, *names: str, code: int = 0) -> dict[str, Any]:
        said = self.project.run("doctor", "--update-lock", *names, "--json")
        assert said.code == code, said
        return said.document

    @property
    def locked(self) -> dict[str, str]:
        lock = Lock.read(self.project.root)
        assert lock
        return {name: str(digest) for name, digest in lock.images.items()}

    def plan(self) -> list[str]:
        said = self.project.run("plan", "--json")
        assert said.code == 0, said
        found: list[str] = said.document["toolchain"]
        return found

    def build(self) -> Said:
        shutil.rmtree(self.project.root / ".polyarch", ignore_errors=True)
        said = self.project.run("build", "--json")
        assert said.code == 0, said
        return said

    def base_layers(self) -> set[str]:
        """The first layer of each platform's image."""
        layouts = (self.project.root / ".polyarch/parts/top").glob("*/blobs/sha256/*")
        found = set()
        for blob in layouts:
            try:
                value = json.loads(blob.read_bytes())
            except ValueError:
                continue
            if value.get("layers"):
                found.add(value["layers"][0]["digest"])
        return found


@pytest.fixture
def stand(published: TinyProject, registries: Registries, tmp_path: Path) -> Stand:
    return Stand(published, tmp_path, registries)


def test_it_is_written_and_says_what_moved_from_what_to_what(stand: Stand) -> None:
    first = stand.move("one")
    [entry] = stand.update()["entries"]
    assert entry == {
        "kind": "images", "name": stand.base, "change": "added", "before": None, "digest": first,
        "problem": None,
    }  # fmt: skip
    assert stand.locked == {stand.base: first}
    [entry] = stand.update()["entries"]
    assert entry["change"] == "unchanged"
    second = stand.move("two")
    [entry] = stand.update(stand.base.rpartition(":")[0])["entries"]
    assert (entry["change"], entry["before"], entry["digest"]) == ("moved", first, second)


def test_builds_take_what_is_locked_and_plans_say_what_moved_on(stand: Stand) -> None:
    stand.move("one")
    assert not [line for line in stand.plan() if "lock" in line]
    stand.update()
    stand.build()
    locked_layers = stand.base_layers()
    assert not [line for line in stand.plan() if "moved on" in line]

    stand.move("two")
    stand.build()
    assert stand.base_layers() == locked_layers
    [line] = [line for line in stand.plan() if "moved on" in line]
    assert f"`polyarch doctor --update-lock {stand.base}`" in line

    stand.update()
    stand.build()
    assert not stand.base_layers() & locked_layers
    assert not [line for line in stand.plan() if "moved on" in line]


def test_a_name_that_is_not_locked_is_told(stand: Stand) -> None:
    stand.move("one")
    (stand.project.root / LOCK_FILE).write_text(Lock().render())
    [line] = [line for line in stand.plan() if "is not in polyarch.lock" in line]
    assert stand.base in line


def test_what_is_not_answered_stays_and_is_told(stand: Stand) -> None:
    first = stand.move("one")
    stand.update()
    stand.registries[0].quirks = Quirks(down=True)
    [entry] = stand.update(code=5)["entries"]
    assert (entry["change"], entry["digest"]) == ("kept", first)
    assert entry["problem"]
    assert stand.locked == {stand.base: first}


def test_what_nothing_names_any_more_goes(stand: Stand) -> None:
    stand.move("one")
    stand.update()
    path = stand.project.root / "polyarch.toml"
    path.write_text(path.read_text().replace(f'"{stand.base}"', '"scratch"'))
    [entry] = stand.update()["entries"]
    assert entry["change"] == "removed"
    assert stand.locked == {}


def test_a_name_that_nothing_has_is_an_error(stand: Stand) -> None:
    stand.move("one")
    said = stand.project.run("doctor", "--update-lock", "golang")
    assert said.code == 3
    assert stand.base in said.stderr


def test_a_name_without_the_option_is_a_slip(stand: Stand) -> None:
    said = stand.project.run("doctor", "golang:1")
    assert said.code == 2
    assert "--update-lock" in said.stderr


def test_a_damaged_lock_is_told_by_every_verb_that_obeys_it(stand: Stand) -> None:
    (stand.project.root / LOCK_FILE).write_text('version = 1\n[images]\n"a:1" = "sha256:1"\n')
    for words in (["plan", "--offline"], ["build"], ["doctor", "--update-lock"]):
        said = stand.project.run(*words)
        assert said.code == 2, said
        assert "line 3: " in said.stderr
        assert LOCK_FILE in said.stderr


def test_a_run_keeps_what_it_was_made_with(stand: Stand) -> None:
    digest = stand.move("one")
    stand.update()
    stand.build()
    [record] = (stand.project.root / ".polyarch/runs").glob("*/toolchain.json")
    value = json.loads(record.read_text())
    assert value["schema"] == "polyarch.toolchain/v1"
    assert value["commit"] == stand.project.git("rev-parse", "HEAD")
    assert value["source_date_epoch"] == 1767323045
    assert value["locked"] is True
    assert value["tools"]["polyarch"]
    [image] = value["images"]
    assert [each["platform"] for each in image["platforms"]] == ["linux/ppc64le", "linux/s390x"]
    assert image["platforms"][0]["images"] == {
        stand.base: stand.base.replace(":main", f"@{digest}")
    }


def test_what_is_not_as_at_the_last_publish_is_told(published: TinyProject) -> None:
    event = github("push", "refs/heads/main", published.git("rev-parse", "HEAD"))
    assert published.run("publish", "--json", more=event).code == 0
    record = published.runs[-1] / "toolchain.json"
    value = json.loads(record.read_text())
    assert published.run("plan", "--json").document["toolchain"] == []
    now = value["tools"]["polyarch"]
    record.write_text(json.dumps({**value, "tools": {"polyarch": "0.0.1", "buildah": "1.0"}}))
    [line] = published.run("plan", "--json").document["toolchain"]
    assert line == f"polyarch is {now}, and was 0.0.1 at the last publish ({record.parent.name})"
    assert line in " ".join(published.run("plan").stdout.split())
    record.write_text("{" * 9)
    assert published.run("plan", "--json").document["toolchain"] == []


@pytest.mark.parametrize("option", ["--fix", "--offline"])
def test_options_that_say_nothing_of_a_lock_are_refused(option: str, tmp_path: Path):
    project = TinyProject.make(tmp_path / "top", {"polyarch.toml": "never read"})
    said = project.run("doctor", "--update-lock", option, "--json")
    assert (said.code, said.document["code"]) == (2, "usage")
    assert option in said.document["message"]
    assert not (project.root / LOCK_FILE).exists()
