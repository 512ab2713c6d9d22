"""The generated workflow really runs: every job's scripts, against three registries with logins."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from tests.integration.test_main_job_interrupts import Three
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth
from tests.lab.skopeo import Skopeo
from tests.support.notice_receiver import NoticeReceiver, receiving
from tests.support.pipeline_project import (
    FORMERLY,
    PLATFORMS,
    TOKENS,
    PipelineProject,
    pipeline_project,
)
from tests.support.published import blobs_on_disk
from tests.support.workflow import events
from tests.support.workflow.api import serving
from tests.support.workflow.machine import SHELL
from tests.support.workflow.repository import asked_to_pull, tagged
from tests.support.workflow.runs import Run

IMAGES = ("app", "tool")


@pytest.fixture
def receiver() -> Iterator[NoticeReceiver]:
    with receiving() as receiver:
        yield receiver


class Make(Protocol):
    """Makes the project, with options of `polyarch ci github`."""

    def __call__(self, *options: str) -> PipelineProject: ...


@pytest.fixture
def make(
    three_registries: Three,
    distribution_registry: StartRegistry,
    receiver: NoticeReceiver,
    tmp_path: Path,
) -> Iterator[Make]:
    stage, ended = distribution_registry(Auth.HTPASSWD, username="ci-user"), dict[int, list[str]]()
    with serving(ended, {*TOKENS.values()}) as api:

        def made(*options: str) -> PipelineProject:
            return pipeline_project(
                tmp_path,
                three_registries,
                stage,
                notices=receiver.url,
                api=api,
                ended=ended,
                options=options,
            )

        yield made


@pytest.fixture
def pipeline(make: Make) -> PipelineProject:
    return make()


def wait_for(place: Path, within_s: float = 60) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + within_s
    while not place.exists():
        assert time.monotonic() < end, f"{place.name} never came"
        time.sleep(0.02)


def results(run: Run) -> dict[str, str]:
    return {key: job.result for key, job in run.jobs.items()}


def secrets(run: Run) -> dict[str, set[str]]:
    """The secrets that scripts of each job were given."""
    return {
        key: {name for leg in job.legs for name in leg.secrets} for key, job in run.jobs.items()
    }


def check_published(pipeline: PipelineProject, run: Run, skopeo: Skopeo, tags: list[str]) -> None:
    """Every tag is everywhere and shows one index of all platforms, and parts have no tags."""
    assert set(results(run).values()) == {"success"}, run.log
    skopeo.login(*pipeline.places.registries)
    for image in IMAGES:
        assert pipeline.tags(image) == [sorted(tags)] * 3
        assert pipeline.parts(image) == []
        raws = set()
        for repository in pipeline.places.repositories(f"team/{image}"):
            index = skopeo.index(f"{repository}:{tags[0]}")
            platforms = [each["platform"] for each in index["manifests"]]
            assert [f"{p['os']}/{p['architecture']}" for p in platforms] == list(PLATFORMS)
            raws |= {skopeo.raw(f"{repository}:{tag}") for tag in tags}
        assert len(raws) == 1
    check_secrets(pipeline, run)
    check_kept(pipeline, run)


def check_kept(pipeline: PipelineProject, run: Run) -> None:
    """Every job that works has a summary, and leaves records that are one history together."""
    for key, job in run.jobs.items():
        for leg in job.legs:
            assert {step.outcome for step in leg.steps} <= {"success", "skipped"}, leg.log
            assert key == "notify" or "| " in leg.summary, leg.log
    said = pipeline.project.run("runs", "import", str(run.artifacts.folder), "--json")
    assert said.code == 0, said
    listed = pipeline.project.run("runs", "--json")
    assert len(listed.document["runs"]) == len(run.artifacts.names), listed


def check_secrets(pipeline: PipelineProject, run: Run) -> None:
    """No job that runs the project's own code has what production registries ask for."""
    for key, names in secrets(run).items():
        if key.startswith("build-"):
            assert not names & pipeline.production, key
            assert "POLYARCH_NOTIFY_URLS" not in names
    known = {*pipeline.forge.secrets.values(), *pipeline.forge.tokens.values()} - {FORMERLY}
    assert not [secret for secret in known if secret in run.log]
    assert not [leg.dropped for job in run.jobs.values() for leg in job.legs if leg.dropped]


