"""A job that watches what is published: at its own time, alone, with logins that only read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyarch.ci.pipelines.github import github_tree
from polyarch.ci.pipelines.github_permissions import github_permissions
from polyarch.ci.pipelines.gitlab import gitlab_tree
from polyarch.ci.pipelines.logins import GITHUB, GITLAB, Home
from polyarch.ci.pipelines.pins import SHIPPED
from polyarch.ci.pipelines.runners import GITHUB as HOSTED
from polyarch.ci.pipelines.shape import Pipeline, Wishes, shape
from polyarch.ci.pipelines.triggers import Triggers
from polyarch.config.load import load_text
from polyarch.config.toml import toml_value
from polyarch.errors import ConfigError

AT = "41 5 * * *"
PROJECT = """\
[images.app]
platforms = ["linux/amd64"]
repositories = ["team/app", "ghcr.io/team/app", "registry.example.com/team/app"]
[publish]
on = ["branch:main", "schedule"]
[registries."registry.example.com"]
username-env = "THE_USER"
password-env = "THE_PASSWORD"
[triggers]
schedule = ["17 3 * * *"]
"""
WATCHING = PROJECT + f'watch = "{AT}"\n'
IS_WATCH = f"github.event_name == 'schedule' && github.event.schedule == '{AT}'"


def made(text: str = WATCHING, home: Home = GITHUB, **wishes: Any) -> Pipeline:
    return shape(load_text(text), Wishes(install="i", **wishes), hosted=HOSTED, home=home)


def workflow(pipeline: Pipeline) -> Mapping[str, Any]:
    return github_tree(pipeline, SHIPPED)


def jobs(pipeline: Pipeline) -> Mapping[str, Any]:
    found: Mapping[str, Any] = workflow(pipeline)["jobs"]
    return found


def variables(job: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for step in job["steps"] for key, value in step.get("env", {}).items()}


@pytest.mark.parametrize("single", [False, True], ids=["jobs", "single"])
def test_every_run_does_one_or_the_other(single: bool) -> None:
    tree = workflow(made(single=single))
    every = jobs(made(single=single))
    assert every["watch"]["if"] == f"${{{{ {IS_WATCH} }}}}"
    others = [job for name, job in every.items() if name != "watch"]
    assert others
    assert all(f"!({IS_WATCH})" in job["if"] for job in others)
    assert "needs" not in every["watch"]
    assert tree["on"]["schedule"] == [{"cron": "17 3 * * *"}, {"cron": AT}]
    group = tree["concurrency"]["group"]
    assert f"{IS_WATCH} && 'watch'" in str(group)


def test_without_a_time_nothing_watches() -> None:
    pipeline = made(PROJECT)
    assert "watch" not in jobs(pipeline)
    assert "watch" not in github_permissions(pipeline)
    assert not [job for job in jobs(pipeline).values() if "event.schedule" in job.get("if", "")]
    assert "watch" not in gitlab_tree(made(PROJECT, GITLAB))
    assert not pipeline.watching
    assert not Triggers.rehearsal("main").watch


def test_the_logins_only_read() -> None:
    pipeline = made(WATCHING)
    found = variables(jobs(pipeline)["watch"])
    assert found["THE_PASSWORD"] == "${{ secrets.PULL_THE_PASSWORD }}"
    assert found["THE_USER"] == "${{ vars.PULL_THE_USER || secrets.PULL_THE_USER }}"
    assert found["POLYARCH_GHCR_IO_PASSWORD"] == "${{ github.token }}"
    assert found["POLYARCH_LOGINS"] == "optional"
    assert "POLYARCH_NOTIFY" not in found
    assert github_permissions(pipeline)["watch"] == {"contents": "read", "packages": "read"}
    publishing = set(re.findall(r"secrets\.(\w+)", str(variables(jobs(pipeline)["publish"]))))
    watching = set(re.findall(r"secrets\.(\w+)", str(found)))
    assert publishing & watching == set()
    assert "POLYARCH_NOTIFY_URLS" in watching


def test_records_have_to_be_written() -> None:
    own = made(WATCHING + '[runs]\nstore = "ghcr.io/team/runs"\n')
    assert github_permissions(own)["watch"]["packages"] == "write"
    other = made(WATCHING + '[runs]\nstore = "registry.example.com/team/runs"\n')
    found = variables(jobs(other)["watch"])
    assert found["THE_PASSWORD"] == "${{ secrets.THE_PASSWORD }}"
    assert github_permissions(other)["watch"]["packages"] == "read"


def test_gitlab() -> None:
    tree: Mapping[str, Any] = gitlab_tree(made(WATCHING, GITLAB))
    watch = tree["watch"]
    [rule] = watch["rules"]
    assert "POLYARCH_WATCH" in rule["if"]
    assert watch["environment"] == {"name": "watch", "action": "access"}
    assert watch["script"][-1] == "exec polyarch watch"
    for name in ("build-linux-amd64", "publish", "notify"):
        assert {"if": rule["if"], "when": "never"} in tree[name]["rules"]
    assert not any(each.stored for each in made(WATCHING, GITLAB).watching)
    alone = PROJECT.replace('schedule = ["17 3 * * *"]', "").replace(', "schedule"', "")
    rules = gitlab_tree(made(f'{alone}watch = "{AT}"\n', GITLAB))["workflow"]
    assert rule["if"] in str(rules).replace("\\", "")


def scripts(tree: object) -> Iterator[object]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from [value] if key in {"run", "script"} else scripts(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from scripts(each)


@given(st.text(alphabet="0*'${}&|; )(\"\n#aL/,-") | st.text())
@example("0 0 * * ' || true || '")
def test_a_time_is_refused_or_harmless(time: str) -> None:
    text = f"{PROJECT}watch = {toml_value(time)}\n"
    try:
        pipeline = made(text)
    except ConfigError:
        return
    tree = github_tree(pipeline, SHIPPED)
    assert list(scripts(tree)) == list(scripts(github_tree(made(), SHIPPED)))
    assert jobs(pipeline)["watch"]["if"].count("'") == 4
