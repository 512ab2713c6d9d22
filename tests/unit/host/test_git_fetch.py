"""Commits of a repository that a git daemon of the test's own hands out on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.errors import GitContextError
from polyarch.host.git_fetch import GitFetcher
from polyarch.host.git_url import parse_git
from tests.support.command_line import plain_environment
from tests.support.git_daemon import git_daemon
from tests.support.git_project import GitProject

FILES = {"Dockerfile": "FROM scratch\n", "sub/file.txt": "one\n"}


@pytest.fixture
def upstream(tmp_path: Path) -> GitProject:
    return GitProject.make(tmp_path / "served" / "r", FILES)


@pytest.fixture
def url(upstream: GitProject) -> Iterator[str]:
    with git_daemon(upstream.root.parent) as address:
        yield f"{address}/r"


@pytest.fixture
def fetcher(tmp_path: Path) -> GitFetcher:
    return GitFetcher(store=tmp_path / "store", environment=plain_environment(tmp_path / "home"))


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_branch_is_what_it_is_now(upstream: GitProject, url: str, fetcher: GitFetcher) -> None:
    first = fetcher.folder(parse_git(url))
    assert files(first) == FILES
    assert first.name == upstream.head
    upstream.write({"sub/file.txt": "two\n"})
    upstream.commit("Second")
    second = fetcher.folder(parse_git(f"{url}#main:sub"))
    assert files(second) == {"file.txt": "two\n"}
    assert files(first) == FILES


def test_a_tag_leads_to_its_commit(upstream: GitProject, url: str, fetcher: GitFetcher) -> None:
    old = upstream.head
    upstream.git("tag", "-a", "-m", "v1", "v1")
    upstream.write({"sub/file.txt": "two\n"})
    upstream.commit("Second")
    assert fetcher.folder(parse_git(f"{url}#v1")).name == old


def test_a_commit_that_is_here_needs_no_server(
    upstream: GitProject, url: str, fetcher: GitFetcher
) -> None:
    upstream.write({"sub/file.txt": "two\n"})
    old, new = upstream.head, upstream.commit("Second")
    assert old != new
    pinned = parse_git(f"{url}#{old}")
    here = fetcher.folder(pinned)
    assert files(here) == FILES
    offline = replace(fetcher, offline=True)
    assert offline.folder(pinned) == here
    for text, words in ((f"{url}#{new}", "is not here"), (url, "cannot be asked")):
        with pytest.raises(GitContextError, match=words) as raised:
            offline.folder(parse_git(text))
        assert "--offline" in (raised.value.hint or "")


def test_what_is_not_there_is_told(url: str, fetcher: GitFetcher) -> None:
    for text, words in (
        (f"{url}#gone", "no branch or tag `gone`"),
        (f"{url}#main:none", "no folder `none`"),
        (f"{url}-none", "fatal"),
    ):
        with pytest.raises(GitContextError, match=words):
            fetcher.folder(parse_git(text))
    assert not [path for path in fetcher.store.rglob(".*") if path.is_dir()]


def test_a_folder_that_leads_out_is_none(
    upstream: GitProject, url: str, fetcher: GitFetcher, tmp_path: Path
) -> None:
    (upstream.root / "out").symlink_to(tmp_path)
    upstream.commit("Link")
    with pytest.raises(GitContextError, match="no folder `out`"):
        fetcher.folder(parse_git(f"{url}#main:out"))
