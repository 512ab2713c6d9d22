"""The source revision: what git knows about the folder that a project stands in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from polyarch.errors import (
    GitRefusedError,
    ProcessFailedError,
    ProgramNotFoundError,
    UnknownRevisionError,
)
from polyarch.host import process
from polyarch.host.git_quotes import unquoted
from polyarch.host.remote import web_address

SHORT_SHA = 7
"""As short as docker/metadata-action makes it; git's own length grows with the repository."""

_KEPT = re.compile(
    r"GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)"
    r"|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|EXEC_PATH)"
)
"""What of GIT_* may reach git: who the user is and where to look, never which repository.

Inside a hook or an alias GIT_DIR, GIT_INDEX_FILE and their like name another repository than the
one of the folder (git-rev-parse(1), --local-env-vars).
"""

_OPTIONS = (
    "-c", "core.fsmonitor=false",  # a repository's config may name a program here
    "-c", "core.quotePath=true",   # see git_quotes
    "-c", "log.showSignature=false",
    "--no-pager",
    "--literal-pathspecs",
)  # fmt: skip

_LATEST_YEAR = 9000
"""A commit's time is whatever its author wrote; beyond this no calendar can shift it."""

_TIMEOUT_S = 120
"""A status of a very large work tree on a slow disk takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFacts:
    """What a work tree is at.

    `branch` is None when HEAD is detached. `tags` are those at HEAD in falling order of their
    names, as git decorates a commit. `dirty`: tracked files are changed, or files are there that
    are neither tracked nor ignored. `remote` is the web address of `origin` (or of the only
    remote). `default_branch` is what origin/HEAD says. `pushed`: HEAD is in a branch of a remote,
    as far as this clone has heard.
    """

    root: Path
    sha: str
    branch: str | None
    tags: tuple[str, ...]
    commit_time: datetime
    dirty: bool
    remote: str | None
    default_branch: str | None
    pushed: bool

    @property
    def short_sha(self) -> str:
        """The first seven digits."""
        return self.sha[:SHORT_SHA]


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTree:
    """A work tree with at least one commit; `root` is its top folder."""

    root: Path
    environment: Mapping[str, str]

    @classmethod
    def find(cls, folder: Path, environment: Mapping[str, str]) -> Self | None:
        """The work tree that `folder` stands in; None outside one, without a commit or without git.

        Raises:
            GitRefusedError: git does not trust the folder's owner (safe.directory).
        """
        tree = cls.begun(folder, environment)
        return tree if tree and tree.commit("HEAD") else None

    @classmethod
    def begun(cls, folder: Path, environment: Mapping[str, str]) -> Self | None:
        """The same, though nothing may have been committed yet.

        Raises:
            GitRefusedError: git does not trust the folder's owner (safe.directory).
        """
        if not folder.is_dir():
            return None
        here = cls(root=folder, environment=_clean(environment))
        try:
            top = here._run("rev-parse", "--is-inside-work-tree", "--show-cdup")
        except ProgramNotFoundError:
            return None
        if top.status != 0:
            # git-config(1), "safe.directory"; the words are those of git 2.35.2 and later.
            if "dubious ownership" in top.stderr:
                raise GitRefusedError(str(folder))
            return None
        inside, _, way_up = top.stdout.partition("\n")
        if inside != "true":
            return None
        # The way up is made of `../` alone, so a folder whose name is no UTF-8 is found as well.
        root = (folder.resolve() / way_up.removesuffix("\n")).resolve()
        return cls(root=root, environment=here.environment)

    def facts(self) -> GitFacts:
        """Ask git for everything that a CI event and labels are made of."""
        head = self._text("symbolic-ref", "--quiet", "HEAD")
        default = self._text("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
        return GitFacts(
            root=self.root,
            sha=self.commit("HEAD") or "",
            branch=head.removeprefix("refs/heads/") if head else None,
            tags=self._tags(),
            commit_time=self.commit_time("HEAD"),
            dirty=self._dirty(),
            remote=self.remote(),
            default_branch=default.removeprefix("refs/remotes/origin/") if default else None,
            pushed=self._pushed(),
        )

    def head_ref(self) -> str | None:
        """The complete ref of the branch that is checked out; None when HEAD is detached."""
        return self._text("symbolic-ref", "--quiet", "HEAD") or None

    def refs_at_head(self) -> tuple[str, ...]:
        """Every ref that names HEAD's commit, in falling order of their names."""
        form = ("--sort=-refname", "--format=%(refname)")
        return tuple(self._lines("for-each-ref", "--points-at=HEAD", *form))

    def refs_with_head(self, prefix: str) -> tuple[str, ...]:
        """The refs below `prefix` whose history has HEAD's commit, the newest commit first."""
        form = ("--sort=-committerdate", "--format=%(refname)")
        return tuple(self._lines("for-each-ref", "--contains=HEAD", *form, prefix))

    def commit(self, revision: str) -> str | None:
        """The full id of the commit that `revision` names, None when there is none."""
        if not revision or revision.startswith("-") or "\0" in revision:
            return None
        return self._text("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") or None

    def commit_time(self, revision: str) -> datetime:
        """When a commit was committed.

        Raises:
            UnknownRevisionError: there is no such commit.
        """
        sha = self._known(revision)
        seconds = int(self._text("log", "-1", "--format=%ct", sha, "--") or "0")
        try:
            time = datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return datetime.fromtimestamp(0, UTC)
        return time if time.year <= _LATEST_YEAR else datetime.fromtimestamp(0, UTC)

    def describe(self) -> str:
        """HEAD in `git describe`'s form: `v1.2.3`, `v1.2.3-4-gabcdef0`, or the short id."""
        return self._text("describe", "--tags", "--always") or ""

    def changed_files(self, since: str) -> tuple[str, ...]:
        """Files that differ from where this branch left `since`; paths from the root, sorted.

        Commits since the merge base count, changes of the work tree, and new files that are not
        ignored. A rename is two changes. Without a merge base (a shallow clone, another history)
        `since` itself is compared, which can only tell more.

        Raises:
            UnknownRevisionError: there is no such revision.
        """
        other = self._known(since)
        base = (self._text("merge-base", other, "HEAD") or other).split("\n", 1)[0]
        changed = self._lines(
            "diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative",
            "--ignore-submodules=none", base, "--",
        )  # fmt: skip
        new = self._lines("ls-files", "--others", "--exclude-standard", "--full-name")
        return tuple(sorted({*map(unquoted, changed), *map(unquoted, new)}))

    def file_at(self, revision: str, path: Path) -> str | None:
        """The text of a file as it was in `revision`; None where it was not there.

        Raises:
            UnknownRevisionError: there is no such revision.
        """
        sha = self._known(revision)
        try:
            name = path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return None
        done = self._run("show", "--no-textconv", f"{sha}:{name}")
        return done.stdout if done.status == 0 else None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool | None:
        """Whether `descendant` has `ancestor` in its history (or is it); None: not known here.

        A commit that was never fetched, or a history that was cut off, leaves it unknown.
        """
        older, newer = self.commit(ancestor), self.commit(descendant)
        if older is None or newer is None:
            return None
        if self._run("merge-base", "--is-ancestor", older, newer).status == 0:
            return True
        return None if self._text("rev-parse", "--is-shallow-repository") == "true" else False

    def _known(self, revision: str) -> str:
        sha = self.commit(revision)
        if sha is None:
            raise UnknownRevisionError(revision, str(self.root))
        return sha

    def _tags(self) -> tuple[str, ...]:
        form = ("--sort=-refname", "--format=%(refname)")
        names = self._lines("for-each-ref", "--points-at=HEAD", *form, "refs/tags")
        return tuple(name.removeprefix("refs/tags/") for name in names)

    def _dirty(self) -> bool:
        untracked = ("--untracked-files=normal", "--ignore-submodules=none")
        return bool(self._checked("status", "--porcelain=v1", "-z", *untracked))

    def remote(self) -> str | None:
        """The web address of `origin`, or of the only remote."""
        found = self._text("config", "-z", "--get-regexp", r"^remote\..*\.url$") or ""
        urls: dict[str, str] = {}
        for record in filter(None, found.split("\0")):
            key, _, url = record.partition("\n")
            urls.setdefault(key.removeprefix("remote.").removesuffix(".url"), url)
        only = next(iter(urls.values())) if len(urls) == 1 else ""
        return web_address(urls.get("origin", only))

    def _pushed(self) -> bool:
        form = ("--count=1", "--format=%(refname)")
        return bool(self._lines("for-each-ref", "--contains=HEAD", *form, "refs/remotes"))

    def _run(self, *arguments: str) -> process.Finished:
        return process.run(
            ["git", *_OPTIONS, *arguments],
            environment=self.environment,
            folder=self.root,
            timeout_s=_TIMEOUT_S,
            check=False,
        )

    def _text(self, *arguments: str) -> str | None:
        done = self._run(*arguments)
        return done.stdout.removesuffix("\n") if done.status == 0 else None

    def _checked(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.status != 0:
            raise ProcessFailedError("git", done.status, done.stderr.splitlines()[-5:])
        return done.stdout

    def _lines(self, *arguments: str) -> list[str]:
        # Names of refs hold neither blanks nor control characters (git-check-ref-format(1)), and
        # names of files come quoted, so a line is a name.
        return [line for line in self._checked(*arguments).split("\n") if line]


def read_git(folder: Path, environment: Mapping[str, str]) -> GitFacts | None:
    """The facts of the work tree around `folder`, None where there is none.

    Raises:
        GitRefusedError: git does not trust the folder's owner (safe.directory).
    """
    tree = GitTree.find(folder, environment)
    return tree.facts() if tree else None


def read_remote(folder: Path, environment: Mapping[str, str]) -> str | None:
    """The web address of the remote, which a work tree without any commit may have as well.

    Raises:
        GitRefusedError: git does not trust the folder's owner (safe.directory).
    """
    tree = GitTree.begun(folder, environment)
    return tree.remote() if tree else None


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or _KEPT.fullmatch(name)
    }
    # Messages are read; nothing may be asked; reading must not write an index.
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
