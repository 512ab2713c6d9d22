"""The GitHub Action: its scripts run as a runner would, and no template stands in them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from scripts.action_outputs import main
from tests.support.tiny_project import TinyProject

ROOT = Path(__file__).parents[2]
ACTION: Mapping[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def script(name: str, project: TinyProject, temp: Path, **more: str) -> int:
    """Run one step; `more` are what its inputs come to."""
    known = {
        **project.environment,
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_OUTPUT": str(temp / "outputs"),
        **more,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
    return subprocess.run(command, cwd=project.root, env=known, check=False).returncode


def outputs(temp: Path) -> dict[str, str]:
    """The file as GitHub reads it."""
    found: dict[str, str] = {}
    lines = iter((temp / "outputs").read_text().splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        while (each := next(lines)) != end:
            value.append(each)
        found[name] = "\n".join(value)
    return found


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """As if the first step had installed this polyarch."""
    bin_folder = tmp_path / "temp" / "polyarch"
    bin_folder.mkdir(parents=True)
    (bin_folder / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path / "temp"


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    return TinyProject.make(tmp_path / "project")


def test_no_input_stands_in_a_script():
    for step in STEPS.values():
        assert "${{" not in step["run"]
    used = json.dumps(ACTION["runs"])
    for name in ACTION["inputs"]:
        assert f"inputs.{name} " in used
    assert ACTION["outputs"].keys() == {"tags", "digest", "json"}


def test_it_publishes_and_hands_on(project: TinyProject, temp: Path):
    assert script("Run polyarch", project, temp, VERB="publish", ARGS="--sandbox app") == 0
    assert script("Tell the results", project, temp) == 0
    found = outputs(temp)
    document = json.loads(found["json"])
    assert document["schema"] == "polyarch.publish/v1"
    assert found["digest"] == document["images"][0]["digest"]
    tags = [
        f"{name}/team/app:{tag}" for name in ("ghcr.io", "docker.io") for tag in ("main", "sha-")
    ]
    said = found["tags"].splitlines()
    assert all(any(each.startswith(tag) for each in said) for tag in tags), said


def test_one_argument_a_line(project: TinyProject, temp: Path):
    ref = "refs/heads/a;`id`$(id)*"
    words = f"--event\npush\n\n--ref\n{ref}\n--offline\n"
    assert script("Run polyarch", project, temp, VERB="plan", ARGS=words) == 0
    assert json.loads((temp / "polyarch.json").read_text())["event"]["ref"] == ref


def test_a_failure_stays_one_and_is_handed_on(project: TinyProject, temp: Path):
    project.write({"make.sh": "exit 1\n"})
    project.commit()
    assert script("Run polyarch", project, temp, VERB="build", ARGS="") == 1
    assert script("Tell the results", project, temp) == 0
    assert "build" in outputs(temp)["json"]


def test_nothing_printed_is_nothing_to_tell(project: TinyProject, temp: Path):
    assert script("Tell the results", project, temp) == 0
    assert (temp / "outputs").read_text() == ""


@pytest.mark.parametrize("raw", ["", "{", "[]", "null"])
def test_what_is_no_document_is_nothing(raw: str, tmp_path: Path):
    (tmp_path / "document").write_text(raw)
    main(str(tmp_path / "document"), str(tmp_path / "outputs"))
    assert outputs(tmp_path) == {}


def test_the_tags_of_metadata(tmp_path: Path):
    (tmp_path / "document").write_text(json.dumps({"tags": ["team/app:1", "team/app:2"]}))
    main(str(tmp_path / "document"), str(tmp_path / "outputs"))
    assert outputs(tmp_path)["tags"] == "team/app:1\nteam/app:2"
