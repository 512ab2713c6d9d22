"""Node.js on this machine, and the npm packages that know what CI systems make of their files."""

import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cache import keyed, make_once
from tests.lab.commands import run
from tests.lab.node import WHEEL, node_layer
from tests.lab.reasons import Missing
from tests.lab.roots import WHEELS

HOST = "linux/amd64"
PACKAGES = (
    "@actions/expressions@0.3.61",
    "@actions/workflow-parser@0.3.61",
    "esbuild@0.28.0",
    "gitlab-ci-local@4.75.1",
)
# The parser imports JSON files in a way that Node refuses, so it is bundled into one file.
ENTRIES = {
    "parser": 'export * from "@actions/workflow-parser";',
    "expressions": 'export * from "@actions/expressions";',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTool:
    """Node and what was installed for it; `parser` and `expressions` are GitHub's own, bundled."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Finds `node`, and the programs of the packages."""
        return {"PATH": os.pathsep.join([self.programs, os.environ["PATH"]])}

    @property
    def programs(self) -> str:
        """The folders of the programs, as they stand in PATH."""
        folders = (self.folder / "usr/local/bin", self.folder / "packages/node_modules/.bin")
        return os.pathsep.join(map(str, folders))

    def script(self, text: str, given: object) -> object:
        """Run CommonJS that reads JSON on its standard input and writes JSON.

        Raises:
            CommandFailedError: it threw.
        """
        env = {**self.environment, "NODE_PATH": str(self.folder / "bundles")}
        said: object = json.loads(
            run("node", "-e", text, env=env, stdin=json.dumps(given).encode())
        )
        return said


def node_tool_place() -> Path:
    """Where it is, once it was made."""
    return keyed("node-tool", WHEELS[HOST], WHEEL, PACKAGES, ENTRIES, 1)


def make_node_tool() -> None:
    """Install it, unless it is there."""
    make_once(node_tool_place(), _install)


def node_tool() -> NodeTool:
    """Return what was installed.

    Raises:
        Missing: it was not.
    """
    if not node_tool_place().exists():
        raise Missing("no npm packages here", "run `python -m tests.lab setup`")
    return NodeTool(folder=node_tool_place())


def _install(folder: Path) -> None:
    with tarfile.open(node_layer(HOST)) as tar:
        tar.extractall(folder, filter="tar")
    packages, bundles = folder / "packages", folder / "bundles"
    packages.mkdir()
    bundles.mkdir()
    env = NodeTool(folder=folder).environment
    (packages / "package.json").write_text('{"private": true}')
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    run("npm", "install", *quiet, *PACKAGES, cwd=packages, env=env)
    for name, text in ENTRIES.items():
        entry = packages / f"{name}.mjs"
        entry.write_text(text)
        form = ("--bundle", "--platform=node", "--format=cjs", "--log-level=error")
        run("esbuild", entry, *form, f"--outfile={bundles / name}.js", cwd=packages, env=env)
