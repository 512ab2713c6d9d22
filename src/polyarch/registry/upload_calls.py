"""The requests that uploads to one repository are made of.

Source: distribution-spec v1.1 "Pushing Blobs". What they mean for a blob is decided in `sending`.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from polyarch.errors import (
    DeniedError,
    DigestMismatchError,
    Exchange,
    PolyarchError,
    PushesRefusedError,
    RepositoryNotFoundError,
    UnexpectedAnswerError,
    UploadRefusedError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import Repository
from polyarch.registry.blobs import blob_exists
from polyarch.registry.body import Body
from polyarch.registry.call import Answer, Call, Explain
from polyarch.registry.paths import Paths
from polyarch.registry.place import Place, chunk_min_of, content_range, told_by
from polyarch.registry.redact import redact_url
from polyarch.registry.scope import Scope
from polyarch.registry.session import Session
from polyarch.registry.wire import absolute, digest_of, upload_url, with_digest

Progress = Callable[[int], None]
"""Hears how many bytes of a blob are sent; begins again when sending does."""

_OK = 200
_CREATED = 201
_ACCEPTED = 202
_NO_CONTENT = 204
_FORBIDDEN = 403
_NOT_FOUND = 404
_STORED = frozenset({_OK, _CREATED, _NO_CONTENT})
# ECR answers 201 to a chunk (regclient, scheme/reg/blob.go).
_APPENDED = frozenset({_OK, _CREATED, _ACCEPTED, _NO_CONTENT})
_NO_STATUS = frozenset({405, 501})

_COMMIT_S = 60.0
_COMMIT_BYTES_PER_S = 20_000_000
_CANCEL_S = 2.0
_OCTETS = ("Content-Type", "application/octet-stream")


@dataclass(slots=True)
class _Sent:
    """How much of a body is gone; tells whoever listens, from the blob's first byte on."""

    listen: Progress
    before: int
    count: int = 0

    def __call__(self, sent: int) -> None:
        self.count = sent
        self.listen(self.before + sent)


