"""A run that publishes tells people once when it ends, and nothing of that changes the run."""

import json
import shutil
import signal
import time
from collections.abc import Iterator, Mapping

import pytest

from polyarch.pipeline.packed_records import unpacked
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.canary import find_canary
from tests.support.receivers import Issues, Receivers, Reply, answers, receivers, says, webhook
from tests.support.tiny_project import NOTHING, Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]

TOKEN = "c4n4ry-t0k3n-of-a-hook"
SECRET = "c4n4ry-s3cr3t"


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known


def on_main(project: TinyProject) -> Mapping[str, str]:
    return github("push", "refs/heads/main", project.git("rev-parse", "HEAD"))


def publish(
    project: TinyProject,
    *lines: str,
    words: tuple[str, ...] = (),
    more: Mapping[str, str] = NOTHING,
) -> Said:
    urls = "\n".join(lines)
    environment = {**on_main(project), "POLYARCH_NOTIFY_URLS": urls, **more}
    return project.run("publish", *words, more=environment)


def hook(received: Receivers) -> str:
    return received.at(f"/{TOKEN}")


def test_a_failure_and_the_first_success_after_it(
    published: TinyProject, registries: Registries, received: Receivers
) -> None:
    address = hook(received)
    assert publish(published, address).code == 0
    assert not received.got
    registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
    for _ in range(2):
        assert publish(published, address, words=("--force",)).code != 0
    registries[1].quirks = Quirks()
    for _ in range(2):
        assert publish(published, address).code == 0
    told = [each.json for each in received.got]
    assert [each["kind"] for each in told] == ["failure", "failure", "recovery"]
    failure, recovery = told[1:]
    assert failure["project"] == "team/project"
    assert failure["event"]["ref"] == "refs/heads/main"
    assert failure["images"] == ["app"]
    assert registries[1].host in failure["registries"]
    assert failure["url"] == "https://github.com/team/project/actions/runs/42"
    assert any("show what they showed before" in line for line in failure["tags"])
    assert failure["what"]
    assert recovery["run"] == published.runs[-2].name
    assert any("the new image" in line for line in recovery["tags"])


def test_a_build_that_fails(published: TinyProject, received: Receivers) -> None:
    published.write({"make.sh": "exit 9\n"})
    published.commit()
    assert publish(published, hook(received)).code == 1
    (told,) = (each.json for each in received.got)
    assert told["platforms"]
    assert told["tags"] == ["no tag has moved: all show what they showed before"]
    assert len(told["registries"]) == 3


def test_a_success_where_that_is_wanted(published: TinyProject, received: Receivers) -> None:
    published.toml('+[notify]\non = ["success"]\nsecret-env = "KEY"\nurls-env = "WHO"\n')
    published.commit()
    address = received.at("/signed", webhook(SECRET))
    assert publish(published, more={"WHO": address, "KEY": SECRET}).code == 0
    (told,) = (each.json for each in received.got)
    assert told["kind"] == "success"
    assert "app is sha256:" in told["what"]


SILENT: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "a rehearsal": (("--sandbox",), {}),
    "nothing to be published": (("--dry-run",), {}),
    "told not to": ((), {"POLYARCH_NOTIFY": "off"}),
    "a laptop": ((), {"GITHUB_ACTIONS": "", "CI": ""}),
}


@pytest.mark.parametrize("case", SILENT)
def test_what_is_nobody_s_business(published: TinyProject, received: Receivers, case: str) -> None:
    published.write({"make.sh": "exit 9\n"})
    published.commit()
    words, more = SILENT[case]
    said = publish(published, hook(received), words=words, more=more)
    assert said.code == 1, said
    assert not received.got
    assert "told" not in said.stderr


@pytest.mark.parametrize("case", ["a rehearsal", "a laptop"])
def test_unless_it_is_asked_for(published: TinyProject, received: Receivers, case: str) -> None:
    published.write({"make.sh": "exit 9\n"})
    published.commit()
    words, more = SILENT[case]
    publish(published, hook(received), words=words, more={"POLYARCH_NOTIFY": "on", **more})
    assert len(received.got) == 1


def test_a_pull_request_from_a_fork(published: TinyProject, received: Receivers) -> None:
    published.write({"make.sh": "exit 9\n"})
    published.commit()
    for head, count in (("somebody/project", 0), ("team/project", 1)):
        payload = {
            "number": 7,
            "pull_request": {
                "head": {"ref": "change", "repo": {"full_name": head}},
                "base": {"ref": "main", "repo": {"full_name": "team/project"}},
            },
        }
        event = published.root.parent / "event.json"
        event.write_text(json.dumps(payload))
        more = {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_EVENT_PATH": str(event),
        }
        assert publish(published, hook(received), more=more).code == 1
        assert len(received.got) == count


def test_whoever_is_down_changes_nothing_and_is_told(
    published: TinyProject, registries: Registries, received: Receivers
) -> None:
    published.toml('+[notify]\non = ["failure", "recovery", "success"]\n')
    published.commit()
    down = "http://127.0.0.1:1/" + TOKEN
    lines = (down, f"slack+{received.at('/no', answers(Reply(status=500)))}", "nonsense " + TOKEN)
    for words in ((), ("--json",)):
        said = publish(published, *lines, hook(received), words=words)
        assert said.code == 0, said
        assert said.stderr.count("warning: a notice") == 3
        for line, service in ((1, "webhook"), (2, "slack")):
            assert f"line {line} ({service})" in said.stderr
        assert "line 3 of the addresses" in said.stderr
        assert TOKEN not in said.stdout + said.stderr
        assert not words or said.document["published"]
    assert len(received.of(f"/{TOKEN}")) == 2


