import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import InvalidReferenceError
from polyarch.oci.digest import Digest
from polyarch.sandbox.files import component, file_name, names, parse_file_name, write
from polyarch.sandbox.names import is_repository, is_tag

COMPONENTS = st.from_regex(r"[a-z0-9]{1,3}((\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}", fullmatch=True)
VALID = st.lists(COMPONENTS, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize("text", ["a", "a/b/c", "a.b_c__d---e/f", "0", "a" * 255])
def test_repositories(text: str) -> None:
    assert is_repository(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        ".",
        "..",
        "a/../b",
        "A",
        "a___b",
        "_a",
        "a-",
        "a b",
        "a\n",
        "ä",
        "a" * 256,
    ],
)
def test_what_names_no_repository(text: str) -> None:
    assert not is_repository(text)
    with pytest.raises(InvalidReferenceError):
        component(text)


@given(VALID, VALID)
def test_two_repositories_never_share_a_component(first: str, second: str) -> None:
    assert is_repository(first)
    assert (component(first) == component(second)) == (first == second)
    assert "/" not in component(first)
    assert len(component(first).encode()) <= 255


@given(st.text())
def test_a_tag_is_one_path_component(text: str) -> None:
    if is_tag(text):
        assert re.fullmatch(r"[\w.-]{1,128}", text, re.ASCII)
        assert text[0] not in ".-"


@given(st.binary(), st.sampled_from(["sha256", "sha512"]))
def test_file_names_of_digests(data: bytes, algorithm: str) -> None:
    digest = Digest.of(data, algorithm)
    assert parse_file_name(file_name(digest)) == digest


def test_write_replaces_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    write(path, b"old")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert [found.name for found in path.parent.iterdir()] == ["b"]
    assert names(path.parent) == ["b"]
    assert names(tmp_path / "absent") == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]
    assert len(list(tmp_path.iterdir())) == 1
