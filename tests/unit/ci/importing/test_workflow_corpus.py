"""Real workflows: what is read of them against what a person found in them.

Data for tests alone; where it is not there these tests are skipped.
"""

import json
import posixpath
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from polyarch.ci.importing.groups import BuildGroup, platform_name
from polyarch.ci.importing.workflow_draft import WorkflowReading
from polyarch.config.load import load_text
from polyarch.errors import NothingToImportError
from polyarch.pipeline.compare import Comparison, compare
from polyarch.pipeline.init import (
    InitRequest,
    Written,
    from_workflow,
    read_flow_file,
    workflow_reading,
)

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "ci" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not there")

BRANCHES = {
    "005": "master", "006": "master", "008": "master", "012": "development", "013": "master",
    "018": "master", "023": "master", "026": "master", "033": "master", "034": "develop",
}  # fmt: skip
"""Default branches, where they are not `main`."""

TOLD_IN_WORDS = {
    "008": {"platforms", "tags", "flavor"},
    "013": {"dockerfile", "platforms"},
    "023": {"tags"},
}
"""Truths that are sentences; they have tests of their own below."""

FIELDS = ("images", "registries", "context", "dockerfile", "platforms", "tags", "flavor")


def entries(*importable: str) -> list[dict[str, Any]]:
    if not CORPUS.is_dir():
        return []
    index = json.loads((CORPUS / "index.json").read_bytes())
    return [entry for entry in index if entry["importable"] in importable]


def entry_of(number: str) -> dict[str, Any]:
    return next(each for each in entries("full", "partial", "no") if each["id"] == number)


def asked(entry: dict[str, Any]) -> InitRequest:
    branch = BRANCHES.get(entry["id"], "main")
    return InitRequest(
        root=CORPUS, git=None, repository=entry["repo"], default_branch=branch, values={}
    )


@cache
def reading_of(number: str) -> WorkflowReading:
    entry = entry_of(number)
    return workflow_reading(read_flow_file(CORPUS / entry["file"]), asked(entry))


@cache
def written_of(number: str) -> Written:
    entry = entry_of(number)
    return from_workflow(CORPUS / entry["file"], asked(entry))


@cache
def compared(number: str) -> Comparison:
    return compare(load_text(written_of(number).text), reading_of(number))


def facts_of_truth(build: dict[str, Any], entry: dict[str, Any]) -> dict[str, object]:
    owner = entry["repo"].partition("/")[0].lower()
    images = [
        each.replace("${{ github.repository }}", entry["repo"].lower())
        .replace("${{ github.repository_owner }}", owner)
        .replace("<owner in lower case>", owner)
        for each in build["images"]
    ]
    context = build["context"]
    return {
        "images": images,
        "registries": sorted({each.partition("/")[0] for each in images}),
        "context": context if context == "git" else posixpath.normpath(context),
        "dockerfile": posixpath.normpath(build["dockerfile"]),
        "platforms": [platform_name(each) for each in build["platforms"]],
        "tags": build["tags"].get("rules", build["tags"].get("literal")),
        "flavor": build.get("flavor", []),
    }


def facts_of_group(group: BuildGroup) -> dict[str, object]:
    return {
        "images": list(group.repositories),
        "registries": sorted({each.partition("/")[0] for each in group.repositories}),
        "context": group.context,
        "dockerfile": group.dockerfile,
        "platforms": list(group.platforms),
        "tags": list(group.tags if group.rules is None else group.rules),
        "flavor": list(group.flavor),
    }


def triggers_of_truth(truth: dict[str, Any]) -> dict[str, object]:
    push = truth.get("push")
    return {
        "branches": (push or {}).get("branches", []) if push is not None else [],
        "tags": (push or {}).get("tags", []) if push is not None else [],
        "release": (truth.get("release") or {}).get("types"),
        "schedule": truth.get("schedule", []),
        "dispatch": "workflow_dispatch" in truth,
        "pull_request": "pull_request" in truth,
        "merge_group": "merge_group" in truth,
    }


