"""One request and its answer as values, so that handlers and faults never touch a socket.

Sources: distribution-spec v1.1 "Error Codes"; distribution/distribution, registry/api/errcode (the
codes that real registries add and the status that goes with each).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, MutableMapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import BinaryIO, Protocol

from multidict import MultiMapping

from polyarch.oci.digest import Digest
from polyarch.sandbox.scope import Permit, Scope
from polyarch.sandbox.storage import Storage
from polyarch.sandbox.target import Target

DIGEST_HEADER = "Docker-Content-Digest"
JSON = "application/json"
OCTETS = "application/octet-stream"


class Body(Protocol):
    """The bytes that a client sends; asking for them lets a waiting client go on (100-continue)."""

    def blocks(self) -> AsyncIterator[bytes]:
        """Blocks as they arrive, each at most about 1 MiB.

        Raises:
            ConnectionError: the client went away, or broke the transfer coding.
        """


class Buffered:
    """A body that was read already, to be read again."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def blocks(self) -> AsyncIterator[bytes]:
        """All of it at once."""
        yield self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `base_url` is the server as this client wrote it, without a final slash."""

    method: str
    target: Target
    query: MultiMapping[str]
    headers: MultiMapping[str]
    body: Body
    base_url: str
    permit: Permit
    storage: Storage
    locks: MutableMapping[str, asyncio.Lock]

    @property
    def repository(self) -> str:
        """The repository that the request is about."""
        return self.target.repository

    def needs(self) -> tuple[Scope, ...]:
        """The scopes that this request has to bring; a mount needs its source's as well."""
        source = self.query.get("from") if "mount" in self.query else None
        return self.target.needs(self.method, source)

    def url(self, path: str) -> str:
        """An absolute URL below this repository."""
        return f"{self.base_url}/v2/{self.repository}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Bytes of a file that are read only while they are sent."""

    open: Callable[[], BinaryIO]
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back; a status of 0 means that the connection is closed without an answer.

    `cut_after` closes the connection after so many bytes of the promised body, `flip_at` turns one
    bit of the byte at that place, `close` leaves unread what was not read of the request.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Slice = b""
    cut_after: int | None = None
    flip_at: int | None = None
    close: bool = False

    @property
    def length(self) -> int:
        """Size of the body in bytes, also where none is sent (HEAD)."""
        return self.body.length if isinstance(self.body, Slice) else len(self.body)

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def with_header(self, name: str, value: str) -> "Answer":
        """The same answer with this one header in place of any other of its name."""
        return self.without(name).adding((name, value))

    def without(self, name: str) -> "Answer":
        """The same answer without the headers of this name."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept)

    def adding(self, *headers: tuple[str, str]) -> "Answer":
        """The same answer with more headers."""
        return replace(self, headers=(*self.headers, *headers))


HANG_UP = Answer(status=0)
LOGIN_AGAIN = Answer(status=401)
"""Stands for the challenge that `dispatch` puts in its place."""
SILENCE = Answer(status=-1)
"""Stands for no answer while the connection stays open; `dispatch` waits in its place."""


def json_answer(
    value: object,
    *headers: tuple[str, str],
    status: int = HTTPStatus.OK,
    media_type: str = JSON,
) -> Answer:
    """An answer whose body is JSON."""
    body = json.dumps(value).encode()
    headers = (("Content-Type", media_type), *headers)
    return Answer(status=int(status), headers=headers, body=body)


_STATUS = {
    "BLOB_UNKNOWN": HTTPStatus.NOT_FOUND,
    "BLOB_UPLOAD_INVALID": HTTPStatus.BAD_REQUEST,
    "BLOB_UPLOAD_UNKNOWN": HTTPStatus.NOT_FOUND,
    "DENIED": HTTPStatus.FORBIDDEN,
    "DIGEST_INVALID": HTTPStatus.BAD_REQUEST,
    "MANIFEST_BLOB_UNKNOWN": HTTPStatus.BAD_REQUEST,
    "MANIFEST_INVALID": HTTPStatus.BAD_REQUEST,
    "MANIFEST_UNKNOWN": HTTPStatus.NOT_FOUND,
    "NAME_INVALID": HTTPStatus.BAD_REQUEST,
    "NAME_UNKNOWN": HTTPStatus.NOT_FOUND,
    "PAGINATION_NUMBER_INVALID": HTTPStatus.BAD_REQUEST,
    "RANGE_INVALID": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "SIZE_INVALID": HTTPStatus.BAD_REQUEST,
    "TAG_INVALID": HTTPStatus.BAD_REQUEST,
    "TOOMANYREQUESTS": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAUTHORIZED": HTTPStatus.UNAUTHORIZED,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "UNKNOWN": HTTPStatus.INTERNAL_SERVER_ERROR,
    "UNSUPPORTED": HTTPStatus.METHOD_NOT_ALLOWED,
}


def refusal(
    code: str,
    message: str,
    *headers: tuple[str, str],
    status: int | None = None,
    details: tuple[object, ...] = (None,),
) -> Answer:
    """An OCI error body, one error for each of `details`; the status follows from the code."""
    errors = [{"code": code, "message": message, "detail": detail} for detail in details]
    return json_answer({"errors": errors}, *headers, status=status or _STATUS[code])


def unknown_digest(text: str) -> Answer:
    """The refusal of something that is not a digest, or one of an unknown algorithm."""
    return refusal("DIGEST_INVALID", "not a digest of a supported algorithm", details=(text,))


def digest_header(digest: Digest) -> tuple[str, str]:
    """The header that names what was sent or stored."""
    return (DIGEST_HEADER, str(digest))
