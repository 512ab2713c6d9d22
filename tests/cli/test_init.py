"""`polyarch init`, and `plan --compare-workflow`: what is written, told and refused."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.ci.importing.draft import Draft, DraftImage
from polyarch.ci.importing.draft_text import draft_text
from polyarch.config.load import load_text
from polyarch.errors import PolyarchError
from polyarch.pipeline.init import InitRequest, from_workflow
from tests.support.tiny_project import TinyProject

WORKFLOW = """\
name: images
on:
  push:
    branches: [main]
    tags: ['v*']
  pull_request:
env:
  REGISTRY: ghcr.io
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/login-action@v3
        with:
          registry: ${{ env.REGISTRY }}
          username: ${{ github.actor }}
          password: ${{ secrets.GITHUB_TOKEN }}
      - uses: docker/metadata-action@v5
        id: meta
        with:
          images: ${{ env.REGISTRY }}/${{ github.repository }}
          tags: |
            type=ref,event=branch
            type=semver,pattern={{version}}
            type=raw,value=edge,enable=${{ github.ref == 'refs/heads/main' }}
      - uses: docker/build-push-action@v6
        with:
          context: .
          platforms: linux/amd64,linux/arm64
          push: ${{ github.event_name != 'pull_request' }}
          tags: ${{ steps.meta.outputs.tags }}
          build-args: |
            COMMIT=${{ github.sha }}
            VERSION=${{ steps.meta.outputs.version }}
            NUMBER=${{ github.run_number }}
            TOKEN=${{ secrets.NPM }}
          secrets: |
            npm=${{ secrets.NPM_TOKEN }}
          cache-from: type=gha
          cache-to: type=gha,mode=max
