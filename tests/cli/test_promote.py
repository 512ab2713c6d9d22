"""`promote` at the command line: staging and production on three registries, one like GHCR."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.likenesses import ALIYUN, GHCR
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.thread import running
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.hold import ARTIFACT as HOLD
from tests.support.environments import (
    IMAGES,
    TAGS,
    Staged,
    referrers_of,
    retag,
    sign,
)
from tests.support.tiny_project import Said, github

Registries = tuple[SandboxRegistry, ...]
NOTHING: list[dict[str, Any]] = [{}, {}, {}]


@pytest.fixture
def three() -> Iterator[Registries]:
    registries = SandboxRegistry(), SandboxRegistry(quirks=GHCR), SandboxRegistry()
    with running(*registries):
        yield registries


@pytest.fixture
def staged(tmp_path: Path, three: Registries) -> Staged:
    """A project; nothing stands in staging yet."""
    return Staged.make(tmp_path / "project", [each.host for each in three])


def app_of(document: dict[str, Any]) -> str:
    """The digest of the image `app`."""
    found: str = document["images"][0]["digest"]
    return found


def told(said: Said) -> list[dict[str, str]]:
    """For each destination of the first image what became of each tag."""
    return [
        {each["tag"]: each["status"] for each in destination["references"]}
        for destination in said.document["images"][0]["destinations"]
    ]


class TestGroup:
    def test_all_go_everywhere_under_the_tags_of_the_event(self, staged: Staged, three: Registries):
        published = staged.stage()
        before = len(three[0].requests)
        said = staged.promote("@all", "--why", "it is Friday")
        until = len(three[0].requests)
        assert said.code == 0, said
        wanted = {
            each["name"]: dict.fromkeys(("1.2.3", "1.2", "latest"), each["digest"])
            for each in published["images"]
        }
        assert len({app["1.2"] for app in wanted.values()}) == len(IMAGES)
        assert staged.standing() == [wanted] * 3
        document = said.document
        assert (document["schema"], document["moved"]) == ("polyarch.promote/v1", True)
        assert document["why"] == "it is Friday"
        assert {each["proof"]["kind"] for each in document["images"]} == {"run"}
        assert {each["proof"]["run"] for each in document["images"]} == {
            staged.project.runs[0].name
        }
        asked = three[0].requests[before:until]
        fetched = [r.path for r in asked if r.method == "GET" and "/staging/" in r.path]
        fetched = [path for path in fetched if "/blobs/" in path]
        assert len(fetched) == len(set(fetched)), "a blob goes over the line once"
        assert not list((staged.project.root / ".polyarch" / "spool").glob("[!.]*"))
        for run in staged.project.runs[1:]:
            assert not (run / "plan.json").exists(), "nothing was planned to be built"

    def test_again_nothing_changes(self, staged: Staged):
        staged.stage()
        assert staged.promote().code == 0
        again = staged.promote()
        assert again.code == 0
        assert told(again) == [dict.fromkeys(TAGS, "unchanged")] * 3

    def test_tags_that_a_person_names_need_no_event(self, staged: Staged):
        digest = app_of(staged.stage())
        said = staged.promote("app", "--tag", "1.2.3", "--tag", "stable", more={})
        assert said.code == 0, said
        assert staged.standing() == [{"app": {"1.2.3": digest, "stable": digest}}] * 3

    def test_another_tag_or_a_digest_of_the_source(self, staged: Staged):
        digest = app_of(staged.stage("app", ref="refs/heads/main"))
        by_tag = staged.promote("app", "--tag", "2.0.0", "--from-tag", "main", more={})
        by_digest = staged.promote("app", "--tag", "2.0", "--from-tag", digest, more={})
        assert (by_tag.code, by_digest.code) == (0, 0), (by_tag, by_digest)
        assert staged.standing() == [{"app": {"2.0.0": digest, "2.0": digest}}] * 3

    def test_a_dry_run_says_what_would_become_of_each_tag(self, staged: Staged):
        staged.stage("app")
        said = staged.promote("app", "--dry-run")
        assert said.code == 0, said
        notes = said.document["images"][0]["notes"]
        assert f"{staged.hosts[0]}/team/app:1.2: would be created" in notes
        assert staged.standing() == NOTHING


class TestWhatGoesAlong:
    def test_artifacts_are_there_before_any_tag_moves(self, staged: Staged, three: Registries):
        published = staged.stage("app")
        digest = app_of(published)
        child = published["images"][0]["platforms"][0]["digest"]
        source = f"{three[0].host}/staging/app"
        signature = sign(source, digest)
        of_signature = sign(source, signature, "countersigned")
        of_child = sign(source, child, "an SBOM")
        elsewhere = sign(f"{three[1].host}/staging/app", digest, "another")
        held = sign(source, digest, "held here", HOLD)
        seen: list[tuple[SandboxRegistry, bool]] = []
        for registry in three:
            registry.quirks = replace(registry.quirks, on_request=watching(registry, seen))

        said = staged.promote("app")
        assert said.code == 0, said
        for host in staged.hosts:
            team = f"{host}/team/app"
            assert referrers_of(team, digest) == {signature, elsewhere}
            assert referrers_of(team, signature) == {of_signature}
            assert referrers_of(team, child) == {of_child}
        assert held not in said.stdout
        carried = said.document["images"][0]["destinations"][0]["referrers"]
        assert len(carried) == 4
        first = [is_tag for _, is_tag in seen].index(True)
        assert not [is_tag for _, is_tag in seen[first:] if not is_tag], "tags come last"

    def test_one_that_cannot_be_brought_keeps_all_tags_where_they_are(
        self, staged: Staged, three: Registries
    ):
        digest = app_of(staged.stage("app"))
        signature = sign(f"{three[0].host}/staging/app", digest)

        async def lose(call: Call) -> Answer | None:
            lost = call.method == "PUT" and call.target.item == signature
            return refusal("DENIED", "not this") if lost else None

        three[2].quirks = replace(three[2].quirks, on_request=lose)
        said = staged.promote("app")
        assert said.code == 7, said
        assert staged.standing() == NOTHING

    def test_what_a_registry_does_not_take_is_left_out_there_where_that_is_allowed(
        self, staged: Staged, three: Registries
    ):
        """No attestation is in these images, so all of it goes; the profile is what decides."""
        three[2].quirks = ALIYUN
        staged.project.toml(f'+[registries."{three[2].host}"]\nprofile = "aliyun"\n')
        digest = app_of(staged.stage("app"))
        said = staged.promote("app")
        assert said.code == 0, said
        assert staged.standing()[2] == {"app": dict.fromkeys(TAGS, digest)}


def watching(registry: SandboxRegistry, seen: list[tuple[SandboxRegistry, bool]]) -> Any:
    """Notes each manifest that comes, and whether it comes under a tag of the image."""

    async def watch(call: Call) -> None:
        if call.method == "PUT" and call.target.kind is Kind.MANIFEST:
            item = call.target.item
            if not item.startswith("sha256-"):
                seen.append((registry, ":" not in item))

    return watch


class TestPolicy:
    def test_an_older_version_takes_nothing_away(self, staged: Staged):
        older = staged.project.git("rev-parse", "HEAD")
        first = app_of(staged.stage("app"))
        staged.project.write({"make.sh": 'echo newer > "$1"\nchmod +x "$1"\n'})
        staged.project.commit("Newer")
        staged.stage("app", ref="refs/tags/v1.2.4")
        newer = staged.promote("app", more=staged.event("refs/tags/v1.2.4"))
        assert newer.code == 0, newer

        late = staged.promote("app", more=github("push", "refs/tags/v1.2.3", older))
        assert late.code == 0, late
        assert told(late) == [{"1.2.3": "created", "1.2": "kept", "latest": "kept"}] * 3
        assert staged.standing()[0]["app"]["1.2.3"] == first
        assert staged.standing()[0]["app"]["1.2"] != first

    def test_the_tag_has_to_be_of_the_commit_of_the_event(self, staged: Staged):
        staged.stage("app")
        staged.project.commit("Another")
        said = staged.promote("app")
        assert (said.code, said.document["code"]) == (7, "other-commit"), said
        assert staged.standing() == NOTHING

    def test_an_event_that_may_not_publish_there_moves_nothing(self, staged: Staged):
        staged.stage("app", ref="refs/heads/main")
        said = staged.promote("app", more=staged.event("refs/heads/main"))
        assert said.code == 0, said
        assert "does not list `push refs/heads/main`" in said.document["reason"]
        assert staged.standing() == NOTHING

    def test_a_pull_request_never_does(self, staged: Staged):
        sha = staged.project.git("rev-parse", "HEAD")
        event = github("pull_request", "refs/pull/7/merge", sha)
        said = staged.promote("app", "--tag", "1.2.3", more=event)
        assert (said.code, said.document["code"]) == (7, "pull-request-act")

    def test_one_registry_that_refuses_keeps_all_or_only_itself(
        self, staged: Staged, three: Registries
    ):
        digest = app_of(staged.stage("app"))
        three[2].quirks = replace(three[2].quirks, denied_actions=frozenset({"push"}))
        said = staged.promote("app")
        assert said.code == 7, said
        assert staged.standing() == NOTHING
        partly = staged.promote("app", "--on-registry-failure", "continue")
        assert partly.code == 6, partly
        tags = {"app": dict.fromkeys(TAGS, digest)}
        assert staged.standing() == [tags, tags, {}]
        three[2].quirks = replace(three[2].quirks, denied_actions=frozenset())
        assert staged.promote("app").code == 0
        assert staged.standing() == [tags] * 3


class TestSource:
    def test_registries_that_disagree_are_not_chosen_from(self, staged: Staged, three: Registries):
        first = app_of(staged.stage("app", ref="refs/heads/main"))
        staged.project.write({"make.sh": 'echo other > "$1"\nchmod +x "$1"\n'})
        staged.project.commit("Other")
        staged.stage("app")
        retag(f"{three[1].host}/staging/app", first, "1.2.3")
        said = staged.promote("app")
        assert (said.code, said.document["code"]) == (7, "sources-disagree"), said
        assert staged.standing() == NOTHING

    def test_what_is_not_there_is_named(self, staged: Staged):
        said = staged.promote("app")
        assert (said.code, said.document["code"]) == (3, "not-in-source")
        assert "`1.2.3`" in said.document["message"]

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (("--from", "staging", "--to", "staging"), 2),
            (("--from", "nowhere", "--to", "production"), 3),
            (("--from", "staging", "--to", "production", "--tag", "a b"), 2),
            (("--from", "staging", "--to", "production", "--tag", ""), 2),
            (("--from", "staging", "--to", "production", "--from-tag", "sha256:abc"), 2),
            (("--from", "staging", "--to", "production", "--from-tag", ""), 2),
            (("--from", "staging", "--to", "production"), 2),
            (("--from", "staging", "--to", "production", "--tag", "x", "nosuch"), 3),
            (("--from", "staging", "--to", "production", "--prove", "--proof-max-age", "7d"), 2),
            (("--from", "staging", "--to", "production", "--allow-local", "--tag", "x"), 2),
            (("--to", "production"), 2),
        ],
    )
    def test_words_that_cannot_be_meant(self, staged: Staged, words: tuple[str, ...], code: int):
        said = staged.project.run("promote", *words)
        assert said.code == code, said
        assert said.stderr.startswith("error: ")
        assert "hint: " in said.stderr

    def test_environments_of_the_same_repositories(self, staged: Staged):
        staged.project.toml('+[environments.twin.publish]\non = ["tag:v*"]\n')
        said = staged.project.run("promote", "--from", "twin", "--to", "production", "--tag", "1")
        assert said.code == 2
        assert "`app` has the same `repositories` in both" in said.stderr
