"""Which tags an image gets that is promoted, which of them may move, and who may ask for it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from polyarch.oci.digest import Digest
from polyarch.registry.repository import RemoteRepository
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.hold import Hold, push_hold
from tests.support.environments import (
    TAGS,
    Staged,
    app_of,
    on,
    retag,
    told,
)
from tests.support.tiny_project import github

Registries = tuple[SandboxRegistry, ...]
NOTHING: list[dict[str, Any]] = [{}, {}, {}]


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

    @pytest.mark.parametrize("said", [True, False])
    def test_tags_that_name_a_commit_go_to_no_other(self, staged: Staged, said: bool):
        """Else the right publish of that commit would be refused afterwards."""
        text = (staged.project.root / "polyarch.toml").read_text()
        rules = '"type=sha",\n  "type=raw,value={{sha}}-{{tag}}",\n  "type=ref,event=branch"'
        text = text.replace('"type=ref,event=branch"', rules)
        if not said:
            label = (
                'annotation-levels = []\nlabels = { "org.opencontainers.image.revision" = "" }\n'
            )
            text = text.replace("[images.app]\n", f"[images.app]\n{label}")
        staged.project.toml(text)
        staged.project.commit("Tags of commits")
        older = staged.project.git("rev-parse", "HEAD").strip()
        digest = app_of(staged.stage("app"))
        staged.project.commit("Another")
        newer = staged.project.git("rev-parse", "HEAD").strip()
        done = staged.promote("app", "--from-tag", "1.2.3")
        assert done.code == 0, done
        assert staged.standing() == [{"app": dict.fromkeys(TAGS, digest)}] * 3
        [note] = [each for each in done.document["images"][0]["notes"] if "not given" in each]
        assert (older[:12] in note) is said
        assert newer[:12] in note
        assert f"`sha-{newer[:7]}`" in note
        assert f"`{newer[:7]}-v1.2.3`" in note

    def test_where_all_tags_name_a_commit_nothing_moves(self, staged: Staged):
        text = (staged.project.root / "polyarch.toml").read_text()
        only = text.replace("[images.app]\n", '[images.app]\ntags = ["type=sha"]\n')
        staged.project.toml(only)
        staged.project.commit("Tags of commits alone")
        digest = app_of(staged.stage("app"))
        assert staged.promote("app", "--from-tag", digest, "--dry-run").document["reason"] != ""
        staged.project.commit("Another")
        said = staged.promote("app", "--from-tag", digest)
        assert said.code == 0, said
        assert "all of its tags name that" in said.document["reason"]
        assert staged.standing() == NOTHING

    def test_an_index_that_does_not_name_its_commit_is_asked_by_its_images(self, staged: Staged):
        text = (staged.project.root / "polyarch.toml").read_text()
        level = 'annotation-levels = ["manifest"]'
        staged.project.toml(text.replace("[images.app]\n", f"[images.app]\n{level}\n"))
        staged.project.commit("No annotations")
        staged.stage("app")
        assert staged.promote("app", "--dry-run").code == 0
        staged.project.commit("Another")
        said = staged.promote("app")
        assert (said.code, said.document["code"]) == (7, "other-commit"), said

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

    def test_what_was_rolled_back_waits_for_something_newer(self, staged: Staged):
        first = app_of(staged.stage("app"))
        assert staged.promote("app").code == 0
        staged.project.write({"make.sh": 'echo newer > "$1"\nchmod +x "$1"\n'})
        staged.project.commit("Newer")
        newer = app_of(staged.stage("app", ref="refs/tags/v1.2.4"))
        event = staged.event("refs/tags/v1.2.4")
        assert staged.promote("app", more=event).code == 0
        hold = Hold(
            tag="latest",
            digest=Digest.parse(newer),
            time=datetime(2026, 1, 2, tzinfo=UTC),
            version="1.2.4",
            who="octo",
        )
        for host in staged.hosts:
            team = f"{host}/team/app"
            retag(team, first, "latest")
            on(team, lambda remote: put_back(remote, hold, first))
        again = staged.promote("app", more=event)
        assert told(again) == [{"1.2.4": "unchanged", "1.2": "unchanged", "latest": "kept"}] * 3
        assert "it was put back from 1.2.4 by octo" in again.stderr + again.stdout
        lift = f"polyarch tag {staged.hosts[0]}/team/app:1.2.4 latest --everywhere\n"
        assert again.stderr.count(lift) == 1

    def test_tags_of_single_platforms_go_along(self, staged: Staged):
        text = (staged.project.root / "polyarch.toml").read_text()
        alias = 'alias-tags = ["{{version}}-{arch}"]'
        staged.project.toml(text.replace("[images.app]\n", f"[images.app]\n{alias}\n"))
        staged.project.commit("Aliases")
        published = staged.stage("app")
        said = staged.promote("app")
        assert said.code == 0, said
        images = {each["platform"]: each["digest"] for each in published["images"][0]["platforms"]}
        for tags in staged.standing():
            assert tags["app"]["1.2.3-s390x"] == images["linux/s390x"]

    def test_the_checked_out_tag_of_a_laptop(self, staged: Staged):
        digest = app_of(staged.stage("app"))
        staged.project.git("tag", "v1.2.3")
        staged.project.push()
        staged.project.git("push", "--quiet", "--tags", "origin")
        staged.project.git("checkout", "--quiet", "v1.2.3")
        said = staged.promote("app", "--allow-local", more={})
        assert said.code == 0, said
        assert staged.standing()[2]["app"]["1.2.3"] == digest

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


async def put_back(remote: RemoteRepository, hold: Hold, to: str) -> None:
    root = await remote.get_manifest(Digest.parse(to))
    await push_hold(remote, hold.to_manifest(root.descriptor))
