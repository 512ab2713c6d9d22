import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

from polyarch.engines.gather import Laying, Roots, gather
from polyarch.engines.layer import Entry, File, Folder, Link
from polyarch.errors import LaidFileError


@pytest.fixture
def roots(tmp_path):
    for name in ("project", "out"):
        (tmp_path / name).mkdir()
    return Roots(project=tmp_path / "project", out=tmp_path / "out")


def put(folder: Path, *names: str, mode: int = 0o644) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
        file.chmod(mode)


def lay(roots: Roots, source: str, target: str, mode: int | None = None) -> tuple[Entry, ...]:
    laying = Laying(
        source=source.replace("{out}", str(roots.out)),
        target=target,
        mode=mode,
        where="files[0]",
        written=source,
    )
    return gather([laying], roots)


def shown(entries: Iterable[Entry]) -> list[str]:
    marks: dict[type[Entry], str] = {File: "", Folder: "/", Link: "@"}
    return sorted(f"{entry.path}{marks[type(entry)]}" for entry in entries)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("a.txt", "/etc/b", ["etc/b"]),
        ("a.txt", "/etc/", ["etc/a.txt"]),
        ("a.txt", "/", ["a.txt"]),
        ("./web/../a.txt", "/x", None),
        ("web", "/srv", ["srv/", "srv/css/", "srv/css/a.css", "srv/index.html"]),
        ("web/", "/srv/", ["srv/", "srv/css/", "srv/css/a.css", "srv/index.html"]),
        ("web", "/", ["css/", "css/a.css", "index.html"]),
        ("web/*", "/srv/", ["srv/css/", "srv/css/a.css", "srv/index.html"]),
        ("web/*.html", "/srv/", ["srv/index.html"]),
        ("web/*.html", "/srv/start.html", ["srv/start.html"]),
        ("w?b/[i]*", "/srv/", ["srv/web/index.html"]),
        ("**/*.css", "/srv/", ["srv/web/css/a.css"]),
        ("web/**/*.css", "/srv/", ["srv/css/a.css"]),
        ("web/**", "/srv/", ["srv/css/", "srv/css/a.css", "srv/index.html"]),
        ("*/*/*", "/srv/", ["srv/web/css/a.css"]),
        ("pages/[id].js", "/p/", ["p/[id].js"]),
        ("{out}/hello", "/hello", ["hello"]),
        ("{out}", "/o", ["o/", "o/hello", "o/lib/", "o/lib/x.so"]),
        ("{out}/lib/*.so", "/usr/lib/", ["usr/lib/x.so"]),
    ],
)
def test_what_a_source_lays(roots, source, target, expected):
    put(roots.project, "a.txt", "web/index.html", "web/css/a.css", "pages/[id].js")
    put(roots.out, "hello", "lib/x.so")
    if expected is None:
        with pytest.raises(LaidFileError):
            lay(roots, source, target)
    else:
        assert shown(set(lay(roots, source, target))) == expected


def test_an_empty_folder_is_laid(roots):
    (roots.project / "empty").mkdir()
    assert shown(lay(roots, "empty", "/data")) == ["data/"]


@pytest.mark.parametrize(
    ("found", "asked", "expected"),
    [
        (0o755, None, 0o755),
        (0o644, None, 0o644),
        (0o600, None, 0o644),
        (0o700, None, 0o755),
        (0o4711, None, 0o755),
        (0o755, 0o600, 0o600),
        (0o644, 0o4755, 0o4755),
    ],
)
def test_the_mode_of_a_file(roots, found, asked, expected):
    put(roots.project, "a", mode=found)
    (entry,) = lay(roots, "a", "/a", asked)
    assert isinstance(entry, File)
    assert entry.mode == expected


@pytest.mark.parametrize(("asked", "folder"), [(None, 0o755), (0o644, 0o755), (0o600, 0o700)])
def test_a_folder_can_be_entered_by_those_who_may_read(roots, asked, folder):
    put(roots.project, "tree/sub/a")
    entries = lay(roots, "tree", "/t", asked)
    assert {entry.mode for entry in entries if isinstance(entry, Folder)} == {folder}


def test_a_folder_laid_as_tmp_keeps_the_usual_mode(roots):
    put(roots.project, "tree/a")
    assert Folder(path=PurePosixPath("tmp"), mode=0o1777) in lay(roots, "tree", "/tmp")


