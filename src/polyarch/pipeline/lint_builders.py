"""What a project's CI builds its images with, where that is not BuildKit."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from polyarch.content.files import open_regular

_FILES = (
    ".gitlab-ci.yml", ".circleci/config.yml", ".travis.yml", ".drone.yml", ".woodpecker.yml",
    "azure-pipelines.yml", "bitbucket-pipelines.yml", "cloudbuild.yaml", "Jenkinsfile",
)  # fmt: skip
_FOLDERS = (".github/workflows", ".gitea/workflows", ".forgejo/workflows", ".woodpecker")
_MANY, _LONG = 200, 1 << 20
_OTHER = re.compile(
    rb"redhat-actions/buildah-build|kaniko-project/executor|\bbuildah[ \t]+(?:bud|build)\b"
    rb"|\bDOCKER_BUILDKIT[ \t]{0,8}[=:][ \t]{0,8}[\"']?0\b"
)
_COMMENT = re.compile(rb"^[ \t]*(?:#|//).*$", re.MULTILINE)


def other_builder(root: Path) -> str:
    """The builder as the CI files of a project name it; empty where they name none but BuildKit.

    What cannot be read names none.
    """
    for path in islice(_places(root), _MANY):
        try:
            with open_regular(path) as file:
                text = file.read(_LONG)
        except OSError:
            continue
        if found := _OTHER.search(_COMMENT.sub(b"", text)):
            return found.group().decode("ascii")
    return ""


def _places(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for name in _FOLDERS:
        yield from sorted((root / name).glob("*.y*ml"))
