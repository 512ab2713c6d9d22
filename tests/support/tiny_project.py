"""A small project with real git and no container engine, and the command run in it.

Its images are made by `sh`, so a build takes milliseconds. `polyarch` runs in this process with
surroundings handed in, or as a process of its own where what a process does is the point.
"""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polyarch
from polyarch.cli.environment import Surroundings
from polyarch.cli.main import run

NOTHING: Mapping[str, str] = MappingProxyType({})

TIME = "2026-01-02T03:04:05Z"
"""Of every commit, so that the same files are the same commit."""

TOML = """\
[defaults]
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = ["ghcr.io/team/{image}", "team/{image}"]
tags = ["type=ref,event=branch", "type=semver,pattern={{version}}", "type=sha"]

[images.app.direct]
run = ["sh", "make.sh", "{out}/app", "{platform}"]
files = [{ from = "{out}/app", to = "/app" }]
"""
"""Nothing is started in the image, so that what its file holds is nobody's business."""

MAKE = """\
echo "making $1 for $2"
printf '#!/bin/sh\\necho app for %s\\n' "$2" > "$1"
chmod +x "$1"
"""

FILES: Mapping[str, str] = MappingProxyType({"polyarch.toml": TOML, "make.sh": MAKE})

_GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_AUTHOR_DATE": TIME,
    "GIT_COMMITTER_DATE": TIME,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one call came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout; more than one, or something beside it, is an error."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@dataclass(frozen=True, kw_only=True)
class TinyProject:
    """A folder with a polyarch.toml; `environment` is all that commands in it get."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls, root: Path, files: Mapping[str, str] = FILES, *, git: bool = True
    ) -> "TinyProject":
        """Make the folder, and a repository with one commit on `main` of it."""
        root.mkdir(parents=True)
        project = cls(root=root, environment=_environment(root.parent))
        project.write(files)
        if git:
            project.git("init", "--quiet", "--initial-branch=main")
            project.commit("First")
        return project

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, folders and all."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def toml(self, text: str) -> None:
        """Put another polyarch.toml into the project; `+` in front appends to it."""
        path = self.root / "polyarch.toml"
        if text.startswith("+"):
            text = path.read_text() + text[1:]
        path.write_text(text)

    def git(self, *words: str) -> str:
        """Run git here and give what it prints."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env={**self.environment, **_GIT},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "More") -> str:
        """Commit all that is there, and give the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        """Push the branch to a bare repository beside the project."""
        bare = self.root.parent / "origin.git"
        if not bare.exists():
            self.git("init", "--quiet", "--bare", str(bare))
            self.git("remote", "add", "origin", str(bare))
        self.git("push", "--quiet", "--set-upstream", "origin", "HEAD")

    def run(
        self,
        *words: str,
        more: Mapping[str, str] = NOTHING,
        folder: Path | None = None,
        on_terminal: bool = False,
    ) -> Said:
        """Run `polyarch` in this process."""
        surroundings = Surroundings(
            environment={**self.environment, **more},
            folder=folder or self.root,
            home=Path(self.environment["HOME"]),
            stdout_is_terminal=on_terminal,
            stderr_is_terminal=False,
        )
        stdout, stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = run(words, surroundings)
        return Said(code=int(code), stdout=stdout.getvalue(), stderr=stderr.getvalue())

    def process(
        self,
        *words: str | bytes,
        more: Mapping[str, str] = NOTHING,
        encoding: str = "utf-8",
        within_s: float = 120,
    ) -> Said:
        """Run `polyarch` as a process of its own."""
        with self.start(*words, more=more, encoding=encoding) as started:
            stdout, stderr = started.communicate(timeout=within_s)
        return Said(code=started.returncode, stdout=stdout, stderr=stderr)

    def start(
        self,
        *words: str | bytes,
        more: Mapping[str, str] = NOTHING,
        encoding: str = "utf-8",
    ) -> subprocess.Popen[str]:
        """Start it, and leave the end to the test."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.root,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding=encoding,
        )

    def files(self, *, below: str = ".polyarch") -> Iterator[Path]:
        """Every file that polyarch keeps."""
        return (path for path in sorted((self.root / below).rglob("*")) if path.is_file())

    @property
    def runs(self) -> Sequence[Path]:
        """The folders of all runs, oldest first."""
        return sorted((self.root / ".polyarch" / "runs").iterdir())


COMMAND = (sys.executable, "-m", "polyarch")


def github(event: str, ref: str, sha: str, **more: str) -> dict[str, str]:
    """The environment of a GitHub Actions job."""
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REF": ref,
        "GITHUB_SHA": sha,
        "GITHUB_REPOSITORY": "team/project",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "42",
        **more,
    }


def _environment(place: Path) -> dict[str, str]:
    """PATH has git and a shell, and no engine whatever this machine has."""
    programs, home = place / "bin", place / "home"
    for folder in (programs, home):
        folder.mkdir(exist_ok=True)
    for name in ("git", "sh", "cat", "chmod", "sleep"):
        found = shutil.which(name)
        assert found, f"these tests need `{name}`"
        link = programs / name
        if not link.exists():
            link.symlink_to(found)
    return {
        "PATH": str(programs),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # The command is the one that the tests import, installed or not.
        "PYTHONPATH": str(Path(polyarch.__file__).parents[1]),
        "PYTHONFAULTHANDLER": "1",  # where a library's C code ends the process, say in what
    }
