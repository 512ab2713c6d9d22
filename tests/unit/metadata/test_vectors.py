"""docker/metadata-action's own test tables, where the folder that holds them is there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from polyarch.errors import InvalidRuleError, PolyarchError
from polyarch.host.ci import detect
from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitFacts
from polyarch.host.github import with_head_of_pull_request
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.bake import bake_files
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.image import parse_images
from polyarch.metadata.inputs import Inputs
from polyarch.metadata.labels import labels
from polyarch.metadata.outputs import Metadata
from polyarch.metadata.rule import Rule, parse_rules
from polyarch.metadata.template_parser import is_raw_statement
from polyarch.metadata.version import Version, compute
from polyarch.pipeline.metadata import action_metadata

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "metadata" / "vectors.json"

NUMBER = 199
"""How many there are; a vector that nobody runs would be as good as none."""

LISTS = frozenset({"images", "tags", "flavor", "labels", "annotations"})

Vector = dict[str, Any]


def load() -> list[Vector]:
    if not VECTORS.is_file():
        return []
    vectors: list[Vector] = json.loads(VECTORS.read_text())["vectors"]
    return vectors


ALL = load()


@pytest.fixture(autouse=True)
def _needs_vectors() -> None:
    if not ALL:
        pytest.skip("the folder with the reference's vectors is not there")


def event_of(vector: Vector, folder: Path) -> CiEvent:
    github = vector["github"]
    file = folder / "event.json"
    file.write_text(json.dumps(github["payload"]))
    event = detect(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_REF": github["ref"],
            "GITHUB_SHA": github["sha"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_EVENT_PATH": str(file),
        },
        None,
    )
    if "true" in github["env"].get("DOCKER_METADATA_PR_HEAD_SHA", "").lower():
        event = with_head_of_pull_request(event)
    date = github["commit_date"]
    return replace(event, commit_time=time_of(date)) if date else event


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def repository_of(vector: Vector) -> RepositoryFacts:
    repo = vector["repo"]
    return RepositoryFacts(
        name=repo["name"] or "",
        description=repo["description"] or "",
        html_url=repo["html_url"] or "",
        default_branch=repo["default_branch"] or "",
        license=(repo["license"] or {}).get("spdx_id") or "",
    )


def version_of(vector: Vector, event: CiEvent) -> Version:
    inputs = vector["inputs"]
    return compute(
        inputs.get("tags", []),
        event,
        now=time_of(vector["now"]),
        flavor=inputs.get("flavor", []),
        images=inputs.get("images", []),
        repository=repository_of(vector),
    )


def pairs(vector: Vector, event: CiEvent, version: Version, name: str) -> dict[str, str]:
    now = time_of(vector["now"])
    extra = vector["inputs"].get(name, [])
    repository = repository_of(vector)
    return labels(event, version, repository, now=now, created=now, extra=extra)


def meta(vector: Vector, folder: Path) -> object:
    event = event_of(vector, folder)
    version = version_of(vector, event)
    return {
        "version": {
            "main": version.main,
            "partial": list(version.partial),
            "latest": version.latest,
        },
        "tags": list(version.tags),
        "labels": [
            f"{key}={text}" for key, text in pairs(vector, event, version, "labels").items()
        ],
        "annotations": [
            f"{key}={text}" for key, text in pairs(vector, event, version, "annotations").items()
        ],
    }


def metadata_of(vector: Vector, folder: Path) -> Metadata:
    """All that the action would give, by the way that the verb takes."""
    given = dict(vector["inputs"])
    lists: dict[str, Any] = {name: tuple(given.get(name, ())) for name in LISTS}
    texts = Inputs.read({name: given[name] for name in given.keys() - LISTS})
    return action_metadata(
        replace(texts, **lists),
        event_of(vector, folder),
        repository_of(vector),
        vector["github"]["env"],
        now=time_of(vector["now"]),
    )


def document(vector: Vector, folder: Path) -> object:
    return {"json": metadata_of(vector, folder).to_action_json()}


def sep_tags(vector: Vector, folder: Path) -> object:
    return {"tags_output": metadata_of(vector, folder).texts()["tags"]}


def bake(vector: Vector, folder: Path) -> object:
    files = bake_files(metadata_of(vector, folder))
    kinds = ("tags", "labels", "annotations")
    return {"bake": {kind: files[f"bake-file-{kind}"] for kind in kinds}}


def bake_tags_labels(vector: Vector, folder: Path) -> object:
    return {"bake": {"tags_labels": bake_files(metadata_of(vector, folder))["bake-file"]}}


def get_inputs(vector: Vector, folder: Path) -> object:
    found = Inputs.read(vector["inputs"]["raw"])
    values = {each.name.replace("_", "-"): getattr(found, each.name) for each in fields(found)}
    told = {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }
    # A token is no part of the inputs here: it is read where it is used.
    return {"inputs": {**told, "github-token": ""}}


def images(vector: Vector, folder: Path) -> object:
    found = parse_images(vector["inputs"]["images"])
    return {"images": [{"name": image.name, "enable": image.enable} for image in found]}


def flavor(vector: Vector, folder: Path) -> object:
    found = Flavor.parse(vector["inputs"]["flavor"])
    return {
        "flavor": {
            "latest": found.latest,
            "prefix": found.prefix,
            "prefixLatest": found.prefix_latest,
            "suffix": found.suffix,
            "suffixLatest": found.suffix_latest,
        }
    }


def one_by_one(vector: Vector, folder: Path) -> object:
    return rules_as_json([Rule.parse(item) for item in vector["inputs"]["tags"]])


def sorted_rules(vector: Vector, folder: Path) -> object:
    return rules_as_json(parse_rules(vector["inputs"]["tags"]))


def rules_as_json(rules: Any) -> object:
    return {"tags": [{"type": rule.type, "attrs": dict(rule.attributes)} for rule in rules]}


def is_raw(vector: Vector, folder: Path) -> object:
    return {"is_raw": is_raw_statement(vector["inputs"]["pattern"])}


def context(vector: Vector, folder: Path) -> object:
    if "git" in vector:
        git = vector["git"]
        facts = GitFacts(
            root=folder,
            sha=git["sha"],
            branch=git["ref"].removeprefix("refs/heads/"),
            tags=(),
            commit_time=time_of(git["commit_date"]),
            dirty=False,
            remote=None,
            default_branch=None,
            pushed=True,
        )
        event = detect({}, facts)
    else:
        event = event_of(vector, folder)
    time = event.commit_time
    date = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") if time else None
    return {"context": {"ref": event.ref, "sha": event.sha, "commit_date": date}}


KINDS: Mapping[str, Callable[[Vector, Path], object]] = {
    "meta": meta,
    "json": document,
    "sep_tags": sep_tags,
    "image_parse": images,
    "flavor_parse": flavor,
    "tag_parse": one_by_one,
    "tag_transform": sorted_rules,
    "is_raw_statement": is_raw,
    "get_context": context,
    "bake": bake,
    "bake_tags_labels": bake_tags_labels,
    "get_inputs": get_inputs,
}


@pytest.mark.parametrize("vector", ALL, ids=[vector["id"] for vector in ALL])
def test_gives_what_the_reference_gives(vector: Vector, tmp_path: Path) -> None:
    expected = vector["expected"]
    if "error" in expected:
        with pytest.raises(PolyarchError) as caught:
            KINDS[vector["kind"]](vector, tmp_path)
        assert isinstance(caught.value, InvalidRuleError)
        return
    found = KINDS[vector["kind"]](vector, tmp_path)
    assert isinstance(found, dict)
    # A table states only what it checks.
    assert {name: found[name] for name in expected} == expected


def test_all_vectors_are_counted() -> None:
    assert len({vector["id"] for vector in ALL}) == NUMBER
    assert {vector["kind"] for vector in ALL} == set(KINDS)