def triggers_of_reading(reading: WorkflowReading) -> dict[str, object]:
    found = reading.triggers
    return {
        "branches": list(found.branches),
        "tags": list(found.tags),
        "release": list(found.release) if found.release is not None else None,
        "schedule": list(found.schedule),
        "dispatch": found.dispatch is not None,
        "pull_request": found.pull_request,
        "merge_group": found.merge_group,
    }


def test_every_build_that_a_person_found_is_read_as_they_did():
    right = dict.fromkeys(FIELDS, 0)
    in_all = dict.fromkeys(FIELDS, 0)
    wrong: list[object] = []
    for entry in entries("full"):
        truths = entry["truth"]["builds"]
        groups = reading_of(entry["id"]).groups
        for truth, group in zip(truths, groups, strict=entry["id"] != "008"):
            expected, found = facts_of_truth(truth, entry), facts_of_group(group)
            for name in FIELDS:
                if name not in TOLD_IN_WORDS.get(entry["id"], ()):
                    in_all[name] += 1
                    right[name] += expected[name] == found[name]
                    if expected[name] != found[name]:
                        wrong.append((entry["id"], name, expected[name], found[name]))
    assert wrong == []
    assert right == in_all
    assert in_all == {
        "images": 34,
        "registries": 34,
        "context": 34,
        "dockerfile": 32,
        "platforms": 31,
        "tags": 32,
        "flavor": 33,
    }


def test_triggers_are_what_a_person_found():
    files = entries("full")
    assert len(files) == 23
    for entry in files:
        expected = triggers_of_truth(entry["truth"]["triggers"])
        assert triggers_of_reading(reading_of(entry["id"])) == expected, entry["id"]


def test_variants_of_a_matrix_are_images_of_their_own():
    """008: fourteen variants; `+linux/riscv64` for one, `+linux/arm/v7` for some."""
    groups = reading_of("008").groups
    assert len(groups) == 14
    assert groups[0].platforms == ("linux/amd64", "linux/arm64", "linux/riscv64")
    with_arm = [each for each in groups if "linux/arm/v7" in each.platforms]
    assert [each.call.played.leg.text("${{ matrix.variant }}") for each in with_arm] == [
        "java17", "java16", "java11", "java8",
    ]  # fmt: skip
    images = written_of("008").draft.images
    assert len({image.name for image in images}) == 14


def test_platforms_within_a_bake_file_are_told_and_not_guessed():
    """013: targets of a bake file that is not there."""
    assert [group.platforms for group in reading_of("013").groups] == [(), ()]
    told = " ".join(each.what for each in written_of("013").draft.told)
    assert "docker-bake.hcl" in told
    assert "platforms =" not in written_of("013").text


def test_tags_that_a_script_makes_become_rules():
    """023: the tag's name; `latest` on master; else the branch's name."""
    (image,) = written_of("023").draft.images
    assert image.keys["tags"] == (
        "type=ref,event=tag",
        "type=raw,value=latest,enable={{is_default_branch}}",
        "type=ref,event=branch,enable={{is_not_default_branch}}",
    )


SAME = frozenset(
    "001 003 005 006 010 012 020 021 025 028 030 033 034 036 038 057".split()  # noqa: SIM905 - shorter
)
"""Imported, nothing edited: the same tags in every registry for every event that was tried."""

UNKNOWN = frozenset({"015", "019", "023", "026"})
"""Parts of their names are secrets, or made by scripts: nobody can say that they are the same."""

OTHERWISE = frozenset({"008", "018"})
"""A condition that no tag rule can say; told."""

NOT_LOADED = frozenset({"013"})
"""The platforms stand in a file that is not there."""


def test_every_file_that_can_be_imported_is():
    assert {each["id"] for each in entries("full")} == SAME | UNKNOWN | OTHERWISE | NOT_LOADED


@pytest.mark.parametrize("number", sorted(SAME))
def test_the_same_tags_come_out_of_what_was_written(number):
    rows = compared(number).rows
    assert [row for row in rows if row.same is not True] == []
    assert any(row.both for row in rows)


@pytest.mark.parametrize("number", sorted(UNKNOWN | OTHERWISE))
def test_what_is_not_the_same_is_told(number):
    assert not compared(number).same
    left = [each for each in written_of(number).draft.told if each.kind.name == "LEFT"]
    assert left
    assert all(each.why and each.what for each in left)


