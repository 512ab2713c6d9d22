"""Layers that change apart: which file goes where, and which digests stay."""

import io
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.layer import Entry, File, Folder, Link, write_layer
from polyarch.engines.split import Placed, split
from polyarch.errors import LaidFileError
from polyarch.oci.digest import Digest

CREATED = 1_700_000_000


@pytest.fixture
def file(tmp_path):
    def make(path: str, text: str = "x") -> File:
        source = tmp_path / path.replace("/", "-")
        source.write_text(text)
        return File(path=PurePosixPath(path), source=source, mode=0o644)

    return make


def shown(*placed: Placed) -> dict[str, list[str]]:
    return {each.name: [str(e.path) for e in each.entries] for each in split(placed, where="k")}


def digests(*placed: Placed, created: int = CREATED) -> dict[str, Digest]:
    return {
        each.name: write_layer(
            each.entries, io.BytesIO(), created=each.time(created), where="k"
        ).descriptor.digest
        for each in split(placed, where="k")
    }


def test_dependencies_lie_below_the_application(file):
    found = shown(
        Placed(entry=file("srv/app.js")),
        Placed(entry=file("srv/node_modules/a/index.js")),
        Placed(entry=file("usr/lib/python3/dist-packages/x.py")),
    )
    assert list(found.items()) == [
        (
            "deps",
            [
                "srv", "srv/node_modules", "srv/node_modules/a", "srv/node_modules/a/index.js",
                "usr", "usr/lib", "usr/lib/python3", "usr/lib/python3/dist-packages",
                "usr/lib/python3/dist-packages/x.py",
            ],
        ),
        ("app", ["srv", "srv/app.js"]),
    ]  # fmt: skip


def test_names_keep_the_order_of_the_recipe_and_the_application_is_on_top(file):
    found = shown(
        Placed(entry=file("a")),
        Placed(entry=file("models/m"), layer="models"),
        Placed(entry=file("assets/x"), layer="assets"),
        Placed(entry=file("lib/y"), layer="deps"),
        Placed(entry=file("etc/passwd"), layer="system"),
    )
    assert list(found) == ["system", "deps", "models", "assets", "app"]


def test_a_change_of_the_application_leaves_every_other_layer(file):
    def image(text: str, created: int) -> dict[str, Digest]:
        return digests(
            Placed(entry=file("srv/app.js", text)),
            Placed(entry=file("srv/node_modules/a.js")),
            Placed(entry=file("assets/logo"), layer="assets"),
            created=created,
        )

    before, after = image("one", CREATED), image("two", CREATED + 86400)
    assert before["app"] != after["app"]
    assert {**before, "app": None} == {**after, "app": None}


def test_a_folder_has_one_mode_in_every_layer(file):
    private = Folder(path=PurePosixPath("data"), mode=0o700)
    strata = split(
        [
            Placed(entry=private, layer="base"),
            Placed(entry=file("data/cache/node_modules/x")),
            Placed(entry=file("data/app")),
        ],
        where="k",
    )
    folders = [e for s in strata for e in s.entries if e.path == PurePosixPath("data")]
    modes = [each.mode for each in folders if isinstance(each, Folder)]
    assert modes == [0o700] * 3


def test_of_two_entries_of_one_path_the_later_counts_also_for_its_layer(file):
    found = shown(Placed(entry=file("a/b"), layer="deps"), Placed(entry=file("a/b")))
    assert found == {"app": ["a", "a/b"]}


def test_no_path_leads_through_a_link_of_another_layer(file):
    link = Link(path=PurePosixPath("srv"), target="data")
    with pytest.raises(LaidFileError, match="not a folder"):
        split([Placed(entry=link, layer="deps"), Placed(entry=file("srv/app"))], where="k")


def test_nothing_gives_no_layer():
    assert split([], where="k") == ()


NAMES = st.sampled_from(["a", "b", "node_modules", "vendor", "c"])
PLACED = st.builds(
    lambda parts, layer: Placed(entry=Folder(path=PurePosixPath(*parts)), layer=layer),
    st.lists(NAMES, min_size=1, max_size=4),
    st.sampled_from(["", "deps", "assets", "app", "system"]),
)


@given(st.lists(PLACED, max_size=12))
def test_every_entry_is_in_one_layer_with_its_parents(placed):
    strata = split(placed, where="k")
    assert all(each.entries for each in strata)
    homes: dict[PurePosixPath, str] = {}
    for each in strata:
        paths: set[PurePosixPath] = {entry.path for entry in each.entries}
        assert all(parent in paths for path in paths for parent in path.parents[:-1])
        homes |= dict.fromkeys(paths, each.name)
    given_entries: list[Entry] = [each.entry for each in placed]
    assert {entry.path for entry in given_entries} <= homes.keys()
