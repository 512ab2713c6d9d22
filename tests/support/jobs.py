"""The jobs of one CI run: each has a copy of the project, and hands artifacts on."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarch.sandbox.server import SandboxRegistry
from tests.support.tiny_project import Said, TinyProject, github


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Jobs of one push to `main`; `project` is what all of them check out."""

    project: TinyProject
    folder: Path

    @property
    def artifacts(self) -> Path:
        """Where the artifacts of all jobs are unpacked, each in a folder of its own."""
        return self.folder / "artifacts"

    @property
    def sha(self) -> str:
        """The commit of the run."""
        return self.project.git("rev-parse", "HEAD")

    @property
    def event(self) -> dict[str, str]:
        """The environment of each job."""
        return github("push", "refs/heads/main", self.sha)

    def machine(self, name: str) -> TinyProject:
        """The checkout of one job; made when it is first asked for."""
        root = self.folder / name / "project"
        if not root.exists():
            shutil.copytree(self.project.root, root, ignore=lambda *_: [".polyarch"], symlinks=True)
        return TinyProject(root=root, environment=self.project.environment)

    def stage(self, name: str, platform: str, *words: str, **more: str) -> Said:
        """`build --stage` of one platform in one job, whose records become its artifact."""
        machine = self.machine(name)
        event = {**self.event, **more}
        said = machine.run("build", "--stage", "--json", "-p", platform, *words, more=event)
        if said.code == 0:
            self.keep(name)
        return said

    def keep(self, name: str, *, layouts: bool = False) -> Path:
        """Let the parts of a job be its artifact: their records alone, or layouts too."""
        parts = self.machine(name).root / ".polyarch" / "parts"
        target = self.artifacts / name
        shutil.rmtree(target, ignore_errors=True)
        if layouts:
            shutil.copytree(parts, target)
        else:
            for record in parts.glob("*/*.json"):
                place = target / record.relative_to(parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(record, place)
        return target

    def join(self, *words: str, parts: str | None = None, **more: str) -> Said:
        """`publish --parts` in a job of its own."""
        source = str(self.artifacts) if parts is None else parts
        event = {**self.event, **more}
        return self.machine("join").run("publish", "--json", "--parts", source, *words, more=event)

    def records(self) -> Iterator[Path]:
        """The records that were handed over."""
        return (
            path for path in sorted(self.artifacts.rglob("*.json")) if path.parent.name == "app"
        )

    def documents(self) -> list[dict[str, Any]]:
        """What stands in them."""
        return [json.loads(path.read_text()) for path in self.records()]

    def rewrite(self, platform: str, **changes: object) -> Path:
        """Let the record of one platform say something else."""
        [path] = [p for p in self.records() if json.loads(p.read_text())["platform"] == platform]
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
        return path


def tags_put(*registries: SandboxRegistry) -> list[str]:
    """Every tag that anybody tried to make or move."""
    return [
        request.path.rpartition("/")[2]
        for registry in registries
        for request in registry.requests
        if request.method == "PUT" and "/manifests/" in request.path and ":" not in request.path
    ]


def blobs_sent(registry: SandboxRegistry) -> list[str]:
    """Requests that brought bytes of blobs."""
    return [r.path for r in registry.requests if r.received and "/uploads/" in r.path]


def blobs_read(registry: SandboxRegistry, digest: str) -> int:
    """How often a blob was fetched."""
    reading = (r.path for r in registry.requests if r.method == "GET")
    return len([path for path in reading if path.endswith(f"/blobs/{digest}")])
