"""No value of a config, however hostile, gets into a script, an expression or another key."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from polyarch.ci.pipelines.github import github_tree, github_workflow
from polyarch.ci.pipelines.gitlab import gitlab_pipeline, gitlab_tree
from polyarch.ci.pipelines.head import AGAIN
from polyarch.ci.pipelines.logins import GITHUB as GITHUB_HOME
from polyarch.ci.pipelines.pins import SHIPPED
from polyarch.ci.pipelines.runners import GITHUB
from polyarch.ci.pipelines.shape import Pipeline, Wishes, shape
from polyarch.ci.pipelines.triggers import Pattern
from polyarch.config.load import load_text
from polyarch.errors import ConfigError

EVIL = st.one_of(
    st.text(),
    st.text(alphabet="ab${} '\"\\\n\r\t;|&`()#:-[]!*?,%@<>\u2028\x85"),
    st.sampled_from(
        [
            "${{ secrets.A }}",
            "a\n  evil: true",
            '"; curl x | sh #',
            "$(id)",
            "`id`",
            "${{ '${{' }}",
            "]\nrun: id",
            "\u2028- run: id",
            "*x",
            "!!python/object:a",
        ]
    ),
)
BENIGN = "benign"
PROJECT = """\
[images.app]
platforms = ["linux/amd64", "linux/arm/v7", "linux/riscv64"]
repositories = ["team/app", "ghcr.io/team/app", "registry.example.com/team/app"]
secrets = ["id=npm,env=NPM_TOKEN"]
[registries."registry.example.com"]
username-env = "THE_USER"
password-env = "THE_PASSWORD"
"""
WISHES = Wishes(install="pipx install polyarch", command="polyarch ci github")
USUAL = shape(load_text(PROJECT), WISHES, hosted=GITHUB, home=GITHUB_HOME)
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
ESCAPED = "${{ '${{' }}"


def hostile(values: Sequence[str], *, single: bool) -> Pipeline:
    """The usual pipeline with texts in places where the config's own forms stand in the way."""
    a, b, c, d = values
    return replace(
        USUAL,
        file=a,
        environment=b,
        stage_to=c,
        single=single,
        command=f"polyarch ci github {d}",
        triggers=replace(
            USUAL.triggers,
            branches=(Pattern(text=a), Pattern(text=b, raw=True)),
            tags=(Pattern(text=c),),
            schedule=(d,),
        ),
    )


def scripts(tree: object) -> Iterator[str]:
    """What a shell gets."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if key in {"run", "script", "before_script", "after_script"}:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from scripts(each)


def shaped(tree: object) -> object:
    """Keys and lists without the texts in them."""
    if isinstance(tree, Mapping):
        return {key: shaped(value) for key, value in tree.items()}
    return [shaped(each) for each in tree] if isinstance(tree, list) else type(tree)


def expressions(tree: object) -> list[str]:
    """What GitHub would work out, but for the way in which a text is told that looks like one."""
    if isinstance(tree, Mapping):
        return [found for value in tree.values() for found in expressions(value)]
    if isinstance(tree, list):
        return [found for each in tree for found in expressions(each)]
    text = str(tree).replace(ESCAPED, "") if isinstance(tree, str) else ""
    return EXPRESSION.findall(text)


def read(text: str) -> dict[str, object]:
    found: dict[str, object] = YAML(typ="safe", pure=True).load(text)
    return found


FOUR = st.tuples(EVIL, EVIL, EVIL, EVIL).filter(all)
SOME = (BENIGN, BENIGN, BENIGN, BENIGN)


@given(FOUR, st.booleans())
@example(("${{ secrets.A }}",) * 4, False)
@example(("x\n    steps: []", "'", '"', "\\"), True)
def test_github(values: tuple[str, str, str, str], single: bool):
    evil, good = hostile(values, single=single), hostile(SOME, single=single)
    text = github_workflow(evil, SHIPPED)
    tree, usual = read(text), read(github_workflow(good, SHIPPED))
    assert list(scripts(tree)) == list(scripts(usual))
    assert not any("${{" in script for script in scripts(tree))
    assert shaped(tree) == shaped(usual)
    assert expressions(tree) == expressions(usual)
    assert sum(line.startswith("#") for line in text.splitlines()) == 3


@given(FOUR, st.booleans())
@example(("$(id)", "${CI_JOB_TOKEN}", "x", "y"), False)
def test_gitlab(values: tuple[str, str, str, str], single: bool):
    evil, good = hostile(values, single=single), hostile(SOME, single=single)
    tree, usual = read(gitlab_pipeline(evil, {})), read(gitlab_pipeline(good, {}))
    assert list(scripts(tree)) == list(scripts(usual))
    assert shaped(tree) == shaped(usual)


@given(FOUR)
def test_what_is_written_is_what_was_meant(values: tuple[str, str, str, str]):
    pipeline = hostile(values, single=False)
    noted = read(github_workflow(pipeline, SHIPPED))
    meant = github_tree(pipeline, SHIPPED)
    assert noted.keys() == meant.keys()
    assert noted["on"] == meant["on"]
    assert read(gitlab_pipeline(pipeline, {})) == gitlab_tree(pipeline)


@given(st.text().filter(str.strip), st.text())
def test_the_head_is_comments(file: str, command: str):
    text = github_workflow(replace(USUAL, file=file, command=command), SHIPPED)
    head = text[: text.index("\n\n")].splitlines()
    assert len(head) == 3
    assert all(line.startswith("# ") for line in head)
    assert head[1].startswith(AGAIN)


@given(
    st.dictionaries(
        st.sampled_from(
            ["branches", "tags", "schedule", "on", "runner", "username-env", "secret", "stage-to"]
        ),
        EVIL,
        min_size=1,
    )
)
def test_a_whole_config_is_refused_or_harmless(values: dict[str, str]):
    """Through the forms of polyarch.toml: what they let pass changes no script."""
    from polyarch.config.toml import toml_value

    said = {key: toml_value(value) for key, value in values.items()}
    lists = "".join(
        f"{key} = [{said[key]}]\n" for key in ("branches", "tags", "schedule") if key in said
    )
    on = values.get("on")
    text = PROJECT.replace('"THE_USER"', said.get("username-env", '"THE_USER"'))
    text = text.replace('"id=npm,env=NPM_TOKEN"', said.get("secret", '"id=npm,env=NPM_TOKEN"'))
    text += f"[triggers]\n{lists}"
    text += f"[publish]\non = [{toml_value(f'branch:{on}') if on else ''}]\n"
    text += (
        f"stage-to = {said['stage-to']}\n" if "stage-to" in said else 'stage-to = "team/stage"\n'
    )
    text += f'[runners]\n"linux/amd64" = {said["runner"]}\n' if "runner" in said else ""
    try:
        project = load_text(text)
    except ConfigError:
        return
    pipeline = shape(project, WISHES, hosted=GITHUB, home=GITHUB_HOME)
    usual = shape(
        load_text(PROJECT + '[publish]\nstage-to = "team/stage"\n'),
        WISHES,
        hosted=GITHUB,
        home=GITHUB_HOME,
    )
    tree = read(github_workflow(pipeline, SHIPPED))
    assert list(scripts(tree)) == list(scripts(read(github_workflow(usual, SHIPPED))))
    names = re.compile(r"\$\{\{ [^{}]* \}\}")
    assert all(names.fullmatch(each) for each in expressions(tree))


@pytest.mark.parametrize("single", [False, True])
def test_no_expression_stands_in_a_script(single: bool):
    found = list(scripts(github_tree(replace(USUAL, single=single), SHIPPED)))
    assert found
    assert not any("${{" in each for each in found)
