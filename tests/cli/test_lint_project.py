"""`polyarch lint` in a project, and what `plan` and `publish` say of its images."""

from pathlib import Path

import pytest

from tests.cli.test_lint import BAD, GOOD, SLOW, linted, paths, rules
from tests.support.tiny_project import TinyProject

TOML = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]

[images.server]
[images.web]
dockerfile = "web/Dockerfile"
target = "site"
platforms = ["linux/arm64"]
"""
WEB = f"FROM alpine:3.20 AS site\nCOPY a /a\n{BAD}"


@pytest.fixture
def made(tmp_path: Path) -> TinyProject:
    """Two images with a Dockerfile each."""
    files = {"polyarch.toml": TOML, "Dockerfile": SLOW, "web/Dockerfile": WEB}
    return TinyProject.make(tmp_path / "project", files, git=False)


def test_each_image_as_it_is_built(made: TinyProject):
    made.write({"other/Dockerfile": BAD})
    said = linted(made)
    assert paths(said) == ["Dockerfile", "web/Dockerfile"]
    assert [file["images"] for file in said.document["files"]] == [["server"], ["web"]]
    assert (rules(said, 0), rules(said, 1)) == (["PA201"], [])
    assert said.document["files"][0]["findings"][0]["platforms"] == ["linux/arm64"]


def test_from_a_folder_of_the_project(made: TinyProject):
    said = made.run("lint", "--json", folder=made.root / "web")
    assert paths(said) == ["../Dockerfile", "Dockerfile"]


def test_some_of_the_platforms(made: TinyProject):
    said = linted(made, "-p", "linux/amd64")
    assert paths(said) == ["Dockerfile"]
    assert rules(said) == []


def test_platforms_that_no_image_has_yet(made: TinyProject):
    said = linted(made, "-p", "linux/riscv64,linux/s390x")
    assert paths(said) == ["Dockerfile", "web/Dockerfile"]
    assert rules(said, 0) == ["PA201"]
    assert said.document["files"][0]["findings"][0]["platforms"] == ["linux/riscv64", "linux/s390x"]


def test_one_dockerfile_for_two_images(made: TinyProject):
    made.toml(
        '[defaults]\nplatforms = ["linux/amd64"]\ndockerfile = "web/Dockerfile"\n'
        '[images.a]\ntarget = "site"\n[images.b]\nplatforms = ["linux/arm64", "linux/s390x"]\n'
    )
    said = linted(made, code=1)
    assert [file["images"] for file in said.document["files"]] == [["a", "b"]]
    [found] = said.document["files"][0]["findings"]
    assert (found["rule"], found["platforms"]) == ("PA101", ["linux/arm64", "linux/s390x"])


def test_build_arguments_count(made: TinyProject):
    made.write({"Dockerfile": "ARG BASE\nFROM $BASE\nCOPY a /a\n"})
    made.toml('+[images.server.build-args]\nBASE = "arm64v8/alpine"\nV = "{{version}}"\n')
    assert rules(linted(made, code=1)) == ["PA103"]


def test_files_beside_them(made: TinyProject):
    made.write(
        {
            "compose.yaml": "services: {a: {build: ., platform: linux/amd64}}",
            "deep/compose.yaml": "services: {a: {build: ., platform: linux/amd64}}",
            ".github/workflows/ci.yml": (
                "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
                "      - uses: docker/build-push-action@v6\n"
                "        with: {platforms: linux/arm64, context: .}\n"
            ),
        }
    )
    said = linted(made)
    assert paths(said)[2:] == ["compose.yaml", ".github/workflows/ci.yml"]
    assert (rules(said, 2), rules(said, 3)) == (["PA601"], ["PA602"])
    [found] = said.document["files"][3]["findings"]
    assert found["severity"] == "warning", "the Dockerfile runs something there"
    made.write({"Dockerfile": GOOD})
    assert rules(linted(made), 3) == []


def test_a_dockerfile_that_is_not_there(made: TinyProject):
    (made.root / "Dockerfile").unlink()
    said = linted(made, code=3)
    assert [bool(file["error"]) for file in said.document["files"]] == [True, False]


def test_nothing_is_built_from_a_dockerfile(project: TinyProject):
    assert linted(project, code=3).document["code"] == "nothing-to-lint"


def test_a_config_that_is_wrong(made: TinyProject):
    made.toml("[images.server]\nplatform = 1\n")
    assert linted(made, code=2).document["code"] == "invalid-config"


def test_mending_one_image_harms_no_other(made: TinyProject):
    """A stage that one image ships and the other only compiles in stays as it is."""
    text = SLOW.replace("FROM alpine:3.20\n", "FROM alpine:3.20 AS app\n")
    made.write({"Dockerfile": text})
    made.toml(
        '[defaults]\nplatforms = ["linux/amd64", "linux/arm64"]\n'
        '[images.app]\ntarget = "app"\n[images.tools]\ntarget = "build"\n'
    )
    said = linted(made, "--fix")
    assert (made.root / "Dockerfile").read_text() == text
    [refused] = said.document["files"][0]["mended"]["refused"]
    assert refused["rule"] == "PA201"