def test_no_secret_is_left_anywhere(
    published: TinyProject, registries: Registries, received: Receivers
) -> None:
    """Builds print their environment, and services say back what they were sent."""
    published.toml('+[notify]\nsecret-env = "KEY"\n')
    published.write({"make.sh": "export -p\nexit 9\n"})
    published.commit()
    echo = answers(says({"errcode": 1, "errmsg": f"{TOKEN} {SECRET}"}))
    lines = (
        f"{received.url}/nobody/{TOKEN}",
        f"wecom+{received.at('/wecom', echo)}?key={TOKEN}",
        f"dingtalk+{received.url}/wecom?access_token={TOKEN}#secret={SECRET}",
        f"smtp://robot:{SECRET}@127.0.0.1:1?to=a@example.com",
        f"json://127.0.0.1:1/{TOKEN}",
        f"https://{TOKEN}:{SECRET}@example.com/",
        hook(received),
    )
    for words in ((), ("--json",), ("--quiet",)):
        said = publish(published, *lines, words=words, more={"KEY": SECRET})
        assert said.code == 1
        assert find_canary(published, said, TOKEN, SECRET) == []
        assert said.stderr.count("warning: a notice") == 6, said
    for each in received.of(f"/{TOKEN}"):
        assert TOKEN.encode() not in each.body
        assert SECRET.encode() not in each.body


def test_an_issue_is_closed_by_a_success_that_nobody_else_hears_of(
    published: TinyProject, received: Receivers
) -> None:
    issues = Issues("gh-t0k3n")
    received.at("/repos/team/project/issues", issues)
    more = {"GITHUB_API_URL": received.url, "GITHUB_TOKEN": "gh-t0k3n"}
    good = (published.root / "make.sh").read_text()
    published.write({"make.sh": "exit 9\n"})
    published.commit()
    assert publish(published, "github://", hook(received), more=more).code == 1
    assert [each["state"] for each in issues.issues] == ["open"]
    for path in published.runs[-1].iterdir():
        if path.name == "run.json":
            path.unlink()  # what a CI's new machine has not got
    published.write({"make.sh": good})
    published.commit()
    said = publish(published, "github://", hook(received), more=more)
    assert said.code == 0, said
    assert [each["state"] for each in issues.issues] == ["closed"]
    assert len(received.of(f"/{TOKEN}")) == 1


@pytest.mark.parametrize("job", ["publish", "notify"])
def test_the_store_knows_what_a_new_machine_does_not(
    published: TinyProject, registries: Registries, received: Receivers, job: str
) -> None:
    published.toml(f'+[runs]\nstore = "{registries[2].host}/team/records"\n')
    good = (published.root / "make.sh").read_text()
    verb = {"publish": "publish", "notify": "build"}[job]
    for make in ("exit 9\n", good):
        published.write({"make.sh": make})
        published.commit()
        silent = {"POLYARCH_NOTIFY": "off" if job == "notify" else ""}
        more = {**on_main(published), "POLYARCH_NOTIFY_URLS": hook(received), **silent}
        more["GITHUB_RUN_ID"] = str(len(make))
        published.run(verb, more=more)
        if job == "notify":
            ended = "failure" if make != good else "success"
            assert published.run("notify", "--status", ended, more=more).code == 0
        shutil.rmtree(published.root / ".polyarch")
    assert [each.json["kind"] for each in received.got] == ["failure", "recovery"]


def test_what_a_run_leaves_for_the_last_job(published: TinyProject, received: Receivers) -> None:
    output = published.root.parent / "output"
    more = {"POLYARCH_NOTIFY": "off", "GITHUB_OUTPUT": str(output)}
    good = (published.root / "make.sh").read_text()
    for verb, make, code, kind in (
        ("build", "exit 9\n", 1, "failure"),
        ("publish", "exit 9\n", 1, "failure"),
        ("publish", good, 0, "success"),
    ):
        output.write_text("")
        published.write({"make.sh": make})
        published.commit()
        said = published.run(verb, more={**on_main(published), **more})
        assert said.code == code, said
        name, _, document = output.read_text().rstrip("\n").partition("=")
        assert name == "notice"
        assert "team" not in document, "a secret's text in it would take the output away"
        assert json.loads(unpacked(document, name, 1 << 20))["kind"] == kind
    assert not received.got


def test_a_switch_that_says_nothing(published: TinyProject, received: Receivers) -> None:
    said = publish(published, hook(received), more={"POLYARCH_NOTIFY": "perhaps"})
    assert said.code == 0
    assert "neither `on` nor `off`" in said.stderr


def test_one_that_is_cancelled(published: TinyProject, received: Receivers) -> None:
    published.write({"make.sh": ": > begun\nexec sleep 60\n"})
    published.commit()
    environment = {**on_main(published), "POLYARCH_NOTIFY_URLS": hook(received)}
    with published.start("publish", more=environment) as running:
        end = time.monotonic() + 60
        while not (published.root / "begun").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 130
    (told,) = (each.json for each in received.got)
    assert told["kind"] == "failure"
    assert "interrupted" in told["what"]
