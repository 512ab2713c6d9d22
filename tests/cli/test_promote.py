"""`promote` at the command line: staging and production on three registries, one like GHCR."""

from typing import Any

import pytest

from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.scope import Scope
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import check, moved
from tests.support.environments import (
    IMAGES,
    TAGS,
    Staged,
    app_of,
    retag,
    told,
)

Registries = tuple[SandboxRegistry, ...]
NOTHING: list[dict[str, Any]] = [{}, {}, {}]


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
        check(document, moved("promote"))
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


class TestSource:
    def test_each_environment_has_its_own_logins(self, staged: Staged, three: Registries):
        """Who may push to one may not even read the other."""
        staged.stage("app")
        rooms = {"staging": "reader", "team": "writer"}
        accounts = [
            Account(username=user, password=f"{user}-secret", grants=everything(f"{room}/app"))
            for room, user in rooms.items()
        ]
        for registry in three:
            registry.auth = BasicAuth(*accounts)
        text = ""
        for host in staged.hosts:
            text += f'[registries."{host}"]\nusername-env = "W"\npassword-env = "WP"\n'
            text += f'[environments.staging.registries."{host}"]\n'
            text += 'username-env = "R"\npassword-env = "RP"\n'
        staged.project.toml(f"+{text}")
        logins = {"R": "reader", "RP": "reader-secret", "W": "writer", "WP": "writer-secret"}
        said = staged.promote("app", more={**staged.event(), **logins})
        assert said.code == 0, said
        assert "secret" not in said.stdout + said.stderr

    def test_registries_that_disagree_are_not_chosen_from(self, staged: Staged, three: Registries):
        first = app_of(staged.stage("app", ref="refs/heads/main"))
        staged.project.write({"make.sh": 'echo other > "$1"\nchmod +x "$1"\n'})
        staged.project.commit("Other")
        staged.stage("app")
        retag(f"{three[1].host}/staging/app", first, "1.2.3")
        said = staged.promote("app")
        assert (said.code, said.document["code"]) == (7, "sources-disagree"), said
        assert staged.standing() == NOTHING

    def test_a_digest_is_taken_from_whoever_has_it(self, staged: Staged, three: Registries):
        """One registry of staging lets nobody read any more."""
        digest = app_of(staged.stage("app"))

        async def deny(call: Call) -> Answer | None:
            return refusal("DENIED", "not you") if call.repository == "staging/app" else None

        three[0].quirks = Quirks(on_request=deny)
        by_tag = staged.promote("app")
        assert by_tag.code == 7, by_tag
        assert staged.standing() == [{}, {}, {}]
        by_digest = staged.promote("app", "--from-tag", digest)
        assert by_digest.code == 0, by_digest
        assert staged.standing()[0]["app"]["1.2.3"] == digest

    def test_what_is_not_there_is_named(self, staged: Staged):
        said = staged.promote("app")
        assert (said.code, said.document["code"]) == (3, "not-in-source")
        assert "`1.2.3`" in said.document["message"]

    def test_one_of_a_group_that_is_not_there_keeps_the_others_where_they_are(self, staged: Staged):
        staged.stage("app", "bot")
        said = staged.promote("@all")
        assert (said.code, said.document["code"]) == (3, "not-in-source")
        assert "`web`" in said.document["message"]
        assert staged.standing() == [{}, {}, {}]

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


def everything(repository: str) -> tuple[Scope, ...]:
    return (Scope(name=repository, actions=frozenset({"pull", "push"})),)


class TestWhereNothingCanGo:
    """Said before anything is asked for."""

    @pytest.mark.parametrize("words", [(), ("--tag", "1.2.3"), ("web", "app")])
    def test_an_environment_without_repositories(self, staged: Staged, words: tuple[str, ...]):
        text = (staged.project.root / "polyarch.toml").read_text()
        nowhere = "[environments.empty]\nrepositories = []\n"
        staged.project.toml(text + nowhere)
        said = staged.project.run(
            "promote", "--json", "--from", "staging", "--to", "empty", *words, more=staged.event()
        )
        assert (said.code, said.document["code"]) == (2, "no-target"), said
        for word in ("`app`", "`web`", "`empty`"):
            assert word in said.document["message"]

    def test_one_of_several_is_left_out_unless_it_is_named(self, staged: Staged):
        text = (staged.project.root / "polyarch.toml").read_text()
        staged.project.toml(text.replace("[images.web]\n", "[images.web]\nrepositories = []\n"))
        staged.project.commit("The web stays")
        staged.stage()
        assert staged.promote("web").code == 2
        said = staged.promote()
        assert said.code == 0, said
        assert [sorted(each) for each in staged.standing()] == [["app", "bot"]] * 3
        assert "it has no `repositories` there" in said.stdout

    def test_the_same_environment_is_told_before_an_event_is_missed(self, staged: Staged):
        words = ("promote", "--json", "--from", "staging", "--to", "staging")
        said = staged.project.run(*words, more={})
        assert (said.code, said.document["code"]) == (2, "same-environment"), said

    @pytest.mark.parametrize(("age", "told"), [("0s", "more than nothing"), ("soon", "no length")])
    def test_how_old_a_proof_may_be(self, staged: Staged, age: str, told: str):
        said = staged.promote("--proof-max-age", age)
        assert said.code == 2, said
        assert told in said.document["message"]
        assert "`7d`" in said.document["message"]