def test_a_link_is_followed_where_it_is_named_and_kept_where_it_is_found(roots):
    put(roots.out, "libx.so.1")
    (roots.out / "libx.so").symlink_to("libx.so.1")
    (named,) = lay(roots, "{out}/libx.so", "/usr/lib/")
    assert isinstance(named, File)
    assert named.path == PurePosixPath("usr/lib/libx.so")
    assert shown(lay(roots, "{out}/libx.*", "/l/")) == ["l/libx.so.1", "l/libx.so@"]
    assert Link(path=PurePosixPath("l/libx.so"), target="libx.so.1") in lay(roots, "{out}", "/l")


def test_a_dangling_link_in_a_folder_is_kept_as_it_is(roots):
    (roots.project / "tree").mkdir()
    (roots.project / "tree/sh").symlink_to("/bin/busybox")
    assert Link(path=PurePosixPath("t/sh"), target="/bin/busybox") in lay(roots, "tree", "/t")


def test_a_link_to_a_folder_of_this_machine_is_refused(roots):
    put(roots.out, "real")
    (roots.out / "link").symlink_to(roots.out / "real")
    with pytest.raises(LaidFileError, match="leads to a folder of this machine"):
        lay(roots, "{out}", "/o")


@pytest.mark.parametrize("source", ["link", "link/*", "folder/secret", "folder/*", "folder/**/s*"])
def test_nothing_outside_is_read_through_a_link(roots, tmp_path, source):
    put(tmp_path, "outside/secret")
    (roots.project / "link").symlink_to(tmp_path / "outside")
    (roots.project / "folder").symlink_to("../outside")
    with pytest.raises(LaidFileError):
        lay(roots, source, "/x/")


def test_wildcards_do_not_go_through_linked_folders(roots, tmp_path):
    put(roots.project, "tree/a.txt")
    put(tmp_path, "outside/b.txt")
    (roots.project / "tree/link").symlink_to(tmp_path / "outside")
    (roots.project / "tree/circle").symlink_to(".")
    assert shown(lay(roots, "tree/**/*.txt", "/x/")) == ["x/a.txt"]


def test_links_in_a_circle_are_told(roots):
    (roots.project / "a").symlink_to("b")
    (roots.project / "b").symlink_to("a")
    with pytest.raises(LaidFileError):
        lay(roots, "a", "/a")


@pytest.mark.parametrize(
    "source", ["", "..", "../x", "/etc/passwd", "a/../../x", "/", "a\0b", "absent", "absent/x"]
)
def test_hostile_and_absent_sources_name_the_key(roots, source):
    with pytest.raises(LaidFileError) as caught:
        lay(roots, source, "/x")
    assert caught.value.where == "files[0]"


@pytest.mark.parametrize("target", ["", "x", "./x", "/a/../b", "..", "/.."])
def test_targets_are_absolute(roots, target):
    put(roots.project, "a")
    with pytest.raises(LaidFileError):
        lay(roots, "a", target)


def test_a_glob_with_one_name_as_target_takes_one_match(roots):
    put(roots.project, "a.txt", "b.txt")
    with pytest.raises(LaidFileError, match="2 files match") as caught:
        lay(roots, "*.txt", "/x")
    assert "end `to` with `/`" in str(caught.value.hint)


@pytest.mark.parametrize("source", ["*.none", "none/*", "**/*.none", "a/*"])
def test_a_glob_that_matches_nothing_is_an_error(roots, source):
    put(roots.project, "a")
    with pytest.raises(LaidFileError, match=r"no such file|Not a directory"):
        lay(roots, source, "/x/")


def test_pipes_and_sockets_are_refused(roots):
    os.mkfifo(roots.project / "pipe")
    with pytest.raises(LaidFileError, match="neither file nor folder nor link"):
        lay(roots, "pipe", "/x")


def test_what_changes_with_every_run_is_left_out(roots):
    put(roots.project, "a", ".git/HEAD", ".polyarch/runs/x", "sub/.git/HEAD")
    assert shown(lay(roots, ".", "/src")) == [
        "src/",
        "src/a",
        "src/sub/",
        "src/sub/.git/",
        "src/sub/.git/HEAD",
    ]
    assert shown(lay(roots, "**/HEAD", "/")) == ["sub/.git/HEAD"]


def test_many_wildcards_end_soon(roots):
    put(roots.project, "/".join("abcdefgh") + "/x")
    pattern = "/".join(["**", "**", "*"] * 4) + "/none"
    with pytest.raises(LaidFileError):
        lay(roots, pattern, "/x/")
