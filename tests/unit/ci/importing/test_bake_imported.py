"""What is taken over of bake files, and what is told of the rest."""

from pathlib import Path

import pytest

from polyarch.ci.importing.bake_targets import bake_draft
from polyarch.ci.importing.draft import Draft, DraftImage
from polyarch.ci.importing.told import Kind
from polyarch.config.load import load_text
from polyarch.errors import NothingToImportError
from polyarch.pipeline.init import InitRequest, from_bake, from_workflow

KEYS = """\
target "app" {
  platforms = ["linux/amd64"]
  contexts = { b = "target:c", d = "docker-image://debian:12", e = "./lib" }
  secret = ["id=a,env=B", "type=file,id=f,src=k.txt", { id = "g", env = "H" }, "id=x"]
  cache-to = ["type=gha"]
  annotations = ["a=b", "index:c=d"]
  ssh = ["default"]
  network = "none"
  shm-size = "1g"
  no-cache = true
  output = ["type=registry"]
  bogus = 1
}
target "c" { platforms = ["linux/amd64"] }
"""


def left(draft: Draft) -> list[tuple[int, str]]:
    return [(each.line, each.what) for each in draft.told if each.kind is Kind.LEFT]


def images(text: str) -> dict[str, DraftImage]:
    return {each.name: each for each in bake_draft(text.encode(), "b.hcl").images}


def test_keys_are_taken_over_and_the_others_told() -> None:
    draft = bake_draft(KEYS.encode(), "b.hcl")
    keys = draft.images[0].keys
    assert keys["contexts"] == {"b": "image:c", "d": "docker-image://debian:12", "e": "lib"}
    assert keys["secrets"] == ("id=a,env=B", "id=f,src=k.txt", "id=g,env=H")
    assert keys["annotations"] == {"a": "b", "c": "d"}
    assert keys["annotation-levels"] == ("manifest", "index")
    assert (keys["ssh"], keys["network"], keys["cache"]) == (("default",), "none", "gha")
    assert left(draft) == [
        (4, "`secret = id=x` of target `app`"),
        (9, "`shm-size = 1g` of target `app`"),
        (10, "`no-cache = true` of target `app`"),
        (12, "`bogus = 1` of target `app`"),
    ]


def test_a_dockerfile_in_the_file_is_told_and_nothing_else_is_built() -> None:
    text = 'target "a" {\n  dockerfile-inline = "FROM x"\n  platforms = ["linux/amd64"]\n}\n'
    draft = bake_draft((text + 'target "b" { contexts = { z = "target:a" } }\n').encode(), "b.hcl")
    assert draft.images == ()
    assert left(draft)[0] == (2, "`dockerfile-inline` of target `a`")
    assert (5, "target `b`") in left(draft)


def test_a_simple_matrix_gives_an_image_for_each_value(tmp_path: Path) -> None:
    text = 'target "db" {\n  matrix = { n = ["one", "two"] }\n  name = "db-${n}"\n  target = n\n}\n'
    assert {name: each.keys["target"] for name, each in images(text).items()} == {
        "one": "one",
        "two": "two",
    }
    odd = text.replace("${n}", '${replace(n, ".", "-")}')
    assert images(odd) == {}
    file = tmp_path / "b.hcl"
    file.write_text(odd)
    with pytest.raises(NothingToImportError) as caught:
        from_bake(file)
    assert "line 2, target `db`" in str(caught.value.hint)


def test_targets_that_inherit_from_each_other_are_told_so(tmp_path: Path) -> None:
    file = tmp_path / "b.hcl"
    file.write_text('target "a" { inherits = ["b"] }\ntarget "b" { inherits = ["a"] }\n')
    with pytest.raises(NothingToImportError) as caught:
        from_bake(file)
    assert "inherits from itself" in str(caught.value.hint)


def test_a_target_that_only_checks_is_no_image() -> None:
    draft = bake_draft(b'target "a" {\n  call = "check"\n}\n', "b.hcl")
    assert draft.images == ()
    assert left(draft)[-1] == (2, "`call = check` of target `a`")


def test_json_is_read_alike() -> None:
    text = '{"target": {"a": {"secret": ["id=a,env=B"], "bogus": 1, "contexts": {"x": "${Y}"}}}}'
    draft = bake_draft(text.encode(), "b.json")
    assert draft.images == ()
    assert {what for _, what in left(draft)} >= {
        "`bogus = 1` of target `a`",
        "`contexts.x` of target `a`",
    }


WORKFLOW = """\
on: {push: {branches: [main]}}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/bake-action@v6
        with: {push: true}
"""
TARGETS = """\
group "default" { targets = ["web", "api"] }
target "base" { context = "base" }
target "api" {
  platforms = ["linux/amd64"]
  tags = ["ghcr.io/team/one:1", "docker.io/team/one:1"]
  secret = ["id=a,env=B"]
  labels = { k = "v" }
  bogus = "1"
}
target "web" {
  platforms = ["linux/amd64"]
  tags = ["ghcr.io/team/two:2"]
  contexts = { api = "target:api" }
}
"""


def test_a_workflow_takes_names_tags_and_contexts_of_its_targets(tmp_path: Path) -> None:
    (tmp_path / "w.yml").write_text(WORKFLOW)
    (tmp_path / "docker-bake.hcl").write_text(TARGETS)
    request = InitRequest(
        root=tmp_path, git=None, repository="team/app", default_branch="main", values={}
    )
    written = from_workflow(tmp_path / "w.yml", request)
    made = load_text(written.text).images
    assert list(made) == ["web", "api"]
    assert [str(each) for each in made["api"].repositories] == [
        "ghcr.io/team/one",
        "docker.io/team/one",
    ]
    assert made["api"].tags == ("type=raw,value=1",)
    assert made["web"].tags == ("type=raw,value=2",)
    assert made["api"].secrets == ("id=a,env=B",)
    assert made["api"].labels == {"k": "v"}
    assert made["web"].contexts == {"api": "image:api"}
    assert (6, "docker-bake.hcl:8: `bogus = 1` of target `api`") in left(written.draft)

    alone = WORKFLOW.replace("{push: true}", "{push: true, targets: web}")
    (tmp_path / "w.yml").write_text(alone)
    with pytest.raises(NothingToImportError) as caught:
        from_workflow(tmp_path / "w.yml", request)
    assert "target:api" in str(caught.value.hint)