"""
FILES = {".github/workflows/images.yml": WORKFLOW, "Dockerfile": "FROM alpine\nRUN true\n"}
NAME = ".github/workflows/images.yml"


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    made = TinyProject.make(tmp_path / "app", FILES)
    made.git("remote", "add", "origin", "https://github.com/Team/App.git")
    return made


def told(document: dict[str, Any], kind: str) -> list[tuple[int, str]]:
    return [
        (each["line"], each["code"] or each["what"])
        for each in document["told"]
        if each["kind"] == kind
    ]


def test_a_workflow_becomes_a_file_that_gives_the_same_tags(project: TinyProject) -> None:
    said = project.run("init", "--from-workflow", NAME, "--default-branch", "main", "--json")
    assert said.code == 0, said
    file = project.root / "polyarch.toml"
    assert said.document["file"] == str(file)
    assert said.document["images"] == ["app"]
    image = load_text(file.read_text()).images["app"]
    assert [str(each) for each in image.repositories] == ["ghcr.io/team/app"]
    assert [str(each) for each in image.platforms] == ["linux/amd64", "linux/arm64"]
    assert image.tags == (
        "type=ref,event=branch",
        "type=semver,pattern={{version}}",
        "type=raw,value=edge,enable={{is_default_branch}}",
    )
    assert image.build_args == {"COMMIT": "{{revision}}", "VERSION": "{{version}}"}
    assert image.secrets == ("id=npm,env=NPM_TOKEN",)
    assert image.cache == "gha"
    assert told(said.document, "left") == [
        (36, "build-args: NUMBER=${{ github.run_number }}"),
        (37, "build-args: TOKEN=${{ secrets.NPM }}"),
    ]
    codes = {code for _, code in told(said.document, "trap")}
    assert {"login-on-forks", "no-packages-write", "unpinned-action", "PA602"} <= codes

    same = project.run("plan", "--compare-workflow", NAME, "--json")
    assert same.code == 0, same
    assert same.document["schema"] == "polyarch.comparison/v1"
    rows = {row["title"]: row for row in same.document["events"]}
    assert rows["tag v1.2.3"]["both"] == ["ghcr.io/team/app:1.2.3", "ghcr.io/team/app:latest"]
    assert rows["push to main"]["both"] == ["ghcr.io/team/app:edge", "ghcr.io/team/app:main"]
    assert rows["pull request"]["note"] == "nothing is published"
    assert rows["schedule"]["note"] == "the workflow does not start"


def test_other_tags_end_with_one(project: TinyProject) -> None:
    project.run("init", "--from-workflow", NAME, "--default-branch", "main")
    file = project.root / "polyarch.toml"
    file.write_text(file.read_text().replace("value=edge", "value=newest"))
    said = project.run("plan", "--compare-workflow", NAME, "--json")
    assert said.code == 1
    (row,) = [row for row in said.document["events"] if not row["same"]]
    assert row["workflow_only"] == ["ghcr.io/team/app:edge"]
    assert row["polyarch_only"] == ["ghcr.io/team/app:newest"]
    table = project.run("plan", "--compare-workflow", NAME)
    assert table.code == 1
    assert "ghcr.io/team/app:newest" in table.stdout


def test_a_file_that_is_there_is_left_alone(project: TinyProject) -> None:
    project.write({"polyarch.toml": "mine\n"})
    refused = project.run("init", "--from-workflow", NAME)
    assert refused.code == 2
    assert "--force" in refused.stderr
    shown = project.run("init", "--from-workflow", NAME, "--stdout", "--quiet")
    assert shown.code == 0
    assert shown.stdout.startswith("# Made from images.yml.")
    assert (project.root / "polyarch.toml").read_text() == "mine\n"
    assert project.run("init", "--from-workflow", NAME, "--force").code == 0
    assert load_text((project.root / "polyarch.toml").read_text()).images


def test_a_folder_tells_of_dockerfiles_compose_and_bake_files(tmp_path: Path) -> None:
    compose = (
        "services:\n  api:\n    build:\n      context: api\n      args: {A: '1', B: '${KEY}'}\n"
    )
    bake = (
        'group "default" { targets = ["web"] }\n'
        'target "_all" { platforms = ["linux/arm64"] }\n'
        'target "web" {\n  inherits = ["_all"]\n  context = "web"\n  target = "out"\n'
        '  args = { C = "2" }\n  tags = ["ghcr.io/team/site:1"]\n}\n'
    )
    files = dict.fromkeys(("api/Dockerfile", "web/Dockerfile", "Dockerfile.job"), "FROM scratch\n")
    files |= {"compose.yaml": compose, "docker-bake.hcl": bake, ".env": "KEY=hidden\n"}
    project = TinyProject.make(tmp_path / "all", files)
    said = project.run("init", "--json")
    assert said.code == 0, said
    assert "hidden" not in said.stdout + said.stderr
    images = load_text(said.document["text"]).images
    assert list(images) == ["site", "api", "job"]
    assert images["site"].target == "out"
    assert images["site"].build_args == {"C": "2"}
    assert images["api"].build_args == {"A": "1"}
    assert images["job"].dockerfile == "Dockerfile.job"

    alone = project.run("init", "--from-bake", "docker-bake.hcl", "--stdout", "--quiet")
    (site,) = load_text(alone.stdout).images.values()
    assert site.tags == ("type=raw,value=1",)
    assert [str(each) for each in site.platforms] == ["linux/arm64"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("init", "--from-workflow", "nowhere.yml"), 2),
        (("init", "--from-bake", "Dockerfile"), 2),
        (("init", "--from-workflow", NAME, "--from-bake", "x"), 2),
        (("init", "--value", "novalue"), 2),
        (("init", "--repository", ""), 2),
        (("init", "--repository", "bad"), 2),
        (("init", "--repository", "/bad"), 2),
        (("init", "--repository", "https://github.com/Team/App"), 2),
        (("plan", "--compare-workflow", "nowhere.yml"), 2),
    ],
)
def test_what_cannot_be_is_refused(project: TinyProject, words: tuple[str, ...], code: int) -> None:
    said = project.run(*words)
    assert said.code == code, said
    assert said.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("init", "--json", "--from-workflow", "nowhere.yml"), "--from-workflow"),
        (("init", "--json", "--from-bake", "nowhere.hcl"), "--from-bake"),
        (("plan", "--json", "--compare-workflow", "nowhere.yml"), "--compare-workflow"),
    ],
)
def test_a_file_that_is_not_there_is_told_before_anything_else(
    project: TinyProject, words: tuple[str, ...], named: str
) -> None:
    said = project.run("init", "--from-workflow", NAME)
    assert said.code == 0
    said = project.run(*words)
    assert said.code == 2
    assert said.document["code"] == "stack-unreadable"
    assert "nowhere" in said.document["message"]
    assert f"`{named} " in said.document["hint"]
    assert "compose" not in said.document["hint"]


def test_a_remote_is_seen_before_anything_is_committed(tmp_path: Path) -> None:
    project = TinyProject.make(tmp_path / "new", {"Dockerfile": "FROM scratch\n", NAME: WORKFLOW})
    project.git("update-ref", "-d", "HEAD")
    project.git("remote", "add", "origin", "https://github.com/Acme/Repo.git")
    folder = project.run("init", "--stdout", "--quiet")
    assert "ghcr.io/acme/repo" in folder.stdout, folder
    workflow = project.run("init", "--from-workflow", NAME, "--stdout", "--quiet")
    assert 'repositories = ["ghcr.io/acme/repo"]' in workflow.stdout
    named = project.run("init", "--repository", "Else/Where", "--stdout", "--quiet")
    assert "ghcr.io/else/where" in named.stdout


UNSEEN = """\
on: push
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: 3
      - run: docker build -t team/app . && docker push team/app