def test_a_push_to_main(
    pipeline: PipelineProject, skopeo: Skopeo, receiver: NoticeReceiver
) -> None:
    run = pipeline.start(events.push("main", pipeline.head))
    check_published(pipeline, run, skopeo, ["main", f"sha-{pipeline.head[:7]}"])
    assert run.concurrency["cancel-in-progress"] is False
    [repository, *_] = pipeline.places.repositories("team/app")
    who = pipeline.project.run("runs", "who", f"{repository}:main", "--json")
    assert pipeline.head in who.stdout, who
    assert f"actions/runs/{run.number}" in who.stdout, who
    [told] = receiver.told
    assert told["kind"] == "success", told


def test_a_tag(pipeline: PipelineProject, skopeo: Skopeo) -> None:
    run = pipeline.start(events.tag("v1.2.3", tagged(pipeline.project, "v1.2.3")))
    tags = ["1.2.3", "1.2", "latest", f"sha-{pipeline.head[:7]}"]
    check_published(pipeline, run, skopeo, tags)


def test_a_schedule(pipeline: PipelineProject, skopeo: Skopeo) -> None:
    run = pipeline.start(events.schedule("17 3 * * *", pipeline.head))
    check_published(pipeline, run, skopeo, ["nightly", "main", f"sha-{pipeline.head[:7]}"])


def test_a_tag_is_built_again_by_hand(pipeline: PipelineProject, skopeo: Skopeo) -> None:
    sha = tagged(pipeline.project, "v1.2.3")
    pipeline.project.commit("Go on")
    pipeline.project.push()
    run = pipeline.start(events.dispatch("refs/heads/main", pipeline.head, {"ref": "v1.2.3"}))
    check_published(pipeline, run, skopeo, ["1.2.3", "1.2", "latest", f"sha-{sha[:7]}"])


@pytest.mark.parametrize("fork", [True, False], ids=["fork", "branch"])
def test_a_pull_request_pushes_nothing(
    pipeline: PipelineProject, receiver: NoticeReceiver, fork: bool
) -> None:
    patch = {"tool.txt": "better\n"}
    run = pipeline.start(asked_to_pull(pipeline.project, patch, fork=fork))
    expected = {f"build-{name.replace('/', '-')}": "success" for name in PLATFORMS}
    assert results(run) == {**expected, "publish": "skipped", "notify": "skipped"}, run.log
    for registry in (*pipeline.places.registries, pipeline.stage):
        assert not blobs_on_disk(registry)
    assert run.concurrency["cancel-in-progress"] is True
    assert set().union(*secrets(run).values()) <= {"GITHUB_TOKEN"}
    assert receiver.told == []


def test_a_pull_request_that_leaves_the_workflow_stale(pipeline: PipelineProject) -> None:
    toml = (pipeline.project.root / "polyarch.toml").read_text()
    patch = {"polyarch.toml": f'{toml}[runners]\n"linux/arm64" = "emulate"\n'}
    run = pipeline.start(asked_to_pull(pipeline.project, patch, fork=True))
    assert run.result == "failure"
    assert "+      - name: Set up QEMU" in run.log
    assert "polyarch ci github" in run.log


def test_a_failed_job_runs_again_and_the_rest_is_kept(
    pipeline: PipelineProject, skopeo: Skopeo, receiver: NoticeReceiver
) -> None:
    fault = pipeline.faults / PLATFORMS[1]
    fault.touch()
    run = pipeline.start(events.push("main", pipeline.head))
    first, second = (f"build-{name.replace('/', '-')}" for name in PLATFORMS)
    assert results(run) == {
        first: "success",
        second: "failure",
        "publish": "skipped",
        "notify": "success",
    }, run.log
    assert pipeline.tags("app") == pipeline.tags("tool") == [[], [], []]
    [told] = receiver.told
    assert told["kind"] == "failure"
    assert "the compiler broke" in json.dumps(told)
    assert PLATFORMS[1] in told["platforms"]
    check_secrets(pipeline, run)
    fault.unlink()
    kept = run.jobs[first]
    run.again()
    assert run.jobs[first].legs == kept.legs
    check_published(pipeline, run, skopeo, ["main", f"sha-{pipeline.head[:7]}"])
    assert [told["kind"] for told in receiver.told] == ["failure", "recovery"]


