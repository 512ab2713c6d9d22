"""Generated pipelines before the eyes of others: schemas, zizmor, GitHub's own parser."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.lab.nodetool import NodeTool
from tests.support.config_documents import as_text
from tests.support.hostile_pipelines import MARK, configs
from tests.support.pipeline_checks import parsed_by_github, schema_problems, zizmor_findings
from tests.support.tiny_project import TinyProject
from tests.support.workflow.runs import RUNNERS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FORMS = {
    "": "polyarch.yml",
    "--single-job": "single.yml",
    "--issues --protect production": "protected.yml",
}
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_STANDS_FOR_ITSELF = "${{ '${{' }}"


def written(folder: Path, name: str, toml: str) -> dict[str, Path]:
    """The workflows of a project, each form in a file of its own; none where it is refused."""
    project = TinyProject.make(folder / name / "project", {"polyarch.toml": toml}, git=False)
    found = {}
    for option, file in FORMS.items():
        said = project.run("ci", "github", *option.split(), "--output", "-")
        if said.code == 0:
            found[option] = folder / ".github/workflows" / f"{name}-{file}"
            found[option].parent.mkdir(parents=True, exist_ok=True)
            found[option].write_text(said.stdout)
    return found


def written_for_gitlab(folder: Path, toml: str) -> Path | None:
    """The pipeline of a project; none where it is refused."""
    project = TinyProject.make(folder / "project", {"polyarch.toml": toml}, git=False)
    said = project.run("ci", "gitlab", "--output", "-")
    file = folder / "gitlab-ci.yml"
    file.write_text(said.stdout)
    return file if said.code == 0 else None


def scripts(tree: Any) -> Iterator[str]:
    """Every script of a workflow."""
    for job in tree["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)


def expressions(tree: Any) -> list[str]:
    """Every expression of a workflow; under `on` there are none, whatever stands there."""
    text = json.dumps({key: value for key, value in tree.items() if key != "on"})
    return _EXPRESSION.findall(text.replace(_STANDS_FOR_ITSELF, ""))


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir()))
def test_workflows_of_examples(example: str, node: NodeTool, tmp_path: Path) -> None:
    toml = (EXAMPLES / example / "polyarch.toml").read_text()
    files = written(tmp_path, example, toml)
    assert [*files] == [*FORMS]
    assert schema_problems("github-workflows", *files.values()) == ""
    assert zizmor_findings(tmp_path) == []
    texts = {option: path.read_text() for option, path in files.items()}
    parsed = parsed_by_github(node, texts)
    assert [errors for errors, _ in parsed.values()] == [[]] * len(FORMS)
    assert parsed[""][1][-2:] == ["publish", "notify"]
    assert parsed["--single-job"][1] == ["publish"]


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir()))
def test_workflows_keep_to_the_list_of_traps(example: str, tmp_path: Path) -> None:
    toml = (EXAMPLES / example / "polyarch.toml").read_text()
    for path in written(tmp_path, example, toml).values():
        tree = YAML(typ="safe", pure=True).load(path.read_text())
        assert tree["permissions"] == {}
        assert tree["concurrency"]["cancel-in-progress"].count("== 'pull_request'") == 1
        assert "workflow_dispatch" in tree["on"]
        assert "pull_request_target" not in tree["on"]
        assert not [
            x for x in tree["on"].get("schedule", []) if x["cron"].split()[0] in {"0", "30"}
        ]
        for key, job in tree["jobs"].items():
            assert job["timeout-minutes"] < 360
            assert job["runs-on"] in RUNNERS
            assert job["permissions"]["contents"] == "read"
            assert not (key.startswith("build-") and "secrets." in json.dumps(job)), key
        verbs = [x for x in scripts(tree) if re.search(r"polyarch (build|publish|notify)", x)]
        assert verbs
        # A cancelled job's signal goes to the shell.
        assert [each for each in verbs if not each.startswith("exec polyarch ")] == []


def test_the_action() -> None:
    assert schema_problems("github-actions", ROOT / "action.yml") == ""
    assert zizmor_findings(ROOT / "action.yml") == []


# Other programs read each list: to make a list smaller that fails would take minutes.
@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(documents=st.lists(configs(), min_size=8, max_size=8))
def test_nothing_of_a_config_gets_into_scripts_and_expressions(
    documents: list[dict[str, Any]], node: NodeTool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    texts = [as_text(document) for document in documents]
    files = [
        path
        for number, text in enumerate(texts)
        for path in written(folder, str(number), text).values()
    ]
    for path in files:
        tree = YAML(typ="safe", pure=True).load(path.read_text())
        assert not [script for script in scripts(tree) if MARK in script or "${{" in script]
        assert not [each for each in expressions(tree) if MARK in each]
    if files:
        assert schema_problems("github-workflows", *files) == ""
        assert zizmor_findings(folder / ".github") == []
        parsed = parsed_by_github(node, {path.name: path.read_text() for path in files})
        assert [errors for errors, _ in parsed.values() if errors] == []
    made = [written_for_gitlab(folder / f"lab{n}", text) for n, text in enumerate(texts)]
    if pipelines := list(filter(None, made)):
        assert schema_problems("gitlab-ci", *pipelines) == ""
    shutil.rmtree(folder)


def test_pipelines_that_watch(node: NodeTool, tmp_path: Path) -> None:
    toml = (EXAMPLES / "openkf" / "polyarch.toml").read_text()
    toml += '\n[triggers]\nwatch = "41 5 * * *"\n[notify]\nsecret-env = "SIGNED_WITH"\n'
    files = written(tmp_path, "openkf", toml)
    assert schema_problems("github-workflows", *files.values()) == ""
    assert zizmor_findings(tmp_path) == []
    texts = {option: path.read_text() for option, path in files.items()}
    for errors, jobs in parsed_by_github(node, texts).values():
        assert (errors, jobs[-1]) == ([], "watch")
    file = written_for_gitlab(tmp_path, toml)
    assert file
    assert schema_problems("gitlab-ci", file) == ""
