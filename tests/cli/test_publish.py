"""`polyarch publish`: the main job, against registries that take it and that do not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import PUBLISH, check
from tests.support.golden import compare, session
from tests.support.tiny_project import Said, TinyProject, github

GOLDEN = Path(__file__).parent / "golden" / "publish"

Registries = tuple[SandboxRegistry, ...]


def pushed(project: TinyProject, *words: str, ref: str = "refs/heads/main", **more: str) -> Said:
    """`publish` in the CI job of a push."""
    sha = project.git("rev-parse", "HEAD")
    said = project.run("publish", *words, more=github("push", ref, sha, **more))
    if "--json" in words and said.code in {0, 5, 6, 7}:
        check(said.document, PUBLISH)
    return said


def destinations(said: Said) -> list[dict[str, Any]]:
    """Those of the only image."""
    [image] = said.document["images"]
    found: list[dict[str, Any]] = image["destinations"]
    return found


def statuses(said: Said) -> list[str]:
    return [each["status"] for each in destinations(said)]


def tags_of(registry: SandboxRegistry) -> set[str]:
    """The tags that were ever put there and answered with success."""
    return {
        request.path.rpartition("/")[2]
        for request in registry.requests
        if request.method == "PUT" and "/manifests/" in request.path and request.status < 300
    } - {request.path.rpartition("/")[2] for request in registry.requests if ":" in request.path}


@pytest.fixture
def single(project: TinyProject, registries: Registries) -> TinyProject:
    """One platform and one destination: what happens has one order."""
    project.toml(
        f"""\
