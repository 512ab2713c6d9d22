"""The runner of workflows in tests, on workflows written by hand."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_project import TinyProject
from tests.support.workflow import events
from tests.support.workflow.expressions import Scope
from tests.support.workflow.matrix import legs
from tests.support.workflow.reading import read_workflow
from tests.support.workflow.repository import asked_to_pull, hosted, origin, tagged
from tests.support.workflow.runs import FILE, Forge, Run
from tests.support.workflow.triggers import matches, starts
from tests.support.workflow.values import Declared, WorkflowError

SHA = "a" * 40
FLOW = """\
name: Images
on:
  push: { branches: [main], tags: ["v*"] }
  pull_request:
  schedule: [{ cron: "17 3 * * *" }]
  workflow_dispatch: { inputs: { word: { default: none } } }
permissions: {}
concurrency:
  group: images-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}
defaults: { run: { shell: bash } }
jobs:
  build:
    strategy:
      fail-fast: false
      matrix:
        include:
          - { name: one, runner: ubuntu-24.04 }
          - { name: two, runner: ubuntu-24.04-arm }
    runs-on: ${{ matrix.runner }}
    permissions: { contents: read, packages: write }
    outputs:
      one: ${{ steps.make.outputs.one }}
      two: ${{ steps.make.outputs.two }}
      held: ${{ steps.make.outputs.held }}
    steps:
      - uses: actions/checkout@SHA
        with: { persist-credentials: false }
      - id: make
        env:
          NAME: ${{ matrix.name }}
          TOKEN: ${{ secrets.GITHUB_TOKEN }}
        run: |
          test ! -e "$FAULTS/$NAME"
          echo "$NAME=$GITHUB_REF_NAME-$RUNNER_ARCH-$GITHUB_RUN_ATTEMPT" >> "$GITHUB_OUTPUT"
          echo "held=a $TOKEN" >> "$GITHUB_OUTPUT"
          echo "LATER=$NAME" >> "$GITHUB_ENV"
          cat make.sh > "$NAME.txt"
      - if: ${{ !cancelled() }}
        uses: actions/upload-artifact@SHA
        with:
          name: made-${{ matrix.name }}-${{ github.run_attempt }}
          path: "*.txt"
      - run: echo "**$LATER**" >> "$GITHUB_STEP_SUMMARY"
  merge:
    needs: build
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-24.04
    env:
      PASSWORD: ${{ secrets.PASSWORD }}
      ALL: ${{ needs.build.outputs.one }} ${{ needs.build.outputs.two }}
    steps:
      - uses: actions/download-artifact@SHA
        with: { pattern: made-*, path: made, merge-multiple: true }
      - run: |
          ls made
          echo "all: $ALL; $PASSWORD"
  tell:
    needs: [build, merge]
    if: ${{ always() }}
    runs-on: ubuntu-24.04
    steps:
      - env: { NEEDS: "${{ toJSON(needs) }}" }
        run: echo "$NEEDS"
