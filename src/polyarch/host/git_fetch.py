"""Files of a commit of another repository, brought here without its history."""

import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from polyarch.errors import GitContextError, ProcessFailedError
from polyarch.host.git_url import GitAddress
from polyarch.host.process import run

_TIMEOUT_S = 600
_LINE = re.compile(r"([0-9a-f]{40,64})\t(\S+)")
_SAFE = (
    # What a stranger's repository or a template may name is never run.
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "protocol.ext.allow=never",
    "-c", "protocol.file.allow=never",
    "-c", "advice.detachedHead=false",
)  # fmt: skip
_ANONYMOUS = ("-c", "credential.helper=", "-c", "core.askPass=true")
_GIT = ".git"
_ASK_ONCE = "leave out `--offline` once: what is fetched stays below `.polyarch/git`"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFetcher:
    """Keeps each commit's files in a folder of its own below `store`.

    `anonymous`: no login of this machine is used. `offline`: only what is here already.
    """

    store: Path
    environment: Mapping[str, str]
    anonymous: bool = False
    offline: bool = False

    def folder(self, address: GitAddress) -> Path:
        """The folder that an address names, as it is now.

        Raises:
            GitContextError: the repository, the ref or the folder cannot be had.
        """
        place = self.store / sha256(address.url.encode()).hexdigest()[:16]
        commit = address.ref if address.is_pinned else self._resolved(address)
        root = place / commit
        if not root.is_dir():
            if self.offline:
                raise GitContextError(
                    address.url, f"commit {commit[:12]} is not here", hint=_ASK_ONCE
                )
            self._bring(address, commit, root)
        found = (root / address.folder).resolve()
        if not found.is_dir() or not found.is_relative_to(root.resolve()):
            raise GitContextError(
                address.url, f"commit {commit[:12]} has no folder `{address.folder}`"
            )
        return found

    def _resolved(self, address: GitAddress) -> str:
        if self.offline:
            problem = f"which commit `{address.ref or 'HEAD'}` is cannot be asked"
            raise GitContextError(address.url, problem, hint=_ASK_ONCE)
        wanted = address.ref or "HEAD"
        names = (f"refs/heads/{wanted}", f"refs/tags/{wanted}^{{}}", f"refs/tags/{wanted}", wanted)
        told = self._git(address, "ls-remote", "--", address.url)
        known: dict[str, str] = {name: commit for commit, name in _LINE.findall(told)}
        for name in names:
            if name in known:
                return known[name]
        raise GitContextError(address.url, f"it has no branch or tag `{wanted}`")

    def _bring(self, address: GitAddress, commit: str, root: Path) -> None:
        fresh = root.with_name(f".{root.name}.{secrets.token_hex(4)}")
        fresh.mkdir(parents=True)
        try:
            self._git(address, "init", "--quiet", "--template=", folder=fresh)
            shallow = ("fetch", "--quiet", "--no-tags", "--depth=1", "--", address.url)
            try:
                self._git(address, *shallow, commit, folder=fresh)
            except GitContextError:
                # Not every server hands out a commit by its id.
                every = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
                whole = ("fetch", "--quiet", "--no-tags", "--", address.url, *every)
                self._git(address, *whole, folder=fresh)
            self._git(address, "checkout", "--quiet", "--detach", commit, folder=fresh)
            if (fresh / ".gitmodules").is_file():
                modules = ("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
                self._git(address, *modules, folder=fresh)
            _without_git(fresh)
            if not root.exists():
                fresh.rename(root)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _git(self, address: GitAddress, *words: str, folder: Path | None = None) -> str:
        options = (*_SAFE, *(_ANONYMOUS if self.anonymous else ()))
        try:
            done = run(
                ["git", *options, *words],
                environment=self._clean(),
                folder=folder,
                timeout_s=_TIMEOUT_S,
            )
        except ProcessFailedError as error:
            told = next((line for line in reversed(error.last_lines) if line.strip()), error.how)
            raise GitContextError(address.url, told) from error
        return done.stdout

    def _clean(self) -> dict[str, str]:
        """Git's own settings stay out: they may name another repository than the folder's."""
        kept = {
            name: value
            for name, value in self.environment.items()
            if not name.startswith("GIT_") or name.startswith(("GIT_CONFIG_", "GIT_SSH", "GIT_SSL"))
        }
        if self.anonymous:
            kept.pop("SSH_AUTH_SOCK", None)
        batch = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **kept}
        return batch | {
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "http:https:ssh:git",
        }


def _without_git(root: Path) -> None:
    """Leave the files alone, as BuildKit does: no history, and nothing that names this machine."""
    for path in list(root.rglob(_GIT)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