@pytest.mark.parametrize("number", sorted(UNKNOWN))
def test_what_a_run_alone_can_tell_is_no_part_of_the_file(number):
    text = written_of(number).text
    for line in text.splitlines():
        assert line.startswith("#") or "${{" not in line
    known = [row for row in compared(number).rows if row.same is False]
    assert number == "026" or known == []


def test_a_value_that_is_told_takes_the_place_of_a_secret():
    entry = entry_of("019")
    request = InitRequest(
        root=CORPUS,
        git=None,
        repository=entry["repo"],
        default_branch="main",
        values={"secrets.DOCKERHUB_USERNAME": "team"},
    )
    written = from_workflow(CORPUS / entry["file"], request)
    assert 'repositories = ["team/astrbot-playwright"]' in written.text
    reading = workflow_reading(read_flow_file(CORPUS / entry["file"]), request)
    assert compare(load_text(written.text), reading).same


PARTLY = {
    "044": "bake file `./docker-bake.hcl`, target `image-all`",
    "050": "uses: ./.github/actions/prepare-docker",
    "061": "job `build-and-push`: docker buildx imagetools create",
}


@pytest.mark.parametrize("entry", entries("partial", "no"), ids=lambda entry: entry["id"])
def test_what_cannot_be_seen_is_said(entry):
    number = entry["id"]
    if number in PARTLY:
        told = [each for each in written_of(number).draft.told if each.kind.name == "UNSEEN"]
        assert PARTLY[number] in [each.what for each in told]
        return
    with pytest.raises(NothingToImportError) as error:
        written_of(number)
    assert error.value.hint


def test_builds_that_are_seen_in_part_give_no_name_that_nobody_chose():
    for number in ("050", "061"):
        for image in written_of(number).draft.images:
            assert not image.keys["repositories"]
            assert not image.keys["tags"]


def test_traps_that_a_person_saw_are_seen():
    """Codes that are not looked for are listed, so that a new one is noticed."""
    never = {"fake-notify", "broken-notify", "delete-before-push", "latest-on-any-tag"}
    missed: dict[str, set[str]] = {}
    for entry in entries("full"):
        codes = {each.code for each in written_of(entry["id"]).draft.told}
        codes |= {"wrong-image-copy-paste"} if "same-tag-two-builds" in codes else set()
        missing = set(entry["mistakes"]) - codes
        if missing:
            missed[entry["id"]] = missing
    assert missed == {
        "019": {"fake-notify"},
        "026": {"latest-on-any-tag"},
        "034": {"broken-notify"},
        "057": {"delete-before-push"},
    }
    assert set().union(*missed.values()) == never


@pytest.mark.parametrize("entry", entries("full", "partial", "no"), ids=lambda entry: entry["id"])
@pytest.mark.parametrize("repository", ["", "Acme/Repo"], ids=["no-remote", "named"])
def test_every_file_is_read_or_refused_where_nothing_else_is(
    entry: dict[str, Any], repository: str, tmp_path: Path
):
    request = InitRequest(
        root=tmp_path, git=None, repository=repository, default_branch="", values={}
    )
    try:
        written = from_workflow(CORPUS / entry["file"], request)
    except NothingToImportError as error:
        # Some build for their own repository alone.
        assert entry["importable"] != "full" or repository
        assert error.hint
        return
    if not any(each.what == "polyarch.toml is not complete" for each in written.draft.told):
        load_text(written.text)


def test_logins_are_named_by_their_variables():
    draft = written_of("001").draft
    assert draft.registries == {
        "docker.io": {"username-env": "DOCKER_USERNAME", "password-env": "DOCKER_PASSWORD"},
        "registry.cn-hangzhou.aliyuncs.com": {
            "username-env": "ALIREGISTRY_USERNAME",
            "password-env": "ALIREGISTRY_TOKEN",
        },
        "ghcr.io": {
            "username-env": "GITHUB_REPOSITORY_OWNER",
            "password-env": "GITHUB_TOKEN",
        },
    }


def test_native_machines_are_kept():
    assert written_of("005").draft.runners == {
        "linux/amd64": "ubuntu-latest",
        "linux/arm64": "ubuntu-24.04-arm",
    }
