"""What is taken over of bake files, and what is told of the rest."""

from pathlib import Path

import pytest

from polyarch.ci.importing.bake_targets import bake_draft
from polyarch.ci.importing.draft import Draft, DraftImage
from polyarch.ci.importing.told import Kind
from polyarch.errors import NothingToImportError
from polyarch.pipeline.init import from_bake

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
    assert "line 2, target `db`" in caught.value.hint


def test_targets_that_inherit_from_each_other_are_told_so(tmp_path: Path) -> None:
    file = tmp_path / "b.hcl"
    file.write_text('target "a" { inherits = ["b"] }\ntarget "b" { inherits = ["a"] }\n')
    with pytest.raises(NothingToImportError) as caught:
        from_bake(file)
    assert "inherits from itself" in caught.value.hint


def test_json_is_read_alike() -> None:
    text = '{"target": {"a": {"secret": ["id=a,env=B"], "bogus": 1, "contexts": {"x": "${Y}"}}}}'
    draft = bake_draft(text.encode(), "b.json")
    assert draft.images == ()
    assert {what for _, what in left(draft)} >= {
        "`bogus = 1` of target `a`",
        "`contexts.x` of target `a`",
    }
