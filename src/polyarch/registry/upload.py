"""Sending one blob: mount it, or open an upload and send it whole; then be sure that it stands.

A commit whose answer was lost may have succeeded, and then the session is gone: before anything is
sent twice the registry is asked for the blob. Sources: distribution-spec v1.1 "Pushing Blobs";
GoogleContainerTools/jib#4301 (lost answers), goharbor/harbor#17097 (mounts that fail).
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polyarch.errors import (
    DigestMismatchError,
    Exchange,
    PolyarchError,
    RateLimitedError,
    RegistryError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
    UploadRefusedError,
)
from polyarch.events import Transfer
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import Repository
from polyarch.registry.blobs import blob_exists
from polyarch.registry.body import Body
from polyarch.registry.call import Answer, Call, Explain
from polyarch.registry.memory import NO_MEMORY, UploadMemory
from polyarch.registry.paths import Paths
from polyarch.registry.scope import Scope
from polyarch.registry.session import Session
from polyarch.registry.wire import absolute, digest_of, upload_url, with_digest

Progress = Callable[[int], None]
"""Hears how many bytes of a blob are sent; begins again when sending does."""

_CREATED = 201
_ACCEPTED = 202
_STORED = frozenset({200, _CREATED, 204})
_GONE = frozenset({404, 416})
_FORBIDDEN = 403
_NOT_FOUND = 404
_MAX_LOST = 2

_COMMIT_S = 60.0
_COMMIT_BYTES_PER_S = 20_000_000
_SENT_BYTES_PER_S = 10_000_000
_MIN_LIFE_S = 30.0
_CANCEL_S = 2.0
_OCTETS = (("Content-Type", "application/octet-stream"),)


@dataclass(slots=True)
class _Sent:
    """How much of a body is gone; tells whoever listens."""

    listen: Progress
    count: int = 0

    def __call__(self, sent: int) -> None:
        self.count = sent
        self.listen(sent)


class Uploader:
    """Sends blobs to one repository. Later: chunks, resuming."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self._session = session
        self._repository = repository
        self._paths = Paths(repository=repository)
        self._scope = Scope.push(repository.path)

    async def push(
        self,
        blob: Descriptor,
        body: Body,
        *,
        mount_from: Sequence[Repository],
        on_progress: Progress,
        memory: UploadMemory = NO_MEMORY,
        look: bool = True,
    ) -> Transfer:
        """Let the repository hold the blob; without `look` it is known not to be there.

        Raises:
            RegistryError: refused, or out of reach for longer than the retry policy waits.
            ContentError: the source is absent, or its bytes are others.
        """
        del memory  # uploads that go on come with the chunks
        if look and await blob_exists(self._session, self._repository, blob):
            return "present"
        location = None
        for source in mount_from:
            location = await self._mount(blob, source)
            if location == "":
                return "mounted"
            if location:
                break
        await self._send_until_stored(blob, body, location, on_progress)
        return "uploaded"

    async def open(self, blob: Descriptor | None = None) -> str:
        """Open an upload; gives the URL where it goes on.

        Raises:
            RegistryError: the registry will not take uploads here.
        """
        algorithm = blob.digest.algorithm if blob else "sha256"
        other = {} if algorithm == "sha256" else {"digest-algorithm": algorithm}
        answer = await self._session.ask(
            Call(
                repository=self._repository,
                method="POST",
                url=self._paths.uploads(**other),
                accept=frozenset({_ACCEPTED}),
                scopes=(self._scope,),
                explain=self._explain_opening,
            )
        )
        return self._location(answer)

    async def cancel(self, location: str) -> None:
        """Give an upload up, as well as it goes: half uploads count against quotas."""
        call = Call(
            repository=self._repository,
            method="DELETE",
            url=location,
            accept=frozenset({200, 202, 204, 404}),
            scopes=(self._scope,),
            once=True,
        )
        with contextlib.suppress(PolyarchError, TimeoutError):
            async with asyncio.timeout(_CANCEL_S):
                await self._session.ask(call)

    async def _mount(self, blob: Descriptor, source: Repository) -> str | None:
        """Take the blob over from a sibling: "" when done, a URL to send it to, None for neither.

        No failure of a mount is a reason to fail: the blob is sent instead.
        """
        if source.registry != self._repository.registry or source == self._repository:
            return None
        from_source = Scope.pull(source.path)
        call = Call(
            repository=self._repository,
            method="POST",
            url=self._paths.uploads(mount=str(blob.digest), **{"from": source.path}),
            accept=frozenset({_CREATED, _ACCEPTED}),
            scopes=(self._scope, from_source),
            once=True,
        )
        try:
            answer = await self._session.ask(call)
            return "" if answer.status == _CREATED else self._location(answer)
        except RegistryError:
            self._session.withdraw(self._repository, (from_source,))
            return None

    async def _send_until_stored(
        self, blob: Descriptor, body: Body, location: str | None, on_progress: Progress
    ) -> None:
        attempts = self._session.attempts()
        lost = 0
        try:
            while True:
                location = location or await self.open(blob)
                limited = False
                try:
                    await self._send(blob, body, location, on_progress)
                except (RegistryUnavailableError, RateLimitedError) as error:
                    await self._session.wait(attempts, error)
                    # Nothing of the body was taken: the upload is as it was.
                    limited = isinstance(error, RateLimitedError)
                except UploadRefusedError as error:
                    lost += 1
                    if not _is_lost(error) or lost > _MAX_LOST:
                        raise
                else:
                    return
                if await blob_exists(self._session, self._repository, blob):
                    return
                if not limited:
                    await self.cancel(location)
                    location = None
        except BaseException:
            if location:
                await self.cancel(location)
            raise

    async def _send(
        self, blob: Descriptor, body: Body, location: str, on_progress: Progress
    ) -> None:
        sent = _Sent(on_progress)
        answer = await self._session.ask(
            Call(
                repository=self._repository,
                method="PUT",
                url=with_digest(location, blob.digest),
                accept=_STORED,
                scopes=(self._scope,),
                headers=_OCTETS,
                body=body,
                on_sent=sent,
                answer_s=_COMMIT_S + blob.size / _COMMIT_BYTES_PER_S,
                min_life_s=max(_MIN_LIFE_S, blob.size / _SENT_BYTES_PER_S),
                once=True,
                explain=self._explain_sending(blob),
            )
        )
        found = digest_of(answer.headers)
        if found and found != blob.digest:
            raise DigestMismatchError(str(blob.digest), str(found), str(self._repository))
        # An answer that came before the body was sent says nothing of the body.
        early = sent.count < body.size
        if early and not await blob_exists(self._session, self._repository, blob):
            raise self._session.nonsense(answer, "PUT", "it took a blob that was not sent yet")

    def _location(self, answer: Answer) -> str:
        location = answer.headers.get("Location")
        if not location:
            raise self._session.nonsense(answer, "POST", "an upload without a place to send it to")
        url = upload_url(location, answer.url)
        if url != absolute(answer.url, location):
            self._session.warn("it names itself wrongly (http, or no port) where uploads go on")
        self._session.check_target(url, method="POST", kind="the place of an upload")
        return url

    def _explain_opening(self, exchange: Exchange) -> PolyarchError | None:
        if exchange.status == _NOT_FOUND:
            return RepositoryNotFoundError(exchange, str(self._repository))
        return None

    def _explain_sending(self, blob: Descriptor) -> Explain:
        def explain(exchange: Exchange) -> PolyarchError | None:
            if exchange.status == _FORBIDDEN or "DENIED" in exchange.codes:
                return None
            return UploadRefusedError(exchange, str(blob.digest), blob.size)

        return explain


def _is_lost(error: UploadRefusedError) -> bool:
    """Whether the upload's session is gone, be it with its blob or without."""
    return error.status in _GONE or "BLOB_UPLOAD_UNKNOWN" in error.codes