def test_a_cancel_reaches_what_builds(pipeline: PipelineProject) -> None:
    (pipeline.faults / "hang").touch()
    event = events.push("main", pipeline.head)
    with ThreadPoolExecutor(max_workers=1) as other:
        running = other.submit(pipeline.start, event)
        for first in [f"build-{name.replace('/', '-')}" for name in PLATFORMS]:
            wait_for(pipeline.faults / "hanging")
            (pipeline.faults / "hanging").unlink()
            # The runner signals the shell alone, not what the shell has started.
            shell = pipeline.forge.folder / f"run-42/1-{first}-0/temp" / SHELL
            os.kill(int(shell.read_text()), signal.SIGINT)
        run = running.result(timeout=60)
    assert {*results(run).values()} == {"failure", "skipped", "success"}
    assert results(run)["publish"] == "skipped"
    [built] = run.jobs["build-linux-amd64"].legs
    assert [step.ran.code for step in built.steps if step.ran.code] == [130], built.log
    assert "| " in built.summary
    assert "polyarch-linux-amd64-1" in run.artifacts.names


def test_one_job_alone(make: Make, skopeo: Skopeo, receiver: NoticeReceiver) -> None:
    pipeline = make("--single-job")
    run = pipeline.start(asked_to_pull(pipeline.project, {"tool.txt": "x\n"}, fork=True))
    assert results(run) == {"publish": "success"}, run.log
    assert pipeline.tags("app") == [[], [], []]
    assert not any(map(blobs_on_disk, pipeline.places.registries))
    run = pipeline.start(events.push("main", pipeline.head))
    check_published(pipeline, run, skopeo, ["main", f"sha-{pipeline.head[:7]}"])
    assert [told["kind"] for told in receiver.told] == ["success"]


def test_what_is_published_is_watched(make: Make, receiver: NoticeReceiver) -> None:
    """At its own time one job looks, and nothing that may push is given to it."""
    pipeline = make("--single-job")
    time_of_watch = "41 5 * * *"
    text = (pipeline.project.root / "polyarch.toml").read_text()
    lines = f'[triggers]\nwatch = "{time_of_watch}"\n'
    pipeline.project.toml(text.replace("[triggers]\n", lines))
    assert pipeline.project.run("ci", "github", "--single-job").code == 0
    pipeline.project.commit("Watch")
    pipeline.project.push()
    reading = {f"PULL_{name}": pipeline.forge.secrets[name] for name in pipeline.production}
    users = {f"PULL_{name}": value for name, value in pipeline.forge.variables.items()}
    forge = replace(
        pipeline.forge,
        secrets={**pipeline.forge.secrets, **reading},
        variables={**pipeline.forge.variables, **users},
    )
    watching = replace(pipeline, forge=forge)
    run = watching.start(events.schedule("17 3 * * *", pipeline.head))
    assert results(run) == {"publish": "success", "watch": "skipped"}, run.log
    run = pipeline.start(events.schedule(time_of_watch, pipeline.head))
    assert results(run)["watch"] == "failure", "with no login but those that publish"
    for well in (True, False):
        run = watching.start(events.schedule(time_of_watch, pipeline.head))
        found = results(run)
        assert found.pop("watch") == ("success" if well else "failure"), run.log
        assert set(found.values()) == {"skipped"}
        repositories = pipeline.places.registries[1].storage / "docker/registry/v2/repositories"
        shutil.rmtree(repositories / "team/tool/_manifests/tags/main", ignore_errors=True)
    assert receiver.told[-1]["verb"] == "watch"
    assert receiver.told[-1]["kind"] == "failure"
    assert "`main`" in receiver.told[-1]["findings"][0]
    check_secrets(watching, run)
