"""Every run that has a folder says there what it was for, and what it came to."""

import json
import signal
import time
from collections.abc import Mapping
from typing import Any

from polyarch.runs.summary import FILE, RESULT_FILE, RunSummary, State
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]


def last(project: TinyProject) -> RunSummary:
    return RunSummary.parse((project.runs[-1] / FILE).read_bytes())


def result(project: TinyProject) -> Any:
    return json.loads((project.runs[-1] / RESULT_FILE).read_text())


def on_main(project: TinyProject) -> Mapping[str, str]:
    return github("push", "refs/heads/main", project.git("rev-parse", "HEAD"))


def publish(project: TinyProject, *words: str) -> Said:
    return project.run("publish", "--json", *words, more=on_main(project))


def test_a_run_that_went_well(published: TinyProject) -> None:
    said = publish(published)
    kept = last(published)
    assert (kept.state, kept.exit_code, kept.error) == (State.DONE, 0, None)
    assert (kept.verb, kept.id) == ("publish", published.runs[-1].name)
    assert kept.event["sha"] == published.git("rev-parse", "HEAD")
    assert kept.ended
    assert kept.started <= kept.ended
    assert result(published) == said.document


def test_a_run_that_registries_refused(published: TinyProject, registries: Registries) -> None:
    registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
    said = publish(published)
    kept = last(published)
    assert said.code != 0
    assert (kept.exit_code, kept.state) == (said.code, State.FAILED)
    assert result(published) == said.document


def test_a_build_that_failed(project: TinyProject) -> None:
    project.write({"make.sh": "exit 9\n"})
    said = project.run("build", "--json")
    kept = last(project)
    assert (kept.verb, kept.exit_code) == ("build", said.code)
    assert kept.error
    assert kept.error["code"] == said.document["code"]
    assert kept.reason == said.document["message"]


def test_a_copy(published: TinyProject, registries: Registries) -> None:
    assert publish(published).code == 0
    hosts = [each.host for each in registries]
    said = published.run("copy", f"{hosts[0]}/team/app:main", f"{hosts[1]}/copies/app:main")
    assert said.code == 0, said
    assert (last(published).verb, last(published).state) == ("copy", State.DONE)


def test_one_that_is_interrupted_and_one_that_is_killed(project: TinyProject) -> None:
    project.write({"make.sh": ": > begun\nexec sleep 60\n"})
    for number, state in ((signal.SIGINT, State.INTERRUPTED), (signal.SIGKILL, State.RUNNING)):
        (project.root / "begun").unlink(missing_ok=True)
        with project.start("build", "--force") as running:
            end = time.monotonic() + 60
            while not (project.root / "begun").exists():
                assert time.monotonic() < end
                time.sleep(0.02)
            running.send_signal(number)
            running.communicate(timeout=60)
        assert last(project).state is state


def test_who_started_it_and_what_it_was_about(published: TinyProject) -> None:
    ci = {**on_main(published), "GITHUB_ACTOR": "octo"}
    assert published.run("publish", "--json", more=ci).code == 0
    assert (last(published).actor, last(published).images) == ("octo", ("app",))
    assert published.run("build", "--json", more={"USER": "me"}).code == 0
    assert (last(published).actor, last(published).images) == ("me", ("app",))


def test_a_secret_of_the_environment_that_a_build_prints(project: TinyProject) -> None:
    """Records travel: into stores, artifacts of a CI, summaries of jobs."""
    project.write({"make.sh": 'echo "it is $MY_TOKEN"\nexit 9\n'})
    said = project.run("build", "--json", more={"MY_TOKEN": "hunter2hunter2"})
    assert "it is ***" in said.stderr
    assert "hunter2" not in said.stdout + said.stderr
    assert not [path for path in project.files() if b"hunter2" in path.read_bytes()]
