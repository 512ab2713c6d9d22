"""The one function of this room that opens a Dockerfile."""

from pathlib import Path

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.tree import Dockerfile
from polyarch.errors import DockerfileUnreadableError


def read_dockerfile(path: Path, *, name: str | None = None) -> Dockerfile:
    """Read and parse a Dockerfile; `name` stands for the path in messages.

    Raises:
        DockerfileUnreadableError: it does not exist or cannot be read.
        DockerfileSyntaxError: it cannot be parsed.
    """
    shown = name or str(path)
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise DockerfileUnreadableError(shown, (error.strerror or str(error)).lower()) from error
    return parse(text, path=shown)
