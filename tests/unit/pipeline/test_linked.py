"""What links lead to outside a project counts for commands, which follow them."""

from pathlib import Path

import pytest

from polyarch.dockerfile.ignore import IgnoreRules
from polyarch.dockerfile.pattern import Pattern
from polyarch.pipeline.linked import linked_digest

NOTHING = IgnoreRules(patterns=())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("shared/file", "shared/folder/file", "project/file"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    return tmp_path / "project"


@pytest.mark.parametrize("name", ["file", "folder"])
def test_what_a_link_leads_out_to_counts(root: Path, name: str) -> None:
    assert linked_digest(root, NOTHING) == ""
    (root / "link").symlink_to(f"../shared/{name}")
    before = linked_digest(root, NOTHING)
    assert before
    assert linked_digest(root, IgnoreRules(patterns=(Pattern.parse("link"),))) == ""
    (root.parent / "shared/file").write_text("2")
    (root.parent / "shared/folder/file").write_text("2")
    assert linked_digest(root, NOTHING) != before


@pytest.mark.parametrize("target", ["file", "..", ".", "/usr", "link"])
def test_links_inside_to_what_is_around_and_by_complete_paths_do_not(
    root: Path, target: str
) -> None:
    (root / "link").symlink_to(target)
    assert linked_digest(root, NOTHING) == ""


def test_a_link_to_what_comes_later(root: Path) -> None:
    (root / "link").symlink_to("../later")
    before = linked_digest(root, NOTHING)
    (root.parent / "later").write_text("here")
    assert linked_digest(root, NOTHING) != before
