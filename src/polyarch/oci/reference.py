"""References: repositories, tags and digests as people write them.

Sources: distribution-spec v1.1 "Pulling manifests" (the grammar of names and tags);
distribution/reference, normalize.go (Docker Hub's short names).
"""

import re
from dataclasses import dataclass
from typing import Self

from polyarch.errors import InvalidDigestError, InvalidReferenceError
from polyarch.oci.digest import Digest

DOCKER_HUB = "docker.io"
DOCKER_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
"""All hosts under which people know Docker Hub; references hold the first."""
DEFAULT_TAG = "latest"
MAX_NAME_LENGTH = 255

TAG_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
    r"|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Repository:
    """Where images of one name live: a registry's host (with port) and a path in it."""

    registry: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a repository name.

        A first part that has no `.` or `:` and is not `localhost` is a name at Docker Hub.

        Raises:
            InvalidReferenceError: not a name, or with a tag or digest behind it.
        """
        registry, path = _split_registry(text)
        if "@" in path or ":" in path:
            raise InvalidReferenceError(text, "a repository has neither tag nor digest")
        if not _HOST.fullmatch(registry):
            raise InvalidReferenceError(text, f"`{registry}` is not a registry's host")
        if not _PATH.fullmatch(path):
            raise InvalidReferenceError(text, _path_problem(path))
        if len(registry) + 1 + len(path) > MAX_NAME_LENGTH:
            raise InvalidReferenceError(text, f"it is longer than {MAX_NAME_LENGTH} characters")
        return cls(registry=registry, path=path)

    def tag(self, tag: str) -> "TagReference":
        """A tag of this repository."""
        return TagReference(repository=self, tag=tag)

    def at(self, digest: Digest) -> "DigestReference":
        """A digest in this repository."""
        return DigestReference(repository=self, digest=digest)

    @property
    def familiar(self) -> str:
        """The short form that `docker pull` takes: Docker Hub's host left out."""
        if self.registry != DOCKER_HUB:
            return str(self)
        return self.path.removeprefix("library/")

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TagReference:
    """A name that can be moved."""

    repository: Repository
    tag: str

    def __post_init__(self) -> None:
        if not TAG_PATTERN.fullmatch(self.tag):
            reason = "a tag has at most 128 letters, digits, `_`, `.` and `-`, not `.` or `-` first"
            raise InvalidReferenceError(f"{self.repository}:{self.tag}", reason)

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DigestReference:
    """A name that can never mean anything else."""

    repository: Repository
    digest: Digest

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}"


Reference = TagReference | DigestReference


def parse_reference(text: str) -> Reference:
    """Read `[registry/]repository[:tag][@digest]`; neither tag nor digest means `latest`.

    With a tag and a digest the digest alone counts, as every runtime has it.

    Raises:
        InvalidReferenceError: not a reference.
    """
    name, at, digest_text = text.strip().partition("@")
    head, slash, tail = name.rpartition("/")
    tail, colon, tag = tail.partition(":")
    repository = Repository.parse(f"{head}{slash}{tail}")
    if colon and not TAG_PATTERN.fullmatch(tag):
        raise InvalidReferenceError(text, f"`{tag}` is not a tag")
    if not at:
        return repository.tag(tag or DEFAULT_TAG)
    try:
        return repository.at(Digest.parse(digest_text))
    except InvalidDigestError as error:
        raise InvalidReferenceError(text, error.message) from error


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    is_host = slash and (
        "." in first or ":" in first or first == "localhost" or first != first.lower()
    )
    registry, path = (first, rest) if is_host else (DOCKER_HUB, text)
    if registry.lower() in DOCKER_HUB_NAMES:
        registry = DOCKER_HUB
        path = path if "/" in path else f"library/{path}"
    return registry, path


def _path_problem(path: str) -> str:
    if not path or path == "library/":
        return "the name is empty"
    if path != path.lower():
        return "a repository's name is in lower case"
    return f"`{path}` has characters or separators that a repository's name cannot have"
