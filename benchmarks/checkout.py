"""A project whose commit stands in another repository, so that it may be published from here."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"))
}


@dataclass(frozen=True, slots=True)
class Checkout:
    """Branch `main` of a project in `folder`; its origin lies beside."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, files: Mapping[str, str]) -> "Checkout":
        """Write the files and push them as the first commit."""
        made, origin = cls(folder), folder.with_name(f"{folder.name}.git")
        folder.mkdir(parents=True)
        made.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        made.git("init", "--quiet", "--initial-branch=main")
        made.git("remote", "add", "origin", str(origin))
        made.commit({".gitignore": ".polyarch/\n", **files})
        return made

    def elsewhere(self, folder: Path) -> "Checkout":
        """The same commit on a machine that has nothing else."""
        self.git("clone", "--quiet", f"{self.folder}.git", str(folder))
        return Checkout(folder)

    def commit(self, files: Mapping[str, str]) -> None:
        """Write files and push them as one more commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message=More")
        self.git("push", "--quiet", "--set-upstream", "origin", "main")

    def git(self, *words: str) -> None:
        """Run git in it."""
        subprocess.run(["git", *words], cwd=self.folder, check=True, env={**os.environ, **WHO})
