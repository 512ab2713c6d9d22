"""Tags that must not go back, seen at the command line, against three registries."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.documents import PLAN, PUBLISH, check
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]

RULES = """\
tags = [
    "type=ref,event=branch", "type=raw,value=latest,enable={{is_default_branch}}",
    "type=semver,pattern={{version}}", "type=semver,pattern={{major}}.{{minor}}",
    "type=semver,pattern={{major}}",
]
"""
OLDER, NEWER = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"


@pytest.fixture
def guarded(published: TinyProject) -> TinyProject:
    """Branches move `latest`, too, and releases have all the usual tags."""
    lines = (published.root / "polyarch.toml").read_text().splitlines()
    text = "\n".join(RULES if line.startswith("tags") else line for line in lines)
    published.toml(text + "\n")
    published.commit("Rules")
    return published


def event(ref: str, sha: str, folder: Path, *, time: str | None = None) -> dict[str, str]:
    """A push of `ref`, whose commit was made at `time`."""
    payload: dict[str, Any] = {"repository": {"default_branch": "main"}}
    if time:
        payload["head_commit"] = {"id": sha, "timestamp": time}
    file = folder / f"event-{sha[:7]}.json"
    file.write_text(json.dumps(payload))
    return github("push", ref, sha, GITHUB_EVENT_PATH=str(file))


def push(
    project: TinyProject,
    verb: str = "publish",
    *words: str,
    ref: str = "refs/heads/main",
    time: str | None = None,
) -> Said:
    sha = project.git("rev-parse", "HEAD")
    more = event(ref, sha, project.root.parent, time=time)
    said = project.run(verb, "--json", *words, more=more)
    check(said.document, PLAN if verb == "plan" else PUBLISH)
    return said


def told(said: Said) -> list[dict[str, str]]:
    """For each destination what became of each tag, or would."""
    return [
        {each["tag"]: each.get("status") or each["action"] for each in destination["references"]}
        for destination in said.document["images"][0]["destinations"]
    ]


def standing(project: TinyProject, registries: Registries) -> list[dict[str, str]]:
    """For each registry the tags of the image and the digest under each."""
    found = []
    for registry in registries:
        name = f"{registry.host}/team/app"
        tags = {}
        for tag in ("main", "latest", "1", "1.1", "1.2", "1.1.5", "1.2.0"):
            said = project.run("inspect", "--json", f"{name}:{tag}")
            if said.code == 0:
                tags[tag] = said.document["digest"]
        found.append(tags)
    return found


def reasons(said: Said) -> set[str | None]:
    return {
        each["reason"]
        for destination in said.document["images"][0]["destinations"]
        for each in destination["references"]
    }


class TestBranches:
    def test_the_newer_commit_stays_when_the_older_run_ends_last(
        self, guarded: TinyProject, registries: Registries
    ):
        newer = guarded.commit("Newer")
        done = push(guarded)
        assert told(done) == [{"main": "created", "latest": "created"}] * 3
        before = standing(guarded, registries)

        guarded.git("checkout", "--quiet", "--detach", "HEAD~1")
        assert told(push(guarded, "plan")) == [{"main": "keep", "latest": "keep"}] * 3
        late = push(guarded)
        assert late.code == 0
        assert told(late) == [{"main": "kept", "latest": "kept"}] * 3
        assert {each["status"] for each in late.document["images"][0]["destinations"]} == {
            "unchanged"
        }
        assert reasons(late) == {f"commit {newer[:12]} stands there, which comes after this one"}
        assert f"main: kept, {before[0]['main'][7:19]}: commit {newer[:12]}" in late.stderr
        assert standing(guarded, registries) == before
        digests = {each["digest"] for each in late.document["images"][0]["destinations"]}
        assert digests == {before[0]["main"]} != {late.document["images"][0]["digest"]}

    def test_what_was_not_there_when_it_was_planned_counts_too(
        self, guarded: TinyProject, registries: Registries
    ):
        """The older run waits in its build until the newer one has published."""
        started, go_on = guarded.root.parent / "started", guarded.root.parent / "go-on"
        guarded.write(
            {
                "make.sh": f": > {started}\nwhile [ ! -e {go_on} ]; do sleep 0.05; done\n"
                'echo old > "$1"\n'
            }
        )
        older = guarded.commit("Older")
        clone = second_checkout(guarded)
        clone.write({"make.sh": 'echo new > "$1"\n'})
        newer = clone.commit("Newer")
        guarded.git("fetch", "--quiet", str(clone.root), newer)

        more = event("refs/heads/main", older, guarded.root.parent)
        with guarded.start("publish", "--json", more=more) as running:
            wait_for(started.exists)
            done = push(clone)
            assert told(done) == [{"main": "created", "latest": "created"}] * 3
            go_on.touch()
            stdout, stderr = running.communicate(timeout=60)
        late = Said(code=running.returncode, stdout=stdout, stderr=stderr)
        assert late.code == 0, late
        assert told(late) == [{"main": "kept", "latest": "kept"}] * 3
        digest = done.document["images"][0]["digest"]
        assert standing(clone, registries) == [{"main": digest, "latest": digest}] * 3

    def test_history_goes_forward_and_to_the_side(self, guarded: TinyProject):
        push(guarded)
        guarded.commit("Newer")
        assert told(push(guarded)) == [{"main": "moved", "latest": "moved"}] * 3
        guarded.git("checkout", "--quiet", "--detach", "HEAD~1")
        guarded.commit("Forced")
        assert told(push(guarded)) == [{"main": "moved", "latest": "moved"}] * 3

    @pytest.mark.parametrize(
        ("time", "expected"), [(OLDER, "kept"), (NEWER, "moved"), (None, "kept")]
    )
    def test_unknown_history_is_judged_by_the_time_of_commit_and_told(
        self, guarded: TinyProject, time: str | None, expected: str
    ):
        clone = second_checkout(guarded)
        clone.commit("Somewhere else")
        push(clone, time="2026-03-01T12:30:00Z")
        guarded.commit("Here")
        said = push(guarded, time=time)
        assert told(said) == [{"main": expected, "latest": expected}] * 3
        [reason] = reasons(said)
        assert reason is not None
        assert "is not known here; by the time of commit it is" in reason

    def test_free(self, guarded: TinyProject):
        guarded.toml(
            (guarded.root / "polyarch.toml")
            .read_text()
            .replace(
                "[images.app.direct]", '[images.app]\ntag-policy = "free"\n[images.app.direct]'
            )
        )
        guarded.commit("Free")
        guarded.commit("Newer")
        push(guarded)
        guarded.git("checkout", "--quiet", "--detach", "HEAD~1")
        assert told(push(guarded)) == [{"main": "moved", "latest": "moved"}] * 3


class TestVersions:
    def test_a_backport_leaves_latest_where_it_is(self, guarded: TinyProject):
        push(guarded, ref="refs/tags/v1.2.0")
        guarded.commit("Backport")
        said = push(guarded, ref="refs/tags/v1.1.5")
        assert (
            told(said)
            == [{"1.1.5": "created", "1.1": "created", "1": "kept", "latest": "kept"}] * 3
        )
        assert {each["status"] for each in said.document["images"][0]["destinations"]} == {
            "published"
        }
        guarded.commit("Next")
        said = push(guarded, ref="refs/tags/v1.2.1")
        assert (
            told(said)
            == [{"1.2.1": "created", "1.2": "moved", "1": "moved", "latest": "moved"}] * 3
        )

    def test_a_version_stays_with_its_commit(self, guarded: TinyProject, registries: Registries):
        push(guarded, ref="refs/tags/v1.2.0")
        before = standing(guarded, registries)
        guarded.write({"make.sh": 'echo other > "$1"\n'})
        guarded.commit("Other")
        plan = push(guarded, "plan", ref="refs/tags/v1.2.0")
        assert {each["1.2.0"] for each in told(plan)} == {"refuse"}
        said = push(guarded, ref="refs/tags/v1.2.0")
        assert said.code == 7
        [error] = {each["error"]["code"] for each in said.document["images"][0]["destinations"]}
        assert error == "tag-refused"
        assert said.document["images"][0]["digest"] is None, "it was built all the same"
        assert standing(guarded, registries) == before
        assert "tag-policy" in said.stderr

    def test_the_same_commit_may_be_published_again_with_other_bytes(self, guarded: TinyProject):
        guarded.write({"make.sh": 'cat ../salt > "$1"\n'})
        (guarded.root.parent / "salt").write_text("1")
        guarded.commit()
        push(guarded, ref="refs/tags/v1.2.0")
        (guarded.root.parent / "salt").write_text("2")
        said = push(guarded, "publish", "--force", ref="refs/tags/v1.2.0")
        assert {status for each in told(said) for status in each.values()} == {"moved"}

    def test_one_registry_that_has_it_keeps_all_from_being_published(
        self, guarded: TinyProject, registries: Registries
    ):
        only = (guarded.root / "polyarch.toml").read_text()
        guarded.toml(
            "\n".join(
                f'repositories = ["{registries[1].host}/team/app"]'
                if line.startswith("repositories")
                else line
                for line in only.splitlines()
            )
            + "\n"
        )
        push(guarded, ref="refs/tags/v1.2.0")
        guarded.toml(only)
        guarded.commit("Other")
        said = push(guarded, ref="refs/tags/v1.2.0")
        assert said.code == 7
        statuses = [each["status"] for each in said.document["images"][0]["destinations"]]
        assert statuses == ["skipped", "failed", "skipped"]
        guarded.toml('+\n[publish]\non-registry-failure = "continue"\n')
        said = push(guarded, ref="refs/tags/v1.2.0")
        statuses = [each["status"] for each in said.document["images"][0]["destinations"]]
        assert (said.code, statuses) == (6, ["published", "failed", "published"])

    def test_an_index_without_annotations_is_told_and_not_refused(self, guarded: TinyProject):
        levels = 'annotation-levels = ["manifest"]'
        guarded.toml(
            text_of(guarded).replace(
                "[images.app.direct]", f"[images.app]\n{levels}\n[images.app.direct]"
            )
        )
        push(guarded, ref="refs/tags/v1.2.0")
        guarded.commit("Other")
        said = push(guarded, "plan", ref="refs/tags/v1.2.0")
        current = said.document["images"][0]["destinations"][0]["references"][0]["current"]
        assert (current["state"], current["version"], current["revision"]) == (
            "present",
            None,
            None,
        )
        assert reasons(said) == {"what stands there does not say of which commit it is"}
        assert push(guarded, ref="refs/tags/v1.2.0").code == 0


class TestUnknown:
    @pytest.mark.parametrize(
        ("quirks", "code", "error"),
        [
            (Quirks(refuse_login=True), 7, "login-refused"),
            (Quirks(denied_actions=frozenset({"pull"})), 7, "denied"),
            (Quirks(down=True), 5, "registry-unavailable"),
            (Quirks(throttled=10_000, retry_after="900"), 5, "rate-limited"),
        ],
    )
    def test_what_is_not_known_moves_nothing(
        self,
        guarded: TinyProject,
        registries: Registries,
        quirks: Quirks,
        code: int,
        error: str,
    ):
        registries[1].quirks = quirks
        said = push(guarded)
        assert said.code == code, said
        destinations = said.document["images"][0]["destinations"]
        assert [each["status"] for each in destinations] == ["skipped", "failed", "skipped"]
        assert destinations[1]["error"]["code"] == error
        assert said.document["images"][0]["digest"] is None
        registries[1].quirks = Quirks()
        assert standing(guarded, registries) == [{}] * 3


class TestOneImage:
    TOML = """
