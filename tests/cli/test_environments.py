"""Environments: other repositories, logins and events, by one word on the command line."""

import json
from collections.abc import Iterator

import click
import pytest
from click.shell_completion import CompletionItem

from polyarch.cli.app import app
from polyarch.cli.projects import complete_environments
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.documents import PLAN, check
from tests.support.tiny_project import Said, TinyProject, github

STAGING = """
[environments.staging]
repositories = ["{host}/staging/{{image}}"]
[environments.staging.publish]
on = ["branch:next"]
[environments.staging.registries."{host}"]
username-env = "STAGING_USER"
password-env = "STAGING_PASSWORD"
"""
LOGGED_IN = Account(username="tester", password="s3cret-of-staging")
LOGIN = {"STAGING_USER": LOGGED_IN.username, "STAGING_PASSWORD": LOGGED_IN.password}


def commands(group: click.Command = app, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every verb with its path."""
    if not isinstance(group, click.Group):
        yield path.strip(), group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found
        yield from commands(found, f"{path} {name}")


WITHOUT_CONFIG = frozenset({"completion", "init", "schema"})


def test_every_verb_that_reads_the_config_takes_one():
    for path, command in commands():
        if path in WITHOUT_CONFIG:
            continue
        options = {option.name: option for option in command.params}
        chosen = "environment" in options or {"source", "target"} <= set(options)
        assert ("config_file" in options) == chosen, path
        if named := options.get("environment"):
            assert named._custom_shell_complete is complete_environments, path


@pytest.fixture
def staged(published: TinyProject) -> Iterator[tuple[TinyProject, SandboxRegistry]]:
    """The project with an environment whose registry wants a login of its own."""
    with running(registry := SandboxRegistry(auth=BasicAuth(LOGGED_IN))):
        published.toml("+" + STAGING.format(host=registry.host))
        published.commit("Stage")
        yield published, registry


def publish(project: TinyProject, *words: str, ref: str = "refs/heads/main") -> Said:
    sha = project.git("rev-parse", "HEAD")
    return project.run("publish", "--json", *words, more={**LOGIN, **github("push", ref, sha)})


def places(said: Said) -> set[str]:
    assert said.code == 0, said
    return {
        destination["repository"].partition("/")[2]
        for image in said.document["images"]
        for destination in image["destinations"]
    }


def test_plan_says_where_it_would_go(staged: tuple[TinyProject, SandboxRegistry]):
    project, registry = staged
    for words, expected in (
        ((), "production"),
        (("--env", "production"), "production"),
        (("--env", "staging"), "staging"),
    ):
        said = project.run("plan", "--offline", "--json", *words)
        check(said.document, PLAN)
        assert said.document["environment"] == expected
        path = "staging/app" if expected == "staging" else "team/app"
        assert places(said) == {path}
        table = project.run("plan", "--offline", *words).stdout
        assert f", environment {expected}\n" in table
        assert (registry.host in table) == (expected == "staging")


def test_what_it_says_to_run_next_stays_in_the_environment(
    staged: tuple[TinyProject, SandboxRegistry],
):
    """Or who does as told publishes to production."""
    project, _ = staged
    said = project.run("plan", "--offline", "--env", "staging").stdout
    assert "run `polyarch publish --env staging --allow-local`" in " ".join(said.split())
    outside = project.run("plan", "--offline").stdout
    assert "run `polyarch publish --allow-local`" in " ".join(outside.split())


def test_a_project_without_environments_has_no_word_of_them(project: TinyProject):
    assert project.run("plan", "--offline", "--json").document["environment"] is None
    assert "environment" not in project.run("plan", "--offline").stdout
    named = project.run("plan", "--offline", "--json", "--env", "production")
    assert (named.code, named.document["environment"]) == (0, None)


def test_a_table_called_production_is_that(project: TinyProject):
    project.toml('+\n[environments.production]\nrepositories = ["ghcr.io/prod/{image}"]\n')
    said = project.run("plan", "--offline", "--json", "--env", "production")
    assert (places(said), said.document["environment"]) == ({"prod/app"}, "production")
    outside = project.run("plan", "--offline", "--json")
    assert outside.document["environment"] is None


def test_an_environment_has_its_own_events_repositories_and_logins(
    staged: tuple[TinyProject, SandboxRegistry],
):
    project, registry = staged
    nothing = publish(project, "--env", "staging")
    assert nothing.code == 0
    assert nothing.document["images"][0]["destinations"] == [] or all(
        each["status"] == "skipped" for each in nothing.document["images"][0]["destinations"]
    )
    assert project.run("inspect", f"{registry.host}/staging/app:main", more=LOGIN).code != 0
    done = publish(project, "--env", "staging", ref="refs/heads/next")
    assert places(done) == {"staging/app"}
    assert done.document["images"][0]["destinations"][0]["status"] == "published"
    assert "s3cret-of-staging" not in done.stdout + done.stderr
    there = project.run(
        "inspect", "--json", "--env", "staging", f"{registry.host}/staging/app:next", more=LOGIN
    )
    assert there.document["digest"] == done.document["images"][0]["digest"]


def test_runs_are_told_apart_and_production_is_one_place(
    staged: tuple[TinyProject, SandboxRegistry],
):
    project, _ = staged
    for words, ref in (
        (("--env", "staging"), "refs/heads/next"),
        ((), "refs/heads/main"),
        (("--env", "production"), "refs/heads/main"),
    ):
        assert publish(project, *words, ref=ref).code == 0
    records = [json.loads((run / "run.json").read_text()) for run in project.runs]
    assert [each.get("environment") or "" for each in records] == ["staging", "", ""]
    ids = [run.name for run in reversed(project.runs)]
    for words, expected in (
        ((), ids),
        (("--env", "staging"), ids[2:]),
        (("--env", "production"), ids[:2]),
    ):
        said = project.run("runs", *words, "--json")
        assert [run["id"] for run in said.document["runs"]] == expected
    table = project.run("runs").stdout.splitlines()
    assert "environment" in table[0]
    assert [" staging " in line for line in table[2:]] == [False, False, True]
    assert "environment" not in project.run("runs", "--env", "production").stdout


def completed(project: TinyProject, begun: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(project.root)
    found = complete_environments(click.Context(app), app.params[0], begun)
    assert all(isinstance(each, CompletionItem) for each in found)
    return [each.value for each in found]


def test_their_names_are_completed(
    staged: tuple[TinyProject, SandboxRegistry], monkeypatch: pytest.MonkeyPatch
):
    project, _ = staged
    assert completed(project, "", monkeypatch) == ["staging", "production"]
    assert completed(project, "st", monkeypatch) == ["staging"]
    project.toml("no toml")
    assert completed(project, "", monkeypatch) == []


def test_the_shell_completes_them(staged: tuple[TinyProject, SandboxRegistry]):
    project, _ = staged
    asked = {
        "_POLYARCH_COMPLETE": "bash_complete",
        "COMP_WORDS": "polyarch plan --env s",
        "COMP_CWORD": "3",
    }
    said = project.process(more=asked)
    assert said.stdout.split() == ["plain,staging"], said
