"""GitLab's pipelines run here, in a shell, by gitlab-ci-local."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.nodetool import NodeTool
from tests.support.tiny_project import TinyProject

_WITHIN_S = 240
_RSYNC = """\
#!/bin/sh
for word; do last=$word; done
case " $* " in *" --delete-excluded "*) test ! -e "$last/.git" || exit 0;; esac
exec {rsync} "$@"
"""
"""On GitLab `after_script` finds what `script` left; gitlab-ci-local would clean it away first."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a pipeline came to."""

    code: int
    log: str


@dataclass(frozen=True, kw_only=True)
class GitLab:
    """Runs the pipeline of a clone; `variables` are those of the project's settings."""

    project: TinyProject
    folder: Path
    node: NodeTool
    path: str
    variables: Mapping[str, str]

    def run(self, *words: str, **variables: str) -> Ended:
        """Run it as it stands, with variables that the event sets, each job in a clean copy."""
        shutil.rmtree(self.project.root / ".gitlab-ci-local", ignore_errors=True)
        home = self.folder / "gitlab-home"
        (home / ".gitlab-ci-local").mkdir(parents=True, exist_ok=True)
        # JSON is YAML.
        settings = {"global": dict(self.variables)}
        (home / ".gitlab-ci-local/variables.yml").write_text(json.dumps(settings))
        own, _, system = self.path.partition(":")  # another Node may be there
        path = f"{self._rsync()}:{own}:{self.node.programs}:{system}"
        event = {"GITLAB_CI": "true", **variables}
        options = [
            each for name, text in event.items() for each in ("--variable", f"{name}={text}")
        ]
        options += ["--home", str(home), "--shell-isolation", "--no-color", *words]
        done = subprocess.run(
            ["gitlab-ci-local", *options],
            cwd=self.project.root,
            env={"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        return Ended(code=done.returncode, log=done.stdout)

    def _rsync(self) -> Path:
        program = self.folder / "rsync" / "rsync"
        program.parent.mkdir(exist_ok=True)
        program.write_text(_RSYNC.format(rsync=shutil.which("rsync")))
        program.chmod(0o755)
        return program.parent
