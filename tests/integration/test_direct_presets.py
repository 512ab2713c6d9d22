"""Both presets of the direct engine on a Go program: five platforms, each run, twice the same.

In one polyarch has Go compile it; in the other it was compiled before, into folders as GoReleaser
leaves them, and lost its right to run on the way, as files do that CI hands from job to job.
"""

import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from polyarch.cli.exit_codes import ExitCode
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.toolchain import names_of
from tests.lab.gotool import GoTool
from tests.support.command_line import CommandLine, plain_environment
from tests.support.git_project import GitProject

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("run_foreign")]

PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/riscv64"]

PROGRAM = """\
package main

import (
	"os"
	"runtime"
	"strconv"
)

var version = "unset"

func main() {
	_, err := os.Stat("/etc/ssl/certs/ca-certificates.crt")
	os.Stdout.WriteString(runtime.GOOS + "/" + runtime.GOARCH + " " + version + "\\n")
	os.Stdout.WriteString("certificates " + strconv.FormatBool(err == nil) + "\\n")
}
"""
SOURCES = {
    "go.mod": "module example.com/hello\n\ngo 1.21\n",
    "cmd/hello/main.go": PROGRAM,
    "web/index.html": "hello",
    "web/node_modules/lib.js": "library",
}
HEAD = """\
[images.hello]
platforms = {platforms}
repositories = ["registry.example.com/hello"]
tags = ["type=ref,event=branch"]
smoke-test = [{{ run = ["/hello"], matches = "linux/.* main\\ncertificates true" }}]
[images.hello.direct]
"""
GO = """\
preset = "go"
package = "./cmd/hello"
"ldflags+" = ["-X main.version={{version}}"]
"files+" = [{ from = "web", to = "/srv/web" }]
"""
STATIC = """\
preset = "static"
files = [{ from = "dist/hello_{goreleaser}/hello", to = "/hello" }, { from = "web", to = "/srv/" }]
"""


@dataclass(frozen=True)
class Work:
    """A project on disk and the command in it."""

    project: GitProject
    command: CommandLine

    @classmethod
    def make(cls, folder: Path, recipe: str, go: GoTool, platforms: list[str]) -> "Work":
        config = HEAD.format(platforms=platforms) + recipe
        project = GitProject.make(folder / "hello", {**SOURCES, "polyarch.toml": config})
        environment = {**plain_environment(folder / "home"), **go.environment}
        return cls(project, CommandLine(folder=project.root, environment=environment))

    def build(self) -> dict[str, str]:
        """Build, and give the digest of each platform; all must have been run."""
        answer = self.command.run("build", "--json", more=self.project.pushed_branch())
        parts: list[dict[str, Any]] = answer.document["parts"]
        assert [proof["level"] for part in parts for proof in part["proofs"]] == [
            level for _ in parts for level in ("deep", "run")
        ]
        return {part["platform"]: part["manifest"]["digest"] for part in parts}

    def image(self, platform: str) -> tuple[LayoutStore, ImageManifest]:
        slug = Platform.parse(platform).slug
        layout = LayoutStore(self.project.root / ".polyarch/parts/hello" / slug)
        [entry] = layout.entries()
        return layout, ImageManifest.parse(read_small(layout, entry))

    def layers(self, platform: str) -> list[list[str]]:
        layout, manifest = self.image(platform)
        found = []
        for layer in manifest.layers:
            with layout.open(layer) as packed, tarfile.open(fileobj=packed) as tar:
                found.append([member.name for member in tar if member.isfile()])
        return found


def compile_all(work: Work, go: GoTool, platforms: list[str]) -> None:
    """What a project's own release tool would have done."""
    for text in platforms:
        names = names_of(Platform.parse(text))
        levels = {f"GO{key[2:].upper()}": names[key] or "" for key in names if key[:2] == "go"}
        place = work.project.root / f"dist/hello_{names['goreleaser']}/hello"
        words = ["-ldflags=-s -w -X main.version=main", "-o", str(place), "./cmd/hello"]
        environment = {**work.command.environment, **levels, "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", *words], cwd=work.project.root, env=environment, check=True)
        place.chmod(0o644)


@pytest.mark.parametrize(
    "platforms",
    [PLATFORMS[:2], pytest.param(PLATFORMS, marks=pytest.mark.long)],
    ids=["two", "five"],
)
def test_go(go: GoTool, tmp_path: Path, platforms: list[str]) -> None:
    work = Work.make(tmp_path / "one", GO, go, platforms)
    digests = work.build()
    assert list(digests) == platforms
    for platform in platforms:
        assert work.layers(platform) == [
            ["etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt"],
            ["srv/web/node_modules/lib.js"],
            ["hello", "srv/web/index.html"],
        ]
    elsewhere = Work.make(tmp_path / "another/place", GO, go, platforms)
    assert elsewhere.build() == digests


def test_static(go: GoTool, tmp_path: Path) -> None:
    platforms = PLATFORMS[:2]
    work = Work.make(tmp_path, STATIC, go, platforms)
    compile_all(work, go, platforms)
    digests = work.build()
    assert list(digests) == platforms
    _, before = work.image("linux/arm64")

    page = work.project.root / "web/index.html"
    page.write_text("changed")
    work.build()
    _, after = work.image("linux/arm64")
    assert after.layers[:-1] == before.layers[:-1]
    assert after.layers[-1] != before.layers[-1]

    (work.project.root / "dist/hello_linux_arm64_v8.0/hello").write_bytes(
        (work.project.root / "dist/hello_linux_amd64_v1/hello").read_bytes()
    )
    answer = work.command.run("build", "--platform", "linux/arm64", status=ExitCode.USAGE)
    message, where, _ = answer.error
    assert "dist/hello_{goreleaser}/hello" in message
    assert "amd64" in message
    assert "linux/arm64" in message
    assert "files[0]" in where


def test_without_go_the_error_says_how_to_get_it(go: GoTool, tmp_path: Path) -> None:
    work = Work.make(tmp_path, GO, go, PLATFORMS[:1])
    answer = work.command.run("build", more={"PATH": "/usr/bin:/bin"}, status=ExitCode.FAILED)
    message, _, hint = answer.error
    assert "`go` is not on PATH" in message
    assert "https://go.dev/dl" in hint
