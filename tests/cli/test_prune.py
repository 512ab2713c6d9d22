"""`polyarch prune` as people call it: it shows, removes with `--apply`, and says what it cannot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from polyarch.pipeline.pruning import mark
from polyarch.sandbox.likenesses import DOCKER_HUB, GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.grown import (
    ABOUT_KEPT,
    KEPT,
    NAME,
    OTHER,
    SHARED,
    Grown,
    shown,
    standing,
    two_indexes,
)
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]

TOML = """\
[defaults]
repositories = [{repositories}]
tags = ["type=ref,event=branch", "type=ref,event=pr", "type=semver,pattern={{{{version}}}}"]
platforms = ["linux/amd64"]
[images.app.direct]
run = ["sh", "make.sh", "{{out}}/app"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
[prune]
keep = 0
{more}"""


def configure(project: TinyProject, hosts: Sequence[str], more: str = "") -> TinyProject:
    repositories = ", ".join(f'"{host}/team/{{image}}"' for host in hosts)
    project.toml(TOML.format(repositories=repositories, more=more))
    project.commit()
    return project


@pytest.fixture
def pruned(project: TinyProject, registries: Registries) -> TinyProject:
    """Three registries with the same in them: as in the book, like GHCR, like Docker Hub."""
    grown = two_indexes()
    grown.list_by_tags()
    two_indexes().put_into(registries[0].storage)
    grown.put_into(registries[1].storage)
    grown.put_into(registries[2].storage)
    registries[1].quirks, registries[2].quirks = GHCR, DOCKER_HUB
    kinds = ("ghcr", "docker-hub")
    tables = [
        f'[registries."{registry.host}"]\nprofile = "{kind}"\n'
        for registry, kind in zip(registries[1:], kinds, strict=True)
    ]
    return configure(project, [each.host for each in registries], "".join(tables))


def writes(registries: Registries) -> set[str]:
    return {request.method for each in registries for request in each.requests} - {"GET", "HEAD"}


def statuses(said: Said) -> list[dict[str, str]]:
    return [
        {tag["tag"]: tag["status"] for tag in each["tags"] if not tag["tag"].startswith("sha256")}
        for each in said.document["repositories"]
    ]


def test_it_only_shows_until_it_is_told_to_apply(pruned: TinyProject, registries: Registries):
    said = pruned.run("prune")
    assert said.code == 0, said
    assert "pr-1" in said.stdout
    assert "1 index, 1 artifact, 1 image to go" in said.stdout
    assert "nothing was removed; `--apply` removes what goes" in said.stderr
    assert "https://hub.docker.com/repository/docker/team/app/tags deletes tags" in said.stderr
    assert not writes(registries)
    said = pruned.run("prune", "--json")
    assert said.document["schema"] == "polyarch.prune/v1"
    assert said.document["applied"] is False
    goes = {"1.0": "stays", "pr-1": "goes"}
    assert statuses(said) == [goes, goes, {"1.0": "stays", "pr-1": "stays"}]
    assert not writes(registries)


def test_what_goes_is_removed_and_then_there_is_nothing_more(
    pruned: TinyProject, registries: Registries
):
    said = pruned.run("prune", "--apply", "--json")
    assert said.code == 0, said
    gone = {"1.0": "stays", "pr-1": "removed"}
    assert statuses(said) == [gone, gone, {"1.0": "stays", "pr-1": "stays"}]
    assert not [each for each in registries[2].requests if each.method not in {"GET", "HEAD"}]
    grown = two_indexes()
    for registry in registries[:2]:
        assert standing(registry.storage, grown) == {SHARED, OTHER, KEPT, ABOUT_KEPT}
        listed = {tag for tag in shown(registry.storage, NAME) if not tag.startswith("sha256-")}
        assert listed == {"1.0"}
    assert shown(registries[1].storage).keys() == {"1.0", f"sha256-{KEPT.encoded}"}
    again = pruned.run("prune", "--apply", "app")
    assert again.code == 0
    assert "there was nothing to remove" in again.stdout
    assert "nothing may go" not in again.stdout + again.stderr
    assert "removing" not in again.stderr


def test_bounds_of_the_command_line(pruned: TinyProject, registries: Registries):
    for words in (("--keep", "1"), ("--max-age", "36500d"), ("--keep-tag", "pr-*")):
        said = pruned.run("prune", "--apply", *words)
        assert said.code == 0, said
        assert not writes(registries)
    said = pruned.run("prune", "-v", "--keep", "1")
    assert "it is among the 1 newest (pull-request)" in said.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nope",), 3, "no image matches `nope`"),
        (("--max-age", "soon"), 2, "is no length of time"),
        (("--max-age", "0s"), 2, "`0s` has to be more than nothing; write"),
        (("--keep", "-1"), 2, "not in the range"),
        (("--env", "staging"), 3, "staging"),
        (("--keep-tag", ""), 2, "--keep-tag"),
    ],
)
def test_wrong_words(pruned: TinyProject, words: Sequence[str], code: int, told: str):
    said = pruned.run("prune", *words)
    assert said.code == code, said
    assert told in said.stderr


def test_a_pull_request_removes_nothing(pruned: TinyProject, registries: Registries):
    event = github("pull_request", "refs/pull/7/merge", pruned.git("rev-parse", "HEAD"))
    said = pruned.run("prune", "--apply", more=event)
    assert said.code == 7, said
    assert "`polyarch prune` changes what is published" in said.stderr
    assert not writes(registries)


def test_a_registry_that_is_down_keeps_no_other_from_being_pruned(
    pruned: TinyProject, registries: Registries
):
    registries[1].quirks = Quirks(refuse_login=True)
    said = pruned.run("prune", "--apply", "--json")
    assert said.code == 7, said
    first, second, _ = said.document["repositories"]
    assert first["removed"] == 4
    assert second["error"]["code"]
    assert second["problem"]
    assert "pr-1" in shown(registries[1].storage)


def test_that_nothing_is_deleted_is_told_once_for_each_registry(
    project: TinyProject, registries: Registries
):
    registries[0].quirks = Quirks(manifest_delete=False)
    host = registries[0].host
    configure(project, [host], '[images.web.direct]\nbase = "scratch"\n')
    for name in (NAME, "team/web"):
        two_indexes().put_into(registries[0].storage, name)
    said = project.run("prune", "--apply")
    assert said.code == 7, said
    assert said.stderr.count("error:") == 1
    assert "may switch deletion on" in said.stderr
    assert set(shown(registries[0].storage)) == {"1.0", "pr-1"}


def test_an_environment_has_repositories_of_its_own(project: TinyProject, registries: Registries):
    away, near = registries[0], registries[1]
    for each in (away, near):
        two_indexes().put_into(each.storage)
    table = f'[environments.staging]\nrepositories = ["{near.host}/team/{{image}}"]\n'
    configure(project, [away.host], table)
    said = project.run("prune", "--apply", "--env", "staging")
    assert said.code == 0, said
    assert shown(near.storage).keys() == {"1.0"}
    assert shown(away.storage).keys() == {"1.0", "pr-1"}


def test_a_living_branch_stays_and_one_that_is_gone_goes(
    project: TinyProject, registries: Registries
):
    registry = registries[0]
    grown = Grown()
    for number, branch in enumerate(("living", "gone")):
        said = {"org.opencontainers.image.version": branch}
        grown.tags[branch] = grown.index(number, [], said=said).digest
    grown.put_into(registry.storage)
    configure(project, [registry.host])
    project.push()
    project.git("push", "--quiet", "origin", "HEAD:refs/heads/living")
    project.git("branch", "-rd", "origin/living")
    assert project.run("prune", "--apply").code == 0
    assert shown(registry.storage).keys() == {"living"}


def test_where_git_cannot_be_asked_branches_stay(project: TinyProject, registries: Registries):
    registry = registries[0]
    grown = Grown()
    grown.tags["gone"] = grown.index(
        1, [], said={"org.opencontainers.image.version": "gone"}
    ).digest
    grown.put_into(registry.storage)
    configure(project, [registry.host])
    project.git("remote", "add", "origin", str(Path(project.root) / "nowhere"))
    said = project.run("prune", "--apply", "--verbose")
    assert said.code == 0, said
    assert "whether its branch is still there is not known" in said.stdout
    assert shown(registry.storage).keys() == {"gone"}


def test_the_run_is_recorded(pruned: TinyProject):
    pruned.run("prune", "--apply")
    said = pruned.run("runs", "--json")
    run: Mapping[str, Any] = said.document["runs"][0]
    assert (run["verb"], run["state"], run["images"]) == ("prune", "done", ["app"])


def test_a_store_of_records_that_refuses_is_told_and_stops_nothing(
    project: TinyProject, registries: Registries
):
    two_indexes().put_into(registries[0].storage)
    registries[1].quirks = Quirks(refuse_login=True)
    store = f'[runs]\nstore = "{registries[1].host}/team/runs"\n'
    configure(project, [registries[0].host], store)
    said = project.run("prune", "--json")
    assert said.code == 0, said
    assert "could not be asked for what tags showed" in said.document["notes"][0]
    assert statuses(said) == [{"1.0": "stays", "pr-1": "goes"}]


def test_no_list_is_left(pruned: TinyProject, registries: Registries):
    pruned.run("prune", "--apply")
    assert not any(mark.TAG in shown(each.storage) for each in registries)


def test_an_image_under_the_tag_of_the_list_stays_and_is_told(
    project: TinyProject, registries: Registries
):
    grown = two_indexes()
    grown.tags |= {mark.TAG: KEPT, "latest": KEPT}
    grown.put_into(registries[0].storage)
    configure(project, [registries[0].host])
    said = project.run("prune", "--apply")
    assert said.code == 1, said
    assert f"where: {registries[0].host}/team/app:polyarch-prune" in said.stderr
    assert "shows something else than the list that a prune keeps there" in said.stderr
    assert shown(registries[0].storage) == grown.tags
    assert not writes(registries)


def test_what_is_about_images_of_other_places_is_told(project: TinyProject, registries: Registries):
    grown = Grown()
    tag = f"sha256-{'5' * 64}.sig"
    grown.tags |= {"1.0": grown.image(1).digest, tag: grown.image(2).digest}
    grown.put_into(registries[0].storage)
    configure(project, [registries[0].host])
    said = project.run("prune", "--apply")
    assert said.code == 0, said
    told = "tags that stay, about images that are in no place that is known: 1"
    assert told in said.stdout
    assert "sha256-555555555555….sig" in project.run("prune", "--verbose").stdout
    assert "there was nothing to remove" in said.stdout
    document = project.run("prune", "--json").document
    rows = {row["tag"]: row["lonely"] for row in document["repositories"][0]["tags"]}
    assert rows == {"1.0": False, tag: True}
    assert not writes(registries)
