"""Outputs of the action, where its own test tables do not look."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from polyarch.errors import InvalidSwitchError, StorageError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.bake import bake_files, file_name
from polyarch.metadata.inputs import Inputs
from polyarch.metadata.outputs import Metadata, exports, variable_of
from polyarch.pipeline.metadata import action_metadata, output_text, write_outputs

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = CiEvent(provider=Provider.GITHUB, name="push", ref="refs/tags/v1.2.3", sha="c" * 40)


def made(environment: dict[str, str] | None = None, **texts: str) -> Metadata:
    named = {name.replace("_", "-"): text for name, text in texts.items()}
    facts = RepositoryFacts(name="app")
    return action_metadata(Inputs.read(named), EVENT, facts, environment or {}, now=NOW)


def content(metadata: Metadata, output: str) -> Any:
    return bake_files(metadata)[output]["target"][metadata.bake_target]


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\u2029"])
def test_objects_hold_a_label_s_first_line_and_texts_all_of_it(end: str):
    metadata = made(labels=f'"a=b{end}c"', annotations=f'"a=b{end}c"')
    assert metadata.to_action_json()["labels"]["a"] == "b"
    assert content(metadata, "bake-file-labels")["labels"]["a"] == "b"
    assert content(metadata, "bake-file")["labels"]["a"] == "b"
    assert f"a=b{end}c" in metadata.texts()["labels"]
    assert f"manifest:a=b{end}c" in metadata.texts()["annotations"]
    assert f"manifest:a=b{end}c" in content(metadata, "bake-file-annotations")["annotations"]


def test_levels_are_taken_as_they_are():
    environment = {"DOCKER_METADATA_ANNOTATIONS_LEVELS": "index, manifest[linux/amd64],"}
    texts = made(environment, annotations="zz=1").texts()["annotations"].split("\n")
    assert [text for text in texts if text.endswith("zz=1")] == [
        "index:zz=1", " manifest[linux/amd64]:zz=1", ":zz=1",
    ]  # fmt: skip


def test_a_colon_ends_the_levels_of_a_bake_file_alone():
    metadata = made({"DOCKER_METADATA_ANNOTATIONS_LEVELS": "a,b:c,d"}, annotations="zz=1")
    baked = content(metadata, "bake-file-annotations")["annotations"]
    assert [text for text in baked if text.endswith("zz=1")] == ["a:zz=1", "b:zz=1"]
    assert "d:zz=1" in metadata.texts()["annotations"]
    assert "b:c:zz=1" in metadata.to_action_json()["annotations"]


def test_an_empty_text_of_levels_is_the_default():
    metadata = made({"DOCKER_METADATA_ANNOTATIONS_LEVELS": ""})
    assert metadata.levels == "manifest"


def test_names_are_joined_and_not_repeated_by_image():
    metadata = made(images="A/B\nc", tags="x\ny", sep_tags=", ")
    assert metadata.texts()["tags"] == "a/b:x, a/b:y, c:x, c:y"
    assert metadata.texts()["tag-names"] == "x, y"
    assert content(metadata, "bake-file")["args"]["DOCKER_META_IMAGES"] == "a/b,c"
    assert "annotations" not in content(metadata, "bake-file")


def test_no_version_is_left_out_of_a_bake_file():
    metadata = made(tags="type=schedule", bake_target="meta")
    assert content(metadata, "bake-file") == {
        "tags": [],
        "labels": metadata.first_lines,
        "args": {"DOCKER_META_IMAGES": ""},
    }
    assert metadata.texts()["version"] == ""
    assert metadata.to_json()["version"] is None


def test_texts_are_escaped_by_double_braces_alone():
    event_text = made(labels="a={{tag}}=<&>\nb={{{tag}}}").texts()["labels"]
    assert "a=v1.2.3=<&>" in event_text


@pytest.mark.parametrize(
    ("output", "variable"),
    [("tag-names", "TAG_NAMES"), ("bake-file-labels", "BAKE_FILE_LABELS"), ("json", "JSON")],
)
def test_variables_of_outputs(output: str, variable: str):
    assert variable_of(output) == f"DOCKER_METADATA_OUTPUT_{variable}"


@pytest.mark.parametrize("text", ["", "1", "t", "T", "true", "True", "TRUE"])
def test_the_switch_is_on(text: str):
    assert exports({"DOCKER_METADATA_SET_OUTPUT_ENV": text})


@pytest.mark.parametrize("text", ["0", "f", "F", "false", "False", "FALSE"])
def test_the_switch_is_off(text: str):
    assert not exports({"DOCKER_METADATA_SET_OUTPUT_ENV": text})


@pytest.mark.parametrize("text", ["yes", "tRUE", " ", "no", "on"])
def test_the_switch_says_nothing(text: str):
    with pytest.raises(InvalidSwitchError):
        exports({"DOCKER_METADATA_SET_OUTPUT_ENV": text})


def test_files_are_those_that_outputs_name(tmp_path: Path):
    metadata = made(images="a", tags="b")
    first, second = (write_outputs(metadata, str(tmp_path)) for _ in range(2))
    for output in bake_files(metadata):
        path = Path(first[output])
        assert path.name == file_name(output)
        assert path.read_text() == output_text(metadata, output)
        assert path.read_text().startswith('{\n  "target": {\n')
        assert first[output] != second[output], "each call has a folder of its own"
    assert json.loads(first["json"])["tags"] == ["a:b"]


def test_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(StorageError):
        write_outputs(made(), str(tmp_path / "nowhere"))
