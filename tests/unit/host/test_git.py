"""Real repositories: what they are at, however they are named and whatever the environment says."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyarch.errors import GitRefusedError, UnknownRevisionError
from polyarch.host import process
from polyarch.host.git import GitFacts, GitTree, read_git

ENVIRONMENT: Mapping[str, str] = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}
WHO = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@example.org",
    "GIT_AUTHOR_DATE": "2020-01-01T00:00:00+0000", "GIT_COMMITTER_DATE": "2020-01-10T00:30:00+0900",
}  # fmt: skip
HOSTILE = "$(touch${IFS}x);`id`'\"&|<b>"


def git(folder: Path, *arguments: str) -> str:
    done = process.run(["git", *arguments], environment={**ENVIRONMENT, **WHO}, folder=folder)
    return done.stdout.strip()


def commit(folder: Path, name: str = "file", text: str = "one") -> str:
    (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "why")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "the repo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


def facts(folder: Path, **more: str) -> GitFacts:
    found = read_git(folder, {**ENVIRONMENT, **more})
    assert found is not None
    return found


def tree(folder: Path) -> GitTree:
    found = GitTree.find(folder, ENVIRONMENT)
    assert found is not None
    return found


def test_facts_of_a_branch(repo: Path) -> None:
    found = facts(repo)
    assert found.root == repo.resolve()
    assert found.sha == git(repo, "rev-parse", "HEAD")
    assert found.short_sha == found.sha[:7]
    assert found.branch == "main"
    assert found.commit_time == datetime(2020, 1, 9, 15, 30, tzinfo=UTC)
    assert (found.tags, found.dirty, found.remote, found.pushed) == ((), False, None, False)


def test_a_folder_below_the_root_is_in_the_tree(repo: Path) -> None:
    below = repo / "a" / "b"
    below.mkdir(parents=True)
    assert facts(below).root == repo.resolve()


def test_a_link_to_the_tree_is_in_the_tree(repo: Path, tmp_path: Path) -> None:
    (repo / "sub").mkdir()
    link = tmp_path / "link"
    link.symlink_to(repo / "sub")
    assert facts(link).root == repo.resolve()


def test_tags_stand_in_falling_order_annotated_ones_too(repo: Path) -> None:
    git(repo, "tag", "v1")
    git(repo, "tag", "--annotate", "--message", "x", "v1.2")
    git(repo, "checkout", "--quiet", "--detach")
    found = facts(repo)
    assert found.branch is None
    assert found.tags == ("v1.2", "v1")


def test_a_worktree_of_a_repository_is_its_own_tree(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "other"))
    found = facts(tmp_path / "other")
    assert (found.root, found.branch) == ((tmp_path / "other").resolve(), "side")


@pytest.mark.parametrize("name", ["untracked", "sub/untracked"])
def test_new_files_make_it_dirty_unless_they_are_ignored(repo: Path, name: str) -> None:
    commit(repo, ".gitignore", "ignored\n")
    (repo / "ignored").write_text("x")
    assert not facts(repo).dirty
    (repo / name).parent.mkdir(exist_ok=True)
    (repo / name).write_text("x")
    git(repo, "config", "status.showUntrackedFiles", "no")
    assert facts(repo).dirty


def test_changes_make_it_dirty(repo: Path) -> None:
    (repo / "file").write_text("two")
    assert facts(repo).dirty
    git(repo, "add", "file")
    assert facts(repo).dirty


def test_reading_does_not_write_the_index(repo: Path) -> None:
    (repo / "file").touch()
    before = (repo / ".git" / "index").stat().st_mtime_ns
    facts(repo)
    assert (repo / ".git" / "index").stat().st_mtime_ns == before


def test_remotes(repo: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    git(repo, "clone", "--quiet", "--bare", str(repo), str(bare))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    found = facts(clone)
    assert (found.default_branch, found.pushed, found.remote) == ("main", True, None)
    git(clone, "remote", "set-url", "origin", "https://me:secret@example.org/team/app.git")
    assert facts(clone).remote == "https://example.org/team/app"
    commit(clone, text="two")
    assert not facts(clone).pushed


def test_the_only_remote_counts_and_origin_before_others(repo: Path) -> None:
    git(repo, "remote", "add", "upstream", "git@example.org:up/app.git")
    assert facts(repo).remote == "https://example.org/up/app"
    git(repo, "remote", "add", "fork", "git@example.org:fork/app.git")
    assert facts(repo).remote is None
    git(repo, "remote", "add", "origin", "git@example.org:me/app.git")
    assert facts(repo).remote == "https://example.org/me/app"


def test_hostile_names_are_data(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", HOSTILE)
    base = git(repo, "rev-parse", "HEAD")
    names = ["new\nline", 'quo"te', "back\\slash", "ünïcode", "-rf", "--", ":(top)x", "tab\t"]
    for name in names:
        (repo / name).write_text("x")
    (Path(os.fsdecode(os.fsencode(repo) + b"/not-\xff-utf8"))).write_text("x")
    assert facts(repo).branch == HOSTILE
    changed = tree(repo).changed_files(base)
    assert set(changed) == {*names, os.fsdecode(b"not-\xff-utf8")}
    assert all((repo / name).is_file() for name in changed)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", "x")
    assert tree(repo).changed_files(base) == changed


def test_the_environment_does_not_mislead(repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch", "wrong")
    commit(other, text="other")
    wrong = str(other / ".git")
    misled = facts(
        repo,
        GIT_DIR=wrong,
        GIT_WORK_TREE=str(other),
        GIT_INDEX_FILE=f"{wrong}/index",
        GIT_COMMON_DIR=wrong,
        GIT_OBJECT_DIRECTORY=f"{wrong}/objects",
        GIT_NAMESPACE="x",
        GIT_CONFIG_PARAMETERS="'core.bare=true'",
        GIT_EXTERNAL_DIFF="false",
        GIT_GLOB_PATHSPECS="1",
    )
    assert misled == facts(repo)


def test_a_program_in_the_config_is_not_started(repo: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    base = git(repo, "rev-parse", "HEAD")
    (repo / "file").write_text("two")
    git(repo, "config", "core.fsmonitor", str(trap))
    git(repo, "config", "diff.external", str(trap))
    git(repo, "config", "core.pager", str(trap))
    assert tree(repo).changed_files(base) == ("file",)
    assert facts(repo).dirty
    assert not (tmp_path / "sprung").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_somebody_else_is_told(repo: Path) -> None:
    for path in (repo, repo / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(GitRefusedError) as caught:
        read_git(repo, ENVIRONMENT)
    assert "safe.directory" in (caught.value.hint or "")


def test_no_tree_no_git_no_commit(tmp_path: Path, repo: Path) -> None:
    alone = {**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    assert read_git(tmp_path, alone) is None
    assert read_git(tmp_path / "absent", alone) is None
    assert read_git(repo / ".git", ENVIRONMENT) is None
    assert read_git(repo, {"PATH": str(tmp_path)}) is None
    git(tmp_path, "init", "--quiet", "--bare", "bare")
    assert read_git(tmp_path / "bare", ENVIRONMENT) is None
    git(tmp_path, "init", "--quiet", "empty")
    assert read_git(tmp_path / "empty", ENVIRONMENT) is None


def test_changes_since_the_merge_base(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "side")
    commit(repo, "ours")
    git(repo, "checkout", "--quiet", "main")
    commit(repo, "theirs")
    git(repo, "checkout", "--quiet", "side")
    (repo / "new").write_text("x")
    (repo / "file").write_text("changed")
    assert tree(repo).changed_files("main") == ("file", "new", "ours")


def test_a_rename_is_two_changes(repo: Path) -> None:
    git(repo, "mv", "file", "moved")
    assert tree(repo).changed_files("HEAD") == ("file", "moved")


def test_another_history_is_compared_whole(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "--orphan", "island")
    commit(repo, "only")
    assert tree(repo).changed_files("main") == ("only",)


@pytest.mark.parametrize(
    "name", ["nope", "", "-h", "--output=x", "HEAD:file", "a\0b", HOSTILE, "v1..v2"]
)
def test_a_revision_that_does_not_exist(repo: Path, name: str) -> None:
    assert tree(repo).commit(name) is None
    with pytest.raises(UnknownRevisionError):
        tree(repo).changed_files(name)
    with pytest.raises(UnknownRevisionError):
        tree(repo).commit_time(name)


def test_ancestry(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD")
    second = commit(repo, text="two")
    assert tree(repo).is_ancestor(first, second) is True
    assert tree(repo).is_ancestor(second, second) is True
    assert tree(repo).is_ancestor(second, first) is False
    assert tree(repo).is_ancestor("f" * 40, second) is None


def test_a_shallow_history_does_not_deny(repo: Path, tmp_path: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "side")
    side = commit(repo, "side")
    git(repo, "checkout", "--quiet", "main")
    for text in ("two", "three"):
        commit(repo, text=text)
    shallow = tmp_path / "shallow"
    url = repo.resolve().as_uri()
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--no-single-branch", url, str(shallow))
    assert tree(shallow).is_ancestor(side, "HEAD") is None


def test_describe(repo: Path) -> None:
    assert tree(repo).describe() == git(repo, "rev-parse", "--short", "HEAD")
    git(repo, "tag", "v1.2.3")
    assert tree(repo).describe() == "v1.2.3"
    commit(repo, text="two")
    assert tree(repo).describe().startswith("v1.2.3-1-g")


def test_an_impossible_commit_time_is_the_beginning_of_time(repo: Path) -> None:
    dated = {**ENVIRONMENT, **WHO, "GIT_COMMITTER_DATE": "@999999999999999 +0000"}
    commit_it = ["git", "commit", "--quiet", "--allow-empty", "--message", "x"]
    process.run(commit_it, environment=dated, folder=repo, check=False)
    assert facts(repo).commit_time.year <= 9000