[images.web]
version-tag = "web/v*"
[images.web.direct]
run = ["sh", "make.sh", "{out}/web", "{platform}"]
files = [{ from = "{out}/web", to = "/web" }]
"""

    @pytest.fixture
    def two(self, guarded: TinyProject) -> TinyProject:
        guarded.toml("+" + self.TOML)
        guarded.commit("Two")
        return guarded

    def images(self, said: Said) -> list[str]:
        return [image["name"] for image in said.document["images"]]

    def test_its_tag_selects_it_alone_and_gives_its_version(self, two: TinyProject):
        said = push(two, "plan", "--offline", ref="refs/tags/web/v1.2.0")
        assert self.images(said) == ["web"]
        assert said.document["images"][0]["tags"] == ["1.2.0", "1.2", "1", "latest"]
        assert said.document["reason"] == "the tag `web/v1.2.0` is of `web` alone"
        assert said.document["images"][0]["publish"] is False
        assert "add `tag:web/v*` to `[publish] on`" in said.stderr

    def test_other_tags_and_branches_are_of_all(self, two: TinyProject):
        for ref in ("refs/tags/v1.2.0", "refs/heads/web/v1", "refs/heads/main"):
            said = push(two, "plan", "--offline", ref=ref)
            assert self.images(said) == ["app", "web"]
            assert said.document["reason"] is None

    def test_another_image_has_nothing_to_do_for_it(self, two: TinyProject):
        said = push(two, "publish", "app", ref="refs/tags/web/v1.2.0")
        assert (said.code, self.images(said)) == (0, [])
        assert said.document["reason"] == "the tag `web/v1.2.0` is of `web` alone"

    def test_it_publishes_where_the_list_has_it(self, two: TinyProject):
        two.toml('+\n[publish]\non = ["tag:web/v*"]\n')
        said = push(two, ref="refs/tags/web/v1.2.0")
        assert (said.code, said.document["published"]) == (0, True)
        assert "add `tag:" not in said.stderr
        assert told(said)[0].keys() == {"1.2.0", "1.2", "1", "latest"}


class TestForks:
    def forked(self, project: TinyProject, verb: str, *words: str, head: str) -> Said:
        payload = {
            "number": 7,
            "repository": {"full_name": "team/project"},
            "pull_request": {
                "head": {"repo": {"full_name": head}},
                "base": {"repo": {"full_name": "team/project"}, "ref": "main"},
            },
        }
        file = project.root.parent / "event.json"
        file.write_text(json.dumps(payload))
        sha = project.git("rev-parse", "HEAD")
        more = github("pull_request", "refs/pull/7/merge", sha, GITHUB_EVENT_PATH=str(file))
        return project.run(verb, "--json", *words, more=more)

    @pytest.mark.parametrize("switch", ["", "[publish]\nbuild-forks = true\n"])
    def test_they_build_and_never_publish(
        self, guarded: TinyProject, registries: Registries, switch: str
    ):
        guarded.toml(f"+\n{switch}")
        said = self.forked(guarded, "publish", head="somebody/project")
        assert (said.code, said.document["published"]) == (0, False)
        assert said.document["images"][0]["digest"]
        assert [each.requests for each in registries] == [(), (), ()]

    @pytest.mark.parametrize("verb", ["plan", "build", "publish"])
    def test_they_can_be_left_out(self, guarded: TinyProject, verb: str):
        guarded.toml("+\n[publish]\nbuild-forks = false\n")
        said = self.forked(guarded, verb, head="somebody/project")
        assert said.code == 0, said
        assert said.document.get("images", said.document.get("parts")) == []
        if verb != "build":
            assert "from a fork" in said.document["reason"]
        assert "from a fork" in said.stderr + said.stdout
        own = self.forked(guarded, verb, head="team/project")
        assert own.document.get("images", own.document.get("parts"))


def text_of(project: TinyProject) -> str:
    return (project.root / "polyarch.toml").read_text()


def second_checkout(project: TinyProject) -> TinyProject:
    """A clone as another machine would have it, with a state of its own."""
    root = project.root.parent / "second"
    project.git("clone", "--quiet", str(project.root), str(root))
    shutil.rmtree(root / ".polyarch", ignore_errors=True)
    return TinyProject(root=root, environment=project.environment)


def wait_for(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