[images.app]
platforms = ["linux/s390x"]
repositories = ["{registries[0].host}/team/app"]
tags = ["type=ref,event=branch", "type=raw,value=edge"]
[images.app.direct]
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
"""
    )
    project.write({"make.sh": 'echo "making for $2"\nprintf x > "$1"\n'})
    project.commit()
    return project


class TestGolden:
    def run(self, project: TinyProject, name: str, *words: str) -> None:
        said = pushed(project, *words)
        text = session(project, " ".join(("publish", *words)), said, squeeze=True)
        compare(GOLDEN / f"{name}.txt", text)

    def test_first_and_again(self, single: TinyProject):
        self.run(single, "first")
        self.run(single, "again")

    def test_quiet(self, single: TinyProject):
        self.run(single, "quiet", "--quiet")

    def test_dry_run(self, single: TinyProject, registries: Registries):
        self.run(single, "dry-run", "--dry-run")
        assert tags_of(registries[0]) == set()

    def test_refused(self, single: TinyProject, registries: Registries):
        registries[0].quirks = Quirks(denied_actions=frozenset({"push"}))
        self.run(single, "refused")

    def test_json(self, single: TinyProject):
        self.run(single, "json", "--json")

    def test_local(self, single: TinyProject):
        said = single.run("publish")
        compare(GOLDEN / "local.txt", session(single, "publish", said, squeeze=True))

    def test_rehearsal(self, single: TinyProject):
        said = single.run("publish", "--sandbox")
        compare(GOLDEN / "sandbox.txt", session(single, "publish --sandbox", said, squeeze=True))


class TestOutcomes:
    def test_published_then_unchanged_then_moved(self, published: TinyProject):
        first = pushed(published, "--json")
        assert (first.code, statuses(first)) == (0, ["published"] * 3)
        [image] = first.document["images"]
        for destination in image["destinations"]:
            assert destination["digest"] == image["digest"]
            assert [each["status"] for each in destination["references"]] == ["created"] * 2
            assert {each["digest"] for each in destination["references"]} == {image["digest"]}
        again = pushed(published, "--json")
        assert (again.code, statuses(again)) == (0, ["unchanged"] * 3)
        assert again.document["images"][0]["digest"] == image["digest"]
        published.write({"more": "more"})
        published.commit()
        third = pushed(published, "--json")
        assert (third.code, statuses(third)) == (0, ["published"] * 3)
        assert [each["status"] for each in destinations(third)[0]["references"]] == [
            "moved",
            "created",
        ]

    def test_what_is_unchanged_reads_no_manifest(
        self, published: TinyProject, registries: Registries
    ):
        """Docker Hub counts each GET of a manifest, and no HEAD."""
        pushed(published)
        for registry in registries:
            registry.forget_requests()
        assert statuses(pushed(published, "--json")) == ["unchanged"] * 3
        for registry in registries:
            reads = [r.path for r in registry.requests if r.method == "GET"]
            assert [path for path in reads if "/manifests/" in path] == []

    def test_quotas_are_counted_and_told(self, published: TinyProject, registries: Registries):
        published.toml(f'+[registries."{registries[0].host}"]\nprofile = "docker-hub"\n')
        published.commit()
        registries[0].quirks = Quirks(pull_limit=100)
        said = pushed(published)
        assert "reads of manifests, which count against its quota" in said.stderr
        assert " of 100 left in 6 h" in said.stderr
        published.commit()
        [hub] = [
            each
            for each in pushed(published, "--json").document["usage"]
            if each["registry"] == registries[0].host
        ]
        assert hub["metered"] > 0
        assert (hub["limit"], hub["window_s"]) == (100, 21600)
        again = pushed(published, "--json").document["usage"]
        assert [each["metered"] for each in again] == [0, 0, 0], "30 unchanged images cost nothing"

    def test_stdout_has_a_pinned_reference_for_each_destination(
        self, published: TinyProject, registries: Registries
    ):
        digest = pushed(published, "--json").document["images"][0]["digest"]
        said = pushed(published)
        assert said.stdout.splitlines() == [f"{r.host}/team/app@{digest}" for r in registries]

    @pytest.mark.parametrize(
        ("quirks", "code", "error"),
        [
            (Quirks(refuse_login=True), 7, "login-refused"),
            (Quirks(denied_actions=frozenset({"push"})), 7, "denied"),
            (Quirks(down=True), 5, "registry-unavailable"),
            (Quirks(throttled=1000, retry_after="3600"), 5, "rate-limited"),
        ],
    )
    def test_one_of_three_refuses_before_the_build(
        self,
        published: TinyProject,
        registries: Registries,
        quirks: Quirks,
        code: int,
        error: str,
    ):
        registries[1].quirks = quirks
        said = pushed(published, "--json")
        assert said.code == code, said
        assert statuses(said) == ["skipped", "failed", "skipped"]
        told = destinations(said)[1]["error"]
        assert (told["code"], told["exit_code"]) == (error, code)
        assert told["retryable"] is (code == 5)
        assert told["hint"]
        assert [tags_of(registry) for registry in registries] == [set(), set(), set()]
        assert not (published.root / ".polyarch" / "parts").exists(), "nothing was built"

    def test_with_continue_the_others_are_published(
        self, published: TinyProject, registries: Registries
    ):
        published.toml('+[publish]\non-registry-failure = "continue"\n')
        published.commit()
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        said = pushed(published, "--json")
        assert said.code == 6
        assert statuses(said) == ["published", "failed", "published"]
        assert tags_of(registries[0]) == tags_of(registries[2]) != set()

    def test_all_refuse_with_continue(self, published: TinyProject, registries: Registries):
        published.toml('+[publish]\non-registry-failure = "continue"\n')
        published.commit()
        for registry in registries:
            registry.quirks = Quirks(denied_actions=frozenset({"push"}))
        said = pushed(published, "--json")
        assert (said.code, statuses(said)) == (7, ["failed"] * 3)
        assert not (published.root / ".polyarch" / "parts").exists(), "nothing was built"

    def test_a_tag_that_is_refused_in_the_flip_brings_all_back(
        self, published: TinyProject, registries: Registries
    ):
        first = pushed(published, "--json")
        published.write({"more": "more"})
        published.commit()
        registries[2].quirks = Quirks(on_request=refuse_tag("main"))
        said = pushed(published, "--json")
        assert said.code == 7, said
        assert statuses(said) == ["rolled-back"] * 3  # the commit's own tag had moved everywhere
        registries[2].quirks = Quirks()
        for destination in destinations(said):
            assert destination["digest"] == first.document["images"][0]["digest"]
        plan = published.run("plan", "--json").document
        for destination in plan["images"][0]["destinations"]:
            current = destination["references"][0]["current"]
            assert current["digest"] == first.document["images"][0]["digest"]

    def test_a_new_tag_that_cannot_be_deleted_is_told_as_left(
        self, published: TinyProject, registries: Registries
    ):
        registries[0].quirks = Quirks(tag_delete=False)
        registries[2].quirks = Quirks(on_request=refuse_tag("main"))
        said = pushed(published, "--json")
        assert said.code == 6
        assert statuses(said)[0] == "left"

    def test_the_worst_of_several_errors_counts(
        self, published: TinyProject, registries: Registries
    ):
        registries[0].quirks = Quirks(down=True)
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        said = pushed(published, "--json")
        assert said.code == 7
        assert statuses(said) == ["failed", "failed", "skipped"]
        assert said.stderr.count("error: ") == 2

    def test_errors_have_their_three_lines_also_beside_a_document(
        self, published: TinyProject, registries: Registries
    ):
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        lines = pushed(published, "--json").stderr.splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith("error: "))
        assert lines[start + 1].startswith("  where: ")
        assert lines[start + 2].startswith("  hint: ")

    def test_a_registry_that_stumbles_is_tried_again(
        self, published: TinyProject, registries: Registries
    ):
        registries[0].quirks = Quirks(on_request=stumble("UNAVAILABLE", 503))
        registries[1].quirks = Quirks(on_request=stumble("TOOMANYREQUESTS", 429))
        said = pushed(published, "--json")
        assert (said.code, statuses(said)) == (0, ["published"] * 3)


def refuse_tag(tag: str) -> Callable[[Call], Any]:
    async def refuse(call: Call) -> Answer | None:
        moves = call.method == "PUT" and call.target.item == tag
        return refusal("DENIED", "this tag is protected", status=403) if moves else None

    return refuse


def stumble(code: str, status: int) -> Callable[[Call], Any]:
    """Refuse the first request of each method."""
    seen: set[str] = set()

    async def refuse(call: Call) -> Answer | None:
        if call.method in seen:
            return None
        seen.add(call.method)
        return refusal(code, "not now", ("Retry-After", "0"), status=status)

    return refuse


class TestEvents:
    """Which events publish: an allow-list, and the same on every CI."""

    def published(self, project: TinyProject, *words: str, **environment: str) -> tuple[bool, str]:
        said = project.run("publish", "--json", *words, more=environment)
        assert said.code == 0, said
        check(said.document, PUBLISH)
        return said.document["published"], said.document["reason"]

    @pytest.mark.parametrize(
        ("event", "ref", "publishes"),
        [
            ("push", "refs/heads/main", True),
            ("push", "refs/heads/feature", False),
            ("push", "refs/tags/v1.2.3", True),
            ("push", "refs/tags/1.2.3", False),
            ("release", "refs/tags/v1.2.3", True),
            ("schedule", "refs/heads/main", True),
            ("workflow_dispatch", "refs/heads/main", True),
            ("pull_request", "refs/pull/7/merge", False),
            ("pull_request_target", "refs/heads/main", False),
            ("merge_group", "refs/heads/gh-readonly-queue/main/pr-7", False),
        ],
    )
    def test_github(self, published: TinyProject, event: str, ref: str, publishes: bool):
        published.toml('+[images.app]\ntags = ["type=raw,value=edge"]\n')
        sha = published.commit()
        payload = published.root.parent / "event.json"
        payload.write_text(json.dumps({"action": "published", "number": 7}))
        environment = github(event, ref, sha, GITHUB_EVENT_PATH=str(payload))
        found, reason = self.published(published, **environment)
        assert found is publishes, reason
        record = published.root / ".polyarch" / "parts" / "app" / "linux-s390x.json"
        part = json.loads(record.read_text())
        assert part["ci_run"] == "https://github.com/team/project/actions/runs/42"

    def test_a_local_run_builds_and_says_how_it_would_publish(self, published: TinyProject):
        found, reason = self.published(published)
        assert found is False
        assert "polyarch publish --allow-local" in reason
        assert (published.root / ".polyarch" / "parts" / "app" / "linux-s390x.json").exists()

    def test_a_simulated_event_publishes_only_to_the_sandbox(
        self, published: TinyProject, registries: Registries
    ):
        words = ("--event", "push", "--ref", "refs/heads/main")
        assert self.published(published, *words)[0] is False
        assert self.published(published, *words, "--sandbox")[0] is True
        assert [tags_of(registry) for registry in registries] == [set(), set(), set()]

    def test_the_sandbox_takes_every_event(self, published: TinyProject, registries: Registries):
        published.write({"dirty": "yes"})
        sha = published.git("rev-parse", "HEAD")
        published.toml('+[images.app]\ntags = ["type=raw,value=edge"]\n')
        for environment in ({}, github("pull_request", "refs/pull/7/merge", sha)):
            assert self.published(published, "--sandbox", **environment)[0] is True
        assert [registry.requests for registry in registries] == [(), (), ()]

    def test_what_the_config_lists(self, published: TinyProject):
        published.toml('+[publish]\non = ["branch:release/*"]\n')
        sha = published.commit()
        here = github("push", "refs/heads/main", sha)
        assert self.published(published, **here) == (
            False,
            "`[publish] on` does not list `push refs/heads/main`",
        )
        there = github("push", "refs/heads/release/1", sha)
        assert self.published(published, **there)[0] is True

    def test_no_tag_for_this_event(self, published: TinyProject):
        published.toml('+[images.app]\ntags = ["type=ref,event=pr"]\n')
        sha = published.commit()
        found, reason = self.published(published, **github("push", "refs/heads/main", sha))
        assert (found, reason) == (False, "no tag rule gives a tag for this event")

    def test_no_repositories(self, published: TinyProject):
        published.toml("+[images.app]\nrepositories = []\n")
        sha = published.commit()
        found, reason = self.published(published, **github("push", "refs/heads/main", sha))
        assert (found, reason) == (False, "it has no `repositories`")


class TestAllowLocal:
    def run(self, project: TinyProject, *words: str, **more: str) -> Said:
        return project.run("publish", "--allow-local", "--json", *words, more=more)

    def test_dirty(self, published: TinyProject):
        published.push()
        published.write({"new": "file"})
        said = self.run(published)
        assert (said.code, said.document["code"]) == (2, "local-publish-refused")

    def test_not_pushed(self, published: TinyProject):
        said = self.run(published)
        assert (said.code, said.document["code"]) == (2, "local-publish-refused")
        assert "git push" in said.document["hint"]

    def test_detached(self, published: TinyProject):
        published.push()
        published.git("checkout", "--quiet", "--detach")
        assert self.run(published).code == 2

    def test_no_git(self, tmp_path: Path):
        bare = TinyProject.make(tmp_path / "bare", git=False)
        assert self.run(bare).code == 2

    def test_a_pushed_branch(self, published: TinyProject):
        published.push()
        said = self.run(published)
        assert (said.code, statuses(said)) == (0, ["published"] * 3)
        assert said.document["reason"] == "`[publish] on` lists `branch:main`"

    def test_a_pushed_branch_that_is_not_listed(self, published: TinyProject):
        published.git("switch", "--quiet", "--create", "feature")
        published.push()
        said = self.run(published)
        assert (said.code, said.document["published"]) == (0, False)

    def test_a_checked_out_tag(self, published: TinyProject):
        published.push()
        published.git("tag", "v1.2.3")
        published.git("checkout", "--quiet", "v1.2.3")
        said = self.run(published)
        assert (said.code, statuses(said)) == (0, ["published"] * 3)
        assert destinations(said)[0]["references"][0]["tag"] == "1.2.3"

    def test_a_pull_request_cannot_be_passed_off_as_local(self, published: TinyProject):
        published.push()
        sha = published.git("rev-parse", "HEAD")
        said = self.run(published, **github("pull_request", "refs/pull/7/merge", sha))
        assert (said.code, said.document["code"]) == (2, "local-publish-refused")


class TestLogins:
    """Passwords come from variables, and are told wrong before anything is built."""

    @pytest.mark.parametrize("auth", [BasicAuth, BearerAuth])
    def test_variables(
        self, published: TinyProject, registries: Registries, auth: type[BasicAuth | BearerAuth]
    ):
        for registry in registries:
            registry.auth = auth(Account(username="robot", password="s3cret"))
        table = "".join(
            f'[registries."{registry.host}"]\nusername-env = "R_USER"\npassword-env = "R_PASS"\n'
            for registry in registries
        )
        published.toml(f"+{table}")
        published.commit()
        right = {"R_USER": "robot", "R_PASS": "s3cret"}
        said = pushed(published, "--json", **{**right, "R_PASS": "wrong"})
        assert (said.code, statuses(said)) == (7, ["failed"] * 3)
        said = pushed(published, "--json", **right)
        assert (said.code, statuses(said)) == (0, ["published"] * 3)

    def test_a_variable_that_is_not_set_is_an_error_in_ci(
        self, published: TinyProject, registries: Registries
    ):
        published.toml(f'+[registries."{registries[0].host}"]\npassword-env = "R_PASS"\n')
        published.commit()
        said = pushed(published, "--json")
        assert said.code == 2, said
        assert "R_PASS" in said.stderr

    def test_elsewhere_it_is_a_note(self, published: TinyProject, registries: Registries):
        published.toml(f'+[registries."{registries[0].host}"]\npassword-env = "R_PASS"\n')
        published.commit()
        published.push()
        said = published.run("publish", "--allow-local", "--json")
        assert (said.code, statuses(said)) == (0, ["published"] * 3)
        assert "note: " in said.stderr
        assert "R_PASS" in said.stderr

    def test_a_pull_request_reads_no_login(self, published: TinyProject, registries: Registries):
        """It controls the config, so it could name any variable and any command."""
        table = f'[registries."{registries[0].host}"]\nusername-env = "HOME"\n'
        published.toml(f'+{table}password-command = ["sh", "-c", "echo x > stolen"]\n')
        sha = published.commit()
        more = github("pull_request", "refs/pull/7/merge", sha)
        assert published.run("publish", more=more).code == 0
        assert not (published.root / "stolen").exists()
        assert not [r for r in registries[0].requests if r.had_authorization]


def test_the_record_of_a_run(published: TinyProject, registries: Registries):
    said = pushed(published, "--json")
    run = published.root / ".polyarch" / "runs" / said.document["run"]
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    moved = [event for event in events if event["event"] == "TagMoved"]
    assert len(moved) == 6
    assert {event["status"] for event in moved} == {"created"}
    logs = {path.name for path in (run / "logs").iterdir()}
    assert {f"push-{r.host.replace(':', '-')}-team-app.log" for r in registries} <= logs


def test_an_image_that_fails_keeps_all_others_from_being_published(
    published: TinyProject, registries: Registries
):
    published.toml(
        '+[images.bad]\nplatforms = ["linux/s390x"]\n'
        'direct = { run = ["sh", "-c", "exit 3"], files = [{ from = "make.sh", to = "/" }] }\n'
    )
    published.commit()
    said = pushed(published, "--json")
    assert (said.code, said.document["code"]) == (1, "build-failed")
    assert [tags_of(registry) for registry in registries] == [set(), set(), set()]


def test_some_platforms_alone_never_take_a_tag(
    published: TinyProject, registries: tuple[SandboxRegistry, ...]
):
    """The tags would point to less than the whole index: nothing is built, nothing moves."""
    pushed(published)
    before = [tags_of(registry) for registry in registries]
    published.write({"make.sh": 'echo changed > "$1"\n'})
    published.commit()
    for words in (("--json",), ("--json", "--sandbox"), ("--json", "--dry-run")):
        said = pushed(published, *words, "-p", "linux/s390x")
        assert (said.code, said.document["code"]) == (2, "partial-publish")
        assert "linux/ppc64le" in said.document["message"]
    assert [tags_of(registry) for registry in registries] == before
    happened = github("push", "refs/heads/main", published.git("rev-parse", "HEAD"))
    plan = published.run("plan", "--json", "-p", "linux/s390x", more=happened).document
    [image] = plan["images"]
    assert image["missing_platforms"] == ["linux/ppc64le"]
    actions = {tag["action"] for each in image["destinations"] for tag in each["references"]}
    assert actions == {"refuse"}


def test_a_layer_that_rotted_on_the_disk_is_published_nowhere(
    published: TinyProject, registries: Registries
):
    """Its size is right, so only who reads it whole can see it: at the latest the upload."""
    assert published.run("build").code == 0
    for blob in (published.root / ".polyarch" / "parts").rglob("blobs/sha256/*"):
        data = blob.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    said = pushed(published, "--json")
    assert (said.code, statuses(said)) == (1, ["failed"] * 3)
    assert destinations(said)[0]["error"]["code"] == "digest-mismatch"
    assert "--force" in destinations(said)[0]["error"]["hint"]
    assert said.stderr.endswith("nothing was published: no destination has taken it\n")
    assert [tags_of(registry) for registry in registries] == [set(), set(), set()]
    again = pushed(published, "--json", "--force")
    assert (again.code, statuses(again)) == (0, ["published"] * 3)
