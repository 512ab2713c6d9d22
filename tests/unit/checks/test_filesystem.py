"""Layers on one another, held against what a real tree does."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.checks.bounds import Bounds
from polyarch.checks.entry import Entry, EntryKind
from polyarch.checks.filesystem import Filesystem, Gone, Place
from polyarch.checks.tree import File, Folder
from polyarch.errors import LayerBoundsError


def made(*layers: list[Entry]) -> Filesystem:
    files = Filesystem()
    for number, layer in enumerate(layers):
        for entry in layer:
            files.apply(entry, number)
    return files


def file(path: str) -> Entry:
    return Entry(path, EntryKind.FILE, 0o755)


def link(path: str, target: str) -> Entry:
    return Entry(path, EntryKind.SYMBOLIC_LINK, link=target)


def real(files: Filesystem, path: str) -> str | None:
    found = files.look(path)
    return found.path if isinstance(found, Place) else None


def test_links_are_followed_within_the_image():
    files = made([file("usr/bin/x"), link("bin", "usr/bin"), link("a", "/../../bin/./x")])
    assert real(files, "/a") == "/usr/bin/x"
    assert real(files, "/bin/../bin/x") == "/usr/bin/x"
    assert real(files, "a") == "/usr/bin/x"
    assert isinstance(files.look("/bin/x/y"), Gone)
    assert isinstance(files.look("/nowhere/x"), Gone)


def test_circles_lead_nowhere():
    files = made([link("a", "b"), link("b", "a"), link("c", "c/c"), file("a/x")])
    assert files.look("/a") == Gone(path="/a", reason="its links lead in circles")
    assert isinstance(files.look("/c"), Gone)


def test_a_whiteout_removes_what_is_older_only():
    below = [file("a/x"), file("a/y"), file("b")]
    above = [file("a/z"), Entry("a", EntryKind.WHITEOUT), Entry("b", EntryKind.WHITEOUT)]
    files = made(below, above)
    assert {path for path, _ in files.files()} == {"/a/z"}
    assert files.removed == {"/a/x": 1, "/a/y": 1, "/b": 1}


def test_an_opaque_folder_keeps_what_came_with_it_in_any_order():
    for order in (0, 1):
        above = [file("a/z"), Entry("a", EntryKind.OPAQUE)][:: 1 - 2 * order]
        files = made([file("a/x"), file("a/b/y"), file("c")], above)
        assert {path for path, _ in files.files()} == {"/a/z", "/c"}


def test_names_go_through_the_links_of_lower_layers():
    files = made([Entry("usr/lib", EntryKind.FOLDER), link("lib", "usr/lib")], [file("lib/x")])
    assert real(files, "/usr/lib/x") == "/usr/lib/x"
    files = made([link("lib", "usr/lib")], [Entry("lib", EntryKind.FOLDER), file("lib/x")])
    assert real(files, "/lib/x") == "/lib/x"


def test_hard_links_share_what_stands_there():
    files = made([file("a")], [Entry("b", EntryKind.HARD_LINK, link="a")], [
        Entry("a", EntryKind.WHITEOUT), Entry("c", EntryKind.HARD_LINK, link="nothing"),
    ])  # fmt: skip
    found = files.look("/b")
    assert isinstance(found, Place)
    assert isinstance(found.node, File)
    assert found.node.layer == 1
    assert files.broken_links == [("c", "nothing", 2)]


def filled(bounds: Bounds) -> Filesystem:
    files = Filesystem(bounds)
    for number in range(11):
        files.apply(file(f"f{number}"), 0)
    return files


def test_bounds_are_for_the_whole_image():
    with pytest.raises(LayerBoundsError, match="10 entries"):
        filled(Bounds(entries=10))
    with pytest.raises(LayerBoundsError, match="memory"):
        filled(Bounds(memory_bytes=1000))


NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.lists(st.sampled_from(["a", "b", "..", "."]), min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.builds(lambda path: Entry(path, EntryKind.FILE, 0o644), PATHS),
    st.builds(lambda path: Entry(path, EntryKind.FOLDER), PATHS),
    st.builds(
        lambda path, target, top: Entry(
            path, EntryKind.SYMBOLIC_LINK, link=f"/{target}" if top else target
        ),
        PATHS,
        TARGETS,
        st.booleans(),
    ),
)


@given(st.lists(ENTRIES, max_size=8))
def test_a_layer_gives_the_tree_that_a_kernel_would_have(tmp_path_factory, entries):
    """Against real folders and links, where the kernel itself resolves names below a new root."""
    root = tmp_path_factory.mktemp("root")
    files = made(entries)
    done = [entry for entry in entries if _do(root, entry)]
    if len(done) == len(entries):
        assert _tree(files) == _real_tree(root)
    shutil.rmtree(root)


def _do(root: Path, entry: Entry) -> bool:
    """Do it on the disk; false where the kernel refuses, or the outcome is not one of names."""
    parent = _resolved(root, entry.path.rpartition("/")[0])
    if parent is None:
        return False
    parent.mkdir(parents=True, exist_ok=True)
    place = parent / entry.path.rpartition("/")[2]
    if place.is_dir() and not place.is_symlink() and entry.kind is EntryKind.FOLDER:
        return True
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)
    if entry.kind is EntryKind.FILE:
        place.touch()
    elif entry.kind is EntryKind.FOLDER:
        place.mkdir()
    else:
        place.symlink_to(entry.link)
    return True


def _resolved(root: Path, path: str) -> Path | None:
    """The folder that a path names below the root; None for a file, or links in circles."""
    here, todo, links = root, path.split("/")[::-1], 0
    while todo:
        part = todo.pop()
        if part == "..":
            here = here.parent if here != root else here
        elif part not in {"", "."}:
            step = here / part
            if step.is_symlink():
                links += 1
                target = str(step.readlink())
                here = root if target.startswith("/") else here
                todo += target.split("/")[::-1]
            elif step.is_file():
                return None
            else:
                here = step
        if links > 40:
            return None
    return here


def _real_tree(root: Path) -> dict[str, str]:
    found = {}
    for place, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(place, name)
            kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
            found["/" + str(path.relative_to(root))] = kind
    return found


def _tree(files: Filesystem) -> dict[str, str]:
    found: dict[str, str] = {}
    todo = [("", files.root)]
    while todo:
        path, folder = todo.pop()
        for name, node in folder.children.items():
            if isinstance(node, Folder):
                todo.append((f"{path}/{name}", node))
            kind = type(node).__name__.lower()
            found[f"{path}/{name}"] = kind
    return found
