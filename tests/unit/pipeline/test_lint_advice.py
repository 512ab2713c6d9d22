"""What a plan says of its images' Dockerfiles: warnings that fail nothing, and costs."""

from pathlib import Path

from polyarch.oci.platform import Platform
from polyarch.pipeline.lint_advice import MAX_TOLD, Advice, advice
from tests.unit.pipeline.test_facts import AMD, WORDING, project

ARM = Platform.parse("arm64")
CONFIG = '[images.app]\nplatforms = ["linux/amd64", "linux/arm64"]\n'
GO = "FROM golang:1.24\nCOPY . .\nRUN go build -o /app .\n"


def advised(root: Path, dockerfile: str, config: str = CONFIG) -> Advice:
    made = project(root, config, Dockerfile=dockerfile)
    scope = {name: image.platforms for name, image in made.images.items()}
    return advice(made, scope, {}, WORDING, build_platform=AMD)


def test_errors_are_told(tmp_path: Path):
    found = advised(tmp_path, "FROM --platform=linux/amd64 alpine\nCOPY a /a\n")
    [line] = found.warnings
    assert line.startswith("Dockerfile:1: ")
    assert line.endswith("(PA101 from-platform-constant)")
    assert found.costs == {}


def test_costs_are_told_of_what_is_emulated(tmp_path: Path):
    found = advised(tmp_path, GO)
    assert found.warnings == ()
    assert list(found.costs) == [("app", ARM)]
    assert found.costs["app", ARM].command.startswith("go build")


def test_what_exists_already_is_not_looked_at(tmp_path: Path):
    made = project(tmp_path, CONFIG, Dockerfile=GO)
    existing = {("app", ARM): object()}
    found = advice(made, {"app": (AMD, ARM)}, existing, WORDING, build_platform=AMD)
    assert found == Advice()


def test_many_are_told_in_few_lines(tmp_path: Path):
    lines = "".join(f"ADD https://example.org/{n}-amd64 /{n}\n" for n in range(MAX_TOLD + 5))
    found = advised(tmp_path, f"FROM alpine\n{lines}")
    assert len(found.warnings) == MAX_TOLD + 1
    assert found.warnings[-1] == "5 more would be wrong: `polyarch lint`"


def test_a_file_that_is_none_is_left_to_the_plan(tmp_path: Path):
    assert advised(tmp_path, "FRUM x\n") == Advice()
