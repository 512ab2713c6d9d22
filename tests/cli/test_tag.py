"""`polyarch tag` at the command line, against three registries."""

from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.documents import check, moved
from tests.support.released import Released, shown, statuses, tags_told
from tests.support.tiny_project import Said, TinyProject

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in three registries."""
    made = Released.make(tmp_path / "project", [each.host for each in registries], ["server"])
    for version in ("1.2.3", "1.3.0"):
        said = made.release(version)
        assert said.code == 0, said
    return made


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def tag(released: Released, *words: str) -> Said:
    """Tag what stands in the first registry."""
    first = f"{released.hosts[0]}/team/server"
    said = released.project.run("tag", f"{first}{words[0]}", *words[1:], "--json")
    if said.code not in {2, 3}:
        check(said.document, moved("tag"))
    return said


def test_one_repository_gets_more_tags(released: Released):
    before = shown(released)
    said = tag(released, ":1.2.3", "stable", "latest", "--why", "as agreed")
    assert said.code == 0, said
    assert tags_told(said) == {("stable", "created"), ("latest", "moved")}
    after = shown(released)
    assert after[1:] == before[1:]
    assert after[0] == {
        **before[0],
        "stable": before[0]["1.2.3"],
        "latest": before[0]["1.2.3"],
    }
    assert tags_told(tag(released, ":1.2.3", "stable")) == {("stable", "unchanged")}


def test_everywhere_each_repository_tags_what_it_has(released: Released):
    second = f"{released.hosts[1]}/team/server"
    assert released.project.run("tag", f"{second}:1.2.3", "1.3.0").code == 0
    said = tag(released, ":1.3.0", "lts", "--everywhere")
    assert said.code == 0, said
    after = shown(released)
    assert [each["lts"] for each in after] == [each["1.3.0"] for each in after]
    assert after[0]["lts"] != after[1]["lts"]


def test_a_digest_is_brought_where_it_is_not(released: Released):
    digest = shown(released)[0]["1.2.3"]
    only = released.project.run("copy", f"{released.hosts[0]}/team/server@{digest}",
                                f"{released.hosts[0]}/team/other:x")  # fmt: skip
    assert only.code == 0, only
    sha = released.commit("another")
    text = (released.project.root / "polyarch.toml").read_text()
    alone = text.replace(f'"{released.hosts[1]}/team/{{image}}", ', "")
    released.project.toml(alone)
    assert released.publish("1.4.0", sha).code == 0
    released.project.toml(text)
    newest = shown(released)[0]["1.4.0"]
    assert "1.4.0" not in shown(released)[1]
    said = tag(released, f"@{newest}", "brought", "--everywhere")
    assert said.code == 0, said
    assert {each["brought"] for each in shown(released)} == {newest}


def test_a_tag_that_one_registry_lacks(released: Released, registries: Registries):
    before = shown(released)
    registries[2].storage.delete_tag("team/server", "1.2.3")
    said = tag(released, ":1.2.3", "stable", "--everywhere")
    assert said.code == 7, said
    assert statuses(said) == {"server": ["skipped", "skipped", "failed"]}
    assert all("stable" not in each for each in shown(released))
    partly = tag(released, ":1.2.3", "stable", "--everywhere", "--on-registry-failure", "continue")
    assert partly.code == 6, partly
    assert [each.get("stable") for each in shown(released)] == [
        before[0]["1.2.3"],
        before[1]["1.2.3"],
        None,
    ]


def test_outside_a_project_and_what_is_wrong(released: Released, tmp_path: Path):
    first = f"{released.hosts[0]}/team/server"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    said = released.project.run("tag", f"{first}:1.2.3", "here", folder=elsewhere)
    assert said.code == 0, said
    assert said.stdout == f"{first}@{shown(released)[0]['1.2.3']}\n"
    for words, code, told in (
        ((f"{first}:9.9.9", "x"), 3, "is not there"),
        ((f"{first}:1.2.3", "no tag"), 2, "is not an image reference"),
        ((f"{first}:1.2.3",), 2, "missing argument"),
        ((f"{released.hosts[0]}/other:1", "x", "--everywhere"), 3, "no image of this project"),
        (("oci:folder", "x"), 2, "only what stands in a registry"),
    ):
        wrong = released.project.run("tag", *words)
        assert wrong.code == code, wrong
        assert told in wrong.stderr


@pytest.mark.parametrize(
    "name",
    [
        "polyarch-lock",
        "polyarch-txn",
        "polyarch-prune",
        *(f"sha256-{'a' * 64}{x}" for x in ("", ".sig")),
    ],
)
@pytest.mark.parametrize("verb", ["tag", "rollback", "promote"])
def test_tags_that_are_kept_for_something_else(place: TinyProject, verb: str, name: str):
    """A list of referrers that is overwritten loses what it lists."""
    words = {
        "tag": ("localhost:9/team/app:1.2.3", "stable", name),
        "rollback": ("--to", "1.2.3", "--tag", name),
        "promote": ("--from", "staging", "--to", "production", "--tag", name),
    }[verb]
    said = place.run(verb, "--json", *words)
    assert (said.code, said.document["code"]) == (2, "reserved-tag-named"), said
    assert name in said.document["message"]
