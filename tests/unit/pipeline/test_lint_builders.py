"""Projects that another builder than BuildKit builds keep their `RUN chmod`."""

from pathlib import Path

import pytest

from polyarch.pipeline.lint import lint_files
from polyarch.pipeline.lint_builders import other_builder
from polyarch.pipeline.lint_request import LintRequest

DOCKERFILE = "FROM alpine\nCOPY e.sh /\nRUN chmod +x /e.sh\n"
BOTH = "FROM alpine\nCOPY e.sh /\nRUN chown 1:2 /e.sh && chmod +x /e.sh\n"
OTHERS = [
    (".github/workflows/a.yml", "- uses: redhat-actions/buildah-build@v2\n"),
    (".gitlab-ci.yml", "image: gcr.io/kaniko-project/executor:debug\n"),
    (".gitlab-ci.yml", "script:\n  - buildah bud -t x .\n"),
    ("Jenkinsfile", "sh 'DOCKER_BUILDKIT=0 docker build .'\n"),
    (".github/workflows/a.yaml", 'env:\n  DOCKER_BUILDKIT: "0"\n'),
]
NONE = [
    (".github/workflows/a.yml", "- uses: docker/build-push-action@v6\n"),
    (".gitlab-ci.yml", "# buildah bud -t x .\n"),
    (".gitlab-ci.yml", "DOCKER_BUILDKIT: 1\nOTHER_DOCKER_BUILDKIT: 0\n"),
    (".github/workflows/a.md", "buildah bud\n"),
    ("ci/notes.txt", "buildah bud\n"),
]


def laid(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(("name", "text"), OTHERS)
def test_another_builder_is_seen(tmp_path: Path, name: str, text: str):
    laid(tmp_path, {name: text})
    assert other_builder(tmp_path)


@pytest.mark.parametrize(("name", "text"), NONE)
def test_what_names_none_is_none(tmp_path: Path, name: str, text: str):
    laid(tmp_path, {name: text})
    assert other_builder(tmp_path) == ""


def fixes(root: Path, *names: str) -> dict[str, str]:
    result = lint_files(names, LintRequest(), folder=root)
    found = [one for file in result.files for one in file.findings]
    return {one.rule: f"{one.fix}: {one.why_not}" for one in found if one.rule.startswith("PA40")}


def test_the_folders_ci_says_whether_a_mode_may_move(tmp_path: Path):
    laid(tmp_path, {"b/Dockerfile": DOCKERFILE})
    assert fixes(tmp_path, ".")["PA401"] == "safe: "
    laid(tmp_path, {".gitlab-ci.yml": "script:\n  - buildah bud .\n"})
    assert fixes(tmp_path, ".")["PA401"].startswith("none: `buildah bud` in CI")
    assert fixes(tmp_path, "b/Dockerfile")["PA401"] == "safe: "
    laid(tmp_path, {"b/Dockerfile": BOTH})
    assert fixes(tmp_path, ".")["PA402"].startswith("none")
    laid(tmp_path, {"b/Dockerfile": BOTH.replace(" && chmod +x /e.sh", "")})
    assert fixes(tmp_path, ".")["PA402"].startswith("review")