""".replace("@SHA", f"@{SHA}")


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    return hosted(tmp_path / "hosted", {FILE: FLOW, "make.sh": "true\n"})


@pytest.fixture
def forge(project: TinyProject, tmp_path: Path) -> Forge:
    return _forge(project, tmp_path)


def _forge(project: TinyProject, folder: Path) -> Forge:
    (folder / "faults").mkdir()
    return Forge(
        origin=origin(project),
        folder=folder / "forge",
        path=f"{Path(str(shutil.which('git'))).parent}:{os.defpath}",
        tokens={"write": "ghs_write", "read": "ghs_read", "none": "ghs_none"},
        secrets={"PASSWORD": "hunter2"},
        known={"FAULTS": str(folder / "faults")},
    )


def results(run: Run) -> dict[str, str]:
    return {key: job.result for key, job in run.jobs.items()}


def started(forge: Forge, event: events.Event) -> Run:
    run = forge.start(event)
    assert run is not None
    return run


def test_jobs_hand_on_outputs_and_files(forge: Forge, project: TinyProject) -> None:
    run = started(forge, events.push("main", project.git("rev-parse", "HEAD")))
    assert set(results(run).values()) == {"success"}, run.log
    build = run.jobs["build"]
    assert build.outputs == {"one": "main-X64-1", "two": "main-ARM64-1"}
    assert [leg.dropped for leg in build.legs] == [("held",)] * 2
    assert [leg.summary for leg in build.legs] == ["**one**\n", "**two**\n"]
    [merge] = run.jobs["merge"].legs
    assert "one.txt\ntwo.txt\nall: main-X64-1 main-ARM64-1; hunter2\n" in merge.log
    assert {leg.job: leg.secrets for job in run.jobs.values() for leg in job.legs} == {
        "build": {"GITHUB_TOKEN"},
        "merge": {"PASSWORD"},
        "tell": set(),
    }
    assert run.concurrency == {"group": "images-refs/heads/main", "cancel-in-progress": False}


def test_the_ref_of_a_tag_is_checked_out(forge: Forge, project: TinyProject) -> None:
    run = started(forge, events.tag("v1", tagged(project, "v1")))
    assert run.jobs["build"].outputs["one"] == "v1-X64-1"
    machine = run.jobs["build"].legs[0].machine
    assert machine is not None
    clone = TinyProject(root=machine.workspace, environment=project.environment)
    assert clone.git("describe", "--tags", "--exact-match") == "v1"
    assert clone.git("status", "--porcelain") == "?? one.txt"


def test_a_fork_gets_no_secrets(forge: Forge, project: TinyProject) -> None:
    run = started(forge, asked_to_pull(project, {"make.sh": "false\n"}, fork=True))
    assert results(run) == {"build": "success", "merge": "skipped", "tell": "success"}
    assert [leg.powers["packages"] for leg in run.jobs["build"].legs] == ["read", "read"]
    token = run.jobs["build"].legs[0].steps[1].ran.given["TOKEN"]
    assert token == "ghs_read"
    assert run.concurrency["cancel-in-progress"] is True
    machine = run.jobs["build"].legs[0].machine
    assert machine is not None
    assert (machine.workspace / "one.txt").read_text() == "false\n"


def test_what_failed_runs_again_and_the_rest_is_kept(
    forge: Forge, project: TinyProject, tmp_path: Path
) -> None:
    fault = tmp_path / "faults" / "two"
    fault.touch()
    run = started(forge, events.push("main", project.git("rev-parse", "HEAD")))
    assert results(run) == {"build": "failure", "merge": "skipped", "tell": "success"}
    assert '"result": "failure"' in run.jobs["tell"].legs[0].log
    fault.unlink()
    run.again()
    assert set(results(run).values()) == {"success"}, run.log
    assert run.jobs["build"].outputs == {"one": "main-X64-1", "two": "main-ARM64-2"}
    assert run.artifacts.names == ["made-one-1", "made-two-2"]


def test_an_artifact_is_there_once(project: TinyProject, forge: Forge, tmp_path: Path) -> None:
    project.write(
        {FILE: FLOW.replace("-${{ github.run_attempt }}", "").replace("-${{ matrix.name }}", "")}
    )
    run = started(forge, events.push("main", _pushed(project)))
    assert [leg.result for leg in run.jobs["build"].legs] == ["success", "failure"]
    assert "409" in run.log


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f"actions/checkout@{SHA}", f"some/action@{SHA}", "nothing stands in for it"),
        (f"actions/checkout@{SHA}", "actions/checkout@v4", "not pinned"),
        ("persist-credentials: false", "persist: false", "has no input"),
        ("steps.make.outputs.one", "steps.mark.outputs.one", "`steps` has no `mark`"),
        ("needs.build.outputs.two", "needs.build.outputs.three", "has no `three`"),
        ("matrix.runner", "matrix.runer", "`matrix` has no `runer`"),
        ("ubuntu-24.04-arm", "ubuntu-latest-arm", "no runner is ubuntu-latest-arm"),
        ('echo "$NEEDS"', "echo ${{ github.ref }}", "an expression in a script"),
        ("  tell:\n", "  tell:\n    contaner: x\n", "is not known here"),
        ("    if: ${{ always() }}", "    if: secrets.PASSWORD", "nothing is called `secrets`"),
        ("    if: ${{ always() }}", "    if: ${{ true }} && ${{ false }}", "always true"),
        ("permissions: {}\n", "", "powers are not listed"),
    ],
)  # fmt: skip
def test_what_the_forge_would_not_do_fails(
    project: TinyProject, forge: Forge, old: str, new: str, said: str
) -> None:
    assert old in FLOW
    project.write({FILE: FLOW.replace(old, new)})
    with pytest.raises(WorkflowError) as error:
        forge.start(events.push("main", _pushed(project)))
    assert said in str(error.value)


def _pushed(project: TinyProject) -> str:
    head = project.commit("Change the workflow")
    project.push()
    return head


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (events.push("main", SHA), True),
        (events.push("other", SHA), False),
        (events.tag("v1", SHA), True),
        (events.tag("x1", SHA), False),
        (events.schedule("17 3 * * *", SHA), True),
        (events.schedule("0 0 * * *", SHA), False),
        (events.release("v1", SHA), False),
        (events.dispatch("refs/heads/x", SHA, {}), True),
        (events.pull_request(1, SHA, SHA, fork=True), True),
    ],
)
def test_events_that_start_it(event: events.Event, expected: bool) -> None:
    assert starts(read_workflow(FLOW, FILE).values["on"], event) is expected


def test_tags_alone_shut_branches_out() -> None:
    assert not starts({"push": {"tags": ["v*"]}}, events.push("main", SHA))
    assert starts({"push": None}, events.push("main", SHA))


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "main", True),
        ("*", "a/b", False),
        ("**", "a/b", True),
        ("v[12].[0-9]+", "v1.10", True),
        ("v[12].[0-9]+", "v3.10", False),
        ("v1.x", "v1yx", False),
    ],
)
def test_patterns(pattern: str, name: str, expected: bool) -> None:
    assert matches([pattern], name) is expected


def test_later_patterns_take_away() -> None:
    assert not matches(["v*", "!v*-rc*"], "v1-rc1")
    assert matches(["v*", "!v*-rc*"], "v1")


def test_legs_as_the_reference_has_them() -> None:
    matrix: dict[str, Any] = {
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    }
    assert legs(matrix) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    assert legs({"a": [1, 2], "b": [3], "exclude": [{"a": 1}]}) == [{"a": 2, "b": 3}]


def test_values_keep_their_kind() -> None:
    needs = Declared("needs", {"build": {"result": "success"}})
    scope = Scope(contexts={"needs": needs, "matrix": {"on": True, "n": 3}}, status=None)
    assert scope.value("${{ matrix.on }}") is True
    assert scope.value("${{ matrix.on }}-${{ matrix.n }}") == "true-3"
    assert scope.value("${{ needs.*.result }}") == ["success"]
    assert scope.value("${{ contains(needs.*.result, 'Success') && 'a''b' }}") == "a'b"
