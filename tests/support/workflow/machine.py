"""The machine of one job: a workspace, a home, and what its scripts are started with.

Source: docs.github.com, "Workflow syntax", `jobs.<job_id>.steps[*].shell`, and "Workflow commands".
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.runner_files import runner_reads
from tests.support.workflow.values import WorkflowError

_SHELLS = {
    "": ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
    "sh": ("sh", "-e"),
}
_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE")
_MOST_SUMMARY = 1 << 20
_WITHIN_S = 240
SHELL = "shell.pid"
"""In a machine's temporary folder: the shell that a cancelled job sends its signal to."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one script came to."""

    code: int
    log: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    summary: str = ""
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Clean when a job gets it; `path` is where its programs are, `known` every variable on it."""

    folder: Path
    path: str
    known: Mapping[str, str]

    @property
    def workspace(self) -> Path:
        """Where checkout puts the project."""
        return self.folder / "work" / "project"

    @property
    def home(self) -> Path:
        """The home of who runs the scripts."""
        return self.folder / "home"

    @property
    def temp(self) -> Path:
        """Emptied for each job."""
        return self.folder / "temp"

    def set_up(self, payload: Mapping[str, Any]) -> None:
        """Make the folders and the event file."""
        for place in (self.workspace, self.home, self.temp):
            place.mkdir(parents=True)
        (self.temp / "event.json").write_text(json.dumps(payload))

    @property
    def environment(self) -> dict[str, str]:
        """What every script is given, whatever the workflow says."""
        return {
            **self.known,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
            "RUNNER_TEMP": str(self.temp),
            "RUNNER_TOOL_CACHE": str(self.folder / "tools"),
        }

    def run(
        self,
        number: int,
        script: str,
        *,
        shell: str,
        env: Mapping[str, str],
        folder: str,
        paths: tuple[str, ...],
    ) -> Ran:
        """Run one step's script with fresh files to write to."""
        if shell not in _SHELLS:
            raise WorkflowError(f"`shell: {shell}` is not known here")
        files = {name: self.temp / f"{number}-{name.lower()}" for name in _FILES}
        for file in files.values():
            file.touch()
        place = self.temp / f"{number}.sh"
        place.write_text(script)
        path = ":".join((*reversed(paths), self.path))
        given = {**env, **self.environment, "PATH": path} | {n: str(f) for n, f in files.items()}
        started = subprocess.Popen(
            [*_SHELLS[shell], str(place)],
            cwd=self.workspace / folder,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        with started:
            (self.temp / SHELL).write_text(str(started.pid))
            try:
                said, _ = started.communicate(timeout=_WITHIN_S)
            finally:
                started.kill()  # nothing, where it has ended
        summary = files["GITHUB_STEP_SUMMARY"].read_text()
        if len(summary.encode()) > _MOST_SUMMARY:
            raise WorkflowError(f"a summary of {len(summary)} characters is dropped by the forge")
        return Ran(
            code=started.returncode,
            log=said.decode("utf-8", "replace"),
            outputs=runner_reads(files["GITHUB_OUTPUT"]),
            variables=runner_reads(files["GITHUB_ENV"]),
            paths=tuple(files["GITHUB_PATH"].read_text().split()),
            summary=summary,
            given=given,
        )