"""


def test_traps_are_told_where_no_image_can_be_seen(project: TinyProject) -> None:
    project.write({NAME: UNSEEN})
    said = project.run("init", "--from-workflow", NAME)
    assert said.code == 3
    assert "images.yml:6: trap unpinned-action: `actions/checkout@v4`" in said.stderr
    assert "trap unpinned-action: `uses: 3`: no version is named" in said.stderr
    assert "3@" not in said.stderr
    assert "error: no image can be seen" in said.stderr
    assert not (project.root / "polyarch.toml").exists()


def test_many_lines_of_one_trap_are_counted(project: TinyProject) -> None:
    more = "      - uses: actions/checkout@v4\n" * 9
    project.write({NAME: UNSEEN + more})
    said = project.run("init", "--from-workflow", NAME)
    assert "(also in lines 9, 10, 11, 12, 13 and 4 more)" in said.stderr


def test_an_empty_folder_has_nothing_to_write(tmp_path: Path) -> None:
    said = TinyProject.make(tmp_path / "empty", {"README": "words\n"}).run("init")
    assert said.code == 3
    assert "Dockerfile" in said.stderr


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["${{ secrets.X }}", '"', "\n[images.evil]", "'''", "{image}", "{{version}}", "a=b", "\x7f",
         "linux/amd64", "type=raw,value=x", "..", "/", "${{ github.ref }}", "{{", "}}", "#"]
    ),
)  # fmt: skip


@given(st.lists(HOSTILE, min_size=12, max_size=12))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_of_a_workflow_breaks_out_of_the_file(tmp_path: Path, words: list[str]) -> None:
    inputs = dict(
        zip(
            ("context", "file", "target", "platforms", "tags", "build-args", "labels", "secrets"),
            words,
            strict=False,
        )
    )
    inputs["push"] = "true"
    tree = {
        "on": {"push": {"branches": [words[8]], "tags": [words[9]]}},
        "env": {"A": words[10]},
        "jobs": {
            "b": {
                "runs-on": words[11],
                "steps": [
                    {"uses": "docker/build-push-action@v6", "with": {**inputs, "push": "true"}}
                ],
            }
        },
    }
    file = tmp_path / "w.yml"
    file.write_text(json.dumps(tree))
    request = InitRequest(root=tmp_path, git=None, repository="team/app", values={})
    try:
        written = from_workflow(file, request)
    except PolyarchError:
        return
    names = [image.name for image in written.draft.images]
    assert len(names) == 1
    if not any(each.what == "polyarch.toml is not complete" for each in written.draft.told):
        assert list(load_text(written.text).images) == names


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS, TEXTS)
def test_any_text_is_written_as_toml(one: str, other: str) -> None:
    image = DraftImage(
        name="app",
        keys={"platforms": ("linux/amd64",), "labels": {"k": one}, "build-args": {"A": other}},
        remarks=(one,),
    )
    text = draft_text(Draft(source=other, images=(image,)))
    app = tomllib.loads(text)["images"]["app"]
    assert app["labels"] == {"k": one}
    assert app["build-args"] == {"A": other}


def test_names_that_a_run_alone_knows_can_be_told(project: TinyProject) -> None:
    text = WORKFLOW.replace("${{ github.repository }}", "${{ vars.SPACE }}/app")
    project.write({NAME: text})
    words = ("--default-branch", "main", "--value", "vars.SPACE=team")
    left = project.run("init", "--from-workflow", NAME, "--stdout")
    assert "repositories =" not in left.stdout
    assert "vars.SPACE" in left.stderr
    assert project.run("init", "--from-workflow", NAME, *words).code == 0
    assert project.run("plan", "--compare-workflow", NAME, *words).code == 0
    unknown = project.run("plan", "--compare-workflow", NAME, *words[:2], "--json")
    assert unknown.code == 1
    assert {row["same"] for row in unknown.document["events"] if row["unknown"]} <= {None, False}
    assert project.run("plan", *words[2:]).code == 2
