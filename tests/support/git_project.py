"""A project in a git repository of its own, and the CI events that speak of it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

AUTHOR = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
TIME = "2025-03-01T12:00:00Z"
"""Of every commit, so that the same files are the same commit."""


@dataclass(frozen=True)
class GitProject:
    """A work tree on branch `main`."""

    root: Path

    @classmethod
    def make(cls, root: Path, files: Mapping[str, str]) -> "GitProject":
        """Make a repository of whatever is in the folder and these files, with one commit."""
        root.mkdir(parents=True, exist_ok=True)
        project = cls(root)
        project.git("init", "--quiet", "--initial-branch=main")
        project.write(files)
        project.commit("First")
        return project

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, folders and all."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, message: str) -> str:
        """Commit all that is there and give the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *words: str) -> str:
        """Run git here and give what it prints."""
        times = {"GIT_AUTHOR_DATE": TIME, "GIT_COMMITTER_DATE": TIME}
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env={**os.environ, **AUTHOR, **times},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def push_to(self, forge: Path) -> None:
        """Make a bare repository that is this one's `origin`, and push the branch to it."""
        forge.mkdir(parents=True)
        GitProject(forge).git("init", "--quiet", "--bare", "--initial-branch=main")
        self.git("remote", "add", "origin", str(forge))
        self.git("push", "--quiet", "--set-upstream", "origin", "main")

    def pushed_tag(self, tag: str = "v1.2.3") -> dict[str, str]:
        """GitHub Actions' environment in a job that a pushed tag started."""
        return self._github("push", f"refs/tags/{tag}")

    def pushed_branch(self, branch: str = "main") -> dict[str, str]:
        """The same for a pushed branch."""
        return self._github("push", f"refs/heads/{branch}")

    def pull_request(self, number: int = 7) -> dict[str, str]:
        """The same for a pull request."""
        return self._github("pull_request", f"refs/pull/{number}/merge")

    def _github(self, name: str, ref: str) -> dict[str, str]:
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": name,
            "GITHUB_REF": ref,
            "GITHUB_SHA": self.head,
            "GITHUB_REPOSITORY": "example/project",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "42",
        }
