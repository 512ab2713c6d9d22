"""Names and files of the folder storage: every name one path component, every write in one step."""

import re
import uuid
from pathlib import Path

from polyarch.errors import InvalidReferenceError
from polyarch.oci.digest import Digest
from polyarch.sandbox.names import is_repository

_SESSION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def component(repository: str) -> str:
    """A repository's name as one path component.

    Raises:
        InvalidReferenceError: not a repository's name, so perhaps a way out of the folder.
    """
    if not is_repository(repository):
        raise InvalidReferenceError(repository, "it is not a repository's name")
    return repository.replace("/", "+")


def file_name(digest: Digest) -> str:
    """A digest as a file's name."""
    return f"{digest.algorithm}-{digest.encoded}"


def parse_file_name(name: str) -> Digest:
    """The digest that `file_name` wrote."""
    return Digest.parse(name.replace("-", ":", 1))


def is_session(text: str) -> bool:
    """Whether it may be the id of an upload session."""
    return _SESSION.fullmatch(text) is not None


def names(folder: Path) -> list[str]:
    """The names in a folder, unsorted, without files that are still being written."""
    try:
        return [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    except FileNotFoundError:
        return []


def read(path: Path) -> bytes | None:
    """A file's content, None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write(path: Path, data: bytes) -> None:
    """Replace a file: readers see the old bytes or the new bytes, never less."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
