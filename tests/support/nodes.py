"""A project whose builders are Docker Engines of the tests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.engine import DockerEngine
from tests.lab.registries import Registry
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_cases import docker_environment
from tests.support.git_project import GitProject


@dataclass(frozen=True)
class Nodes:
    """A project whose builders are these Engines, on a machine that has none of its own.

    Each Engine comes with the other keys of its table.
    """

    folder: Path
    project: GitProject
    command: CommandLine

    @classmethod
    def make(
        cls,
        folder: Path,
        base: Registry,
        engines: Mapping[str, tuple[DockerEngine, str]],
        image: str,
        dockerfile: str,
    ) -> "Nodes":
        builders = "".join(
            f'[builders.{name}]\nendpoint = "unix://{folder / name}"\n{more}\n'
            for name, (_, more) in engines.items()
        )
        files = {
            "polyarch.toml": f'[images.app]\nengine = "buildx"\n{image}\n{builders}',
            "Dockerfile": dockerfile.replace("{base}", base.reference("busybox:1")),
            "hello.txt": "Hello!\n",
            ".gitignore": "go\nbig\n",
        }
        project = GitProject.make(folder / "project", files)
        some, _ = next(iter(engines.values()))
        environment = plain_environment(folder / "home") | docker_environment(some)
        environment |= {"HOME": str(folder / "home"), "DOCKER_HOST": f"unix://{folder}/nobody"}
        nodes = cls(folder, project, CommandLine(folder=project.root, environment=environment))
        for name, (engine, _) in engines.items():
            nodes.link(name, engine)
        return nodes

    def link(self, name: str, engine: DockerEngine) -> None:
        """Let a builder be this Engine from now on; no file of the project changes."""
        (self.folder / name).unlink(missing_ok=True)
        (self.folder / name).symlink_to(engine.socket)

    def publish(self, *words: str) -> dict[str, Any]:
        more = self.project.pushed_branch()
        document = self.command.run("publish", "--json", *words, more=more).document
        image: dict[str, Any] = document["images"][0]
        return image

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of that kind in all runs, in their order."""
        records = sorted(self.project.root.glob(".polyarch/runs/*/events.jsonl"))
        lines = [line for record in records for line in record.read_text().splitlines()]
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def builders(self) -> dict[str, str]:
        """Who built each platform."""
        return {each["platform"]: each["builder"] for each in self.events("BuildStarted")}


def places(*platforms: str) -> str:
    """The key that names platforms."""
    return f"platforms = {json.dumps(list(platforms))}"