class UploadCalls:
    """One method for each request; every one may raise RegistryError."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self.session = session
        self.repository = repository
        self._paths = Paths(repository=repository)
        self._scope = Scope.push(repository.path)

    async def exists(self, blob: Descriptor) -> bool:
        """Whether the repository holds the blob in its full size, as far as it tells."""
        try:
            return await blob_exists(self.session, self.repository, blob)
        except DeniedError:
            # Some say 403 of what is missing; sending it finds out.
            return False

    async def open(self, blob: Descriptor | None = None) -> Place:
        """Open an upload.

        Raises:
            RepositoryNotFoundError: the repository has to be made first.
            PushesRefusedError: the registry only gives.
        """
        answer = await self.session.ask(
            self._call(
                "POST",
                self._paths.uploads(**_algorithm(blob)),
                frozenset({_ACCEPTED}),
                explain=self._explain_opening,
            )
        )
        return self._place(answer)

    async def post_whole(self, blob: Descriptor, body: Body, on_progress: Progress) -> Place | None:
        """Send a blob with the request that opens its upload; None when it is stored.

        Raises:
            UploadRefusedError: it does not take blobs that way.
            DigestMismatchError: it stored something else.
        """
        url = self._paths.uploads(digest=str(blob.digest))
        sent = _Sent(on_progress, 0)
        answer = await self.session.ask(
            replace(
                self._sending("POST", url, blob, body, sent),
                accept=frozenset({_CREATED, _ACCEPTED}),
            )
        )
        if answer.status == _ACCEPTED:
            return self._place(answer)
        await self._check_stored(answer, blob, body, sent)
        return None

    async def mount(self, blob: Descriptor, source: Repository) -> Place | None:
        """Take a blob over from a sibling; None when it is here, else where to send it."""
        from_source = Scope.pull(source.path)
        url = self._paths.uploads(mount=str(blob.digest), **{"from": source.path})
        call = self._call("POST", url, frozenset({_CREATED, _ACCEPTED}))
        try:
            answer = await self.session.ask(
                replace(call, scopes=(self._scope, from_source), once=True)
            )
        except PolyarchError:
            self.session.withdraw(self.repository, (from_source,))
            raise
        return None if answer.status == _CREATED else self._place(answer)

    async def append(
        self, blob: Descriptor, place: Place, part: Body, on_progress: Progress
    ) -> Place:
        """Send the next chunk; gives the place after it.

        Raises:
            UploadRefusedError: the registry does not take it, or not here.
            UnexpectedAnswerError: it says to have what it was not sent.
        """
        sent = _Sent(on_progress, place.next)
        call = self._sending("PATCH", place.location, blob, part, sent)
        answer = await self.session.ask(
            replace(
                call,
                headers=(_OCTETS, content_range(place.next, part)),
                accept=_APPENDED,
                in_place=True,
            )
        )
        reached = place.next + sent.count
        told = told_by(answer, expected=reached, of_chunk=True)
        if not self.session.habits.resumes and sent.count == part.size:
            # It does not tell truly how far an upload came.
            told = reached
        if told is None and sent.count < part.size:
            raise self.session.nonsense(answer, "PATCH", "it took a chunk that was not sent yet")
        if told is not None and told > reached:
            raise self.session.nonsense(answer, "PATCH", "it has more bytes than were sent")
        return self._place(answer, place, reached if told is None else told)

    async def close(
        self, blob: Descriptor, place: Place, part: Body, on_progress: Progress
    ) -> None:
        """Send the last chunk, or the whole blob, and let the registry store it.

        Raises:
            UploadRefusedError: the registry does not take it.
            DigestMismatchError: it stored something else.
        """
        sent = _Sent(on_progress, place.next)
        url = with_digest(place.location, blob.digest)
        call = self._sending("PUT", url, blob, part, sent)
        if place.next and part.size:
            call = replace(call, headers=(_OCTETS, content_range(place.next, part)))
        answer = await self.session.ask(replace(call, accept=_STORED, in_place=True))
        await self._check_stored(answer, blob, part, sent)

    async def ask(self, place: Place) -> Place | None:
        """How far an upload came; None where it is gone.

        Raises:
            UploadRefusedError: the registry does not tell.
        """
        call = self._call("GET", place.location, frozenset({_NO_CONTENT, _OK, _ACCEPTED}))
        try:
            answer = await self.session.ask(replace(call, explain=self._explain_asking))
        except UnexpectedAnswerError:
            return None
        told = told_by(answer, expected=place.next)
        return None if told is None else self._place(answer, place, told)

    async def cancel(self, location: str) -> None:
        """Give an upload up, as well as it goes: half uploads count against quotas."""
        accept = frozenset({_OK, _ACCEPTED, _NO_CONTENT, _NOT_FOUND})
        call = replace(self._call("DELETE", location, accept), once=True, dispensable=True)
        with contextlib.suppress(PolyarchError, TimeoutError):
            async with asyncio.timeout(_CANCEL_S):
                await self.session.ask(call)

    def check(self, location: str) -> None:
        """Refuse a location that the registry may not have named.

        Raises:
            UnsafeTargetError: it is one.
        """
        self.session.check_target(location, method="POST", kind="the place of an upload")

    def stuck(self, location: str) -> UnexpectedAnswerError:
        """What to tell of an upload that gets no further though its chunks are taken."""
        exchange = Exchange(
            registry=self.repository.registry, method="PATCH", url=redact_url(location)
        )
        return UnexpectedAnswerError(exchange, "an upload does not get on")

    def _call(
        self, method: str, url: str, accept: frozenset[int], *, explain: Explain | None = None
    ) -> Call:
        call = Call(
            repository=self.repository,
            method=method,
            url=url,
            accept=accept,
            scopes=(self._scope,),
        )
        return replace(call, explain=explain) if explain else call

    def _sending(self, method: str, url: str, blob: Descriptor, body: Body, sent: _Sent) -> Call:
        call = self._call(method, url, _STORED, explain=_explain_sending(blob))
        return replace(
            call,
            headers=(_OCTETS,),
            body=body,
            on_sent=sent,
            answer_s=_COMMIT_S + max(blob.size, body.size) / _COMMIT_BYTES_PER_S,
            min_life_s=self.session.seconds_for(body.size),
            once=True,
        )

    async def _check_stored(
        self, answer: Answer, blob: Descriptor, body: Body, sent: _Sent
    ) -> None:
        found = digest_of(answer.headers)
        if found and found != blob.digest:
            raise DigestMismatchError(str(blob.digest), str(found), str(self.repository))
        # An answer that came before the body was sent says nothing of the body.
        if sent.count < body.size and not await self.exists(blob):
            raise self.session.nonsense(answer, "PUT", "it took a blob that was not sent yet")

    def _place(self, answer: Answer, before: Place | None = None, following: int = 0) -> Place:
        location = answer.headers.get("Location") or (before.location if before else "")
        if not location:
            raise self.session.nonsense(answer, "POST", "an upload without a place to send it to")
        url = upload_url(location, answer.url)
        if url != absolute(answer.url, location):
            self.session.warn("it names itself wrongly (http, or no port) where uploads go on")
        self.check(url)
        chunk_min = chunk_min_of(answer) or (before.chunk_min if before else 0)
        return Place(location=url, next=following, chunk_min=chunk_min)

    def _explain_opening(self, exchange: Exchange) -> PolyarchError | None:
        if exchange.status == _NOT_FOUND:
            return RepositoryNotFoundError(exchange, str(self.repository))
        if exchange.status in _NO_STATUS:
            return PushesRefusedError(exchange)
        return None

    def _explain_asking(self, exchange: Exchange) -> PolyarchError | None:
        if exchange.status in _NO_STATUS:
            return UploadRefusedError(exchange, "", 0)
        return UnexpectedAnswerError(exchange, "the upload is gone")


def _algorithm(blob: Descriptor | None) -> dict[str, str]:
    algorithm = blob.digest.algorithm if blob else "sha256"
    return {} if algorithm == "sha256" else {"digest-algorithm": algorithm}


def _explain_sending(blob: Descriptor) -> Explain:
    def explain(exchange: Exchange) -> PolyarchError | None:
        if exchange.status == _FORBIDDEN or "DENIED" in exchange.codes:
            return None
        return UploadRefusedError(exchange, str(blob.digest), blob.size)

    return explain
