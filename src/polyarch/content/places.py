"""Where an image is, or goes to, as people write it: a registry, a layout, an archive, an engine.

Written as skopeo's users write it (containers/image, docs/containers-transports.5.md): the first
colon behind the kind ends a path, so a path holds none.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from polyarch.errors import InvalidDigestError, InvalidPlaceError, InvalidReferenceError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import DEFAULT_TAG, Repository, TagReference, parse_reference

_DIGEST_BEHIND = re.compile(r"(?P<before>.*)@(?P<digest>sha(?:256|512):[^@]*)", re.DOTALL)
_NUMBERED = re.compile(r"@[0-9]{1,6}")
_FOREIGN = ("dir:", "containers-storage:", "ostree:", "sif:", "tarball:", "atomic:")
"""Places that skopeo knows and that would be read as images of Docker Hub else."""


class Kind(StrEnum):
    """What sort of place; the value stands before the colon."""

    LAYOUT = "oci"
    OCI_ARCHIVE = "oci-archive"
    DOCKER_ARCHIVE = "docker-archive"
    DOCKER_DAEMON = "docker-daemon"
    BUILT = "image"
    REGISTRY = "docker"


_WITH_PATH = frozenset({Kind.LAYOUT, Kind.OCI_ARCHIVE, Kind.DOCKER_ARCHIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of one image.

    `path` is a layout's folder or an archive's file as it was written, of `image:` the image's
    name. `repository` is set for registries, and for Docker's places where they name one. `tag` is
    empty where none was named; of a layout or OCI archive it is any name of an entry, of a Docker
    archive also `@N`, the number of an image.
    """

    kind: Kind
    path: str = ""
    repository: Repository | None = None
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a place.

        Raises:
            InvalidPlaceError: a kind that cannot hold an image, or a part of it is missing.
            InvalidReferenceError: it should be a reference and is none.
        """
        text = text.strip()
        if text.startswith("file:"):
            reason = "`file:` names one program or library, and only `verify` takes it"
            raise InvalidPlaceError(text, reason)
        if text.startswith(_FOREIGN):
            kind = text.partition(":")[0]
            reason = f"`{kind}:` is no kind of place that polyarch knows"
            hint = f"copy it with skopeo to `oci:DIR` first; an image is `docker.io/library/{kind}`"
            raise InvalidPlaceError(text, reason, hint=hint)
        for kind in Kind:
            if kind is not Kind.REGISTRY and text.startswith(f"{kind.value}:"):
                return cls._of_kind(kind, text, text.removeprefix(f"{kind.value}:"))
        return cls._in_registry(text)

    @property
    def is_registry(self) -> bool:
        """Whether it is a repository of a registry."""
        return self.kind is Kind.REGISTRY

    @property
    def name(self) -> str:
        """The place without tag and digest."""
        if self.is_registry:
            return str(self.repository)
        return f"{self.kind.value}:{self.path or self.repository or ''}"

    @property
    def full_name(self) -> str:
        """`registry/repository:tag` where it names both, else nothing."""
        return str(self.repository.tag(self.tag)) if self.repository and self.tag else ""

    def pinned(self, digest: Digest) -> str:
        """The place of exactly these bytes: what is printed for scripts."""
        if self.kind is Kind.DOCKER_DAEMON:
            return str(replace(self, digest=digest))
        return f"{self.name}@{digest}"

    @classmethod
    def _of_kind(cls, kind: Kind, text: str, rest: str) -> Self:
        if kind is Kind.BUILT:
            if not rest or not rest.isprintable():
                raise InvalidPlaceError(text, "the name of the image is missing")
            return cls(kind=kind, path=rest)
        if kind is Kind.DOCKER_DAEMON:
            return cls._in_engine(text, rest)
        rest, digest = _without_digest(text, rest)
        path, colon, tag = rest.partition(":")
        if not path or "\0" in path:
            raise InvalidPlaceError(text, "the path is missing")
        if colon and not (tag and tag.isprintable()):
            raise InvalidPlaceError(text, "the name behind the last colon is missing")
        if kind is Kind.DOCKER_ARCHIVE and tag and not _NUMBERED.fullmatch(tag):
            repository, tag = _named(text, tag)
            return cls(kind=kind, path=path, repository=repository, tag=tag, digest=digest)
        return cls(kind=kind, path=path, tag=tag, digest=digest)

    @classmethod
    def _in_engine(cls, text: str, rest: str) -> Self:
        name, digest = _without_digest(text, f"@{rest}" if _is_id(rest) else rest)
        if not name and digest is None:
            raise InvalidPlaceError(text, "the name of the image is missing")
        if not name:
            return cls(kind=Kind.DOCKER_DAEMON, digest=digest)
        repository, tag = _named(text, name, default="" if digest else DEFAULT_TAG)
        return cls(kind=Kind.DOCKER_DAEMON, repository=repository, tag=tag, digest=digest)

    @classmethod
    def _in_registry(cls, text: str) -> Self:
        name = text.removeprefix("docker://")
        try:
            reference = parse_reference(name)
        except InvalidReferenceError as error:
            raise error.at("the command line") from None
        named = name.partition("@")[0].rpartition("/")[2].partition(":")[2]
        return cls(
            kind=Kind.REGISTRY,
            repository=reference.repository,
            tag=named,
            digest=None if isinstance(reference, TagReference) else reference.digest,
        )

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        if self.kind is Kind.DOCKER_ARCHIVE and self.repository:
            tag = f":{self.repository}{tag}"
        if self.kind is Kind.DOCKER_DAEMON and self.repository is None:
            return f"{self.kind.value}:{self.digest}"
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def _is_id(text: str) -> bool:
    return text.startswith(("sha256:", "sha512:"))


def _without_digest(text: str, rest: str) -> tuple[str, Digest | None]:
    found = _DIGEST_BEHIND.fullmatch(rest)
    if not found:
        return rest, None
    try:
        return found["before"], Digest.parse(found["digest"])
    except InvalidDigestError as error:
        raise InvalidPlaceError(text, error.message, hint=error.hint) from None


def _named(text: str, name: str, *, default: str = DEFAULT_TAG) -> tuple[Repository, str]:
    """The repository and tag of a name without digest.

    Raises:
        InvalidPlaceError: it is none.
    """
    try:
        reference = parse_reference(name)
    except InvalidReferenceError as error:
        raise InvalidPlaceError(text, error.message, hint=error.hint) from None
    has_tag = ":" in name.rpartition("/")[2]
    tag = reference.tag if has_tag and isinstance(reference, TagReference) else default
    return reference.repository, tag
