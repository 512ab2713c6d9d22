"""Reading and writing the manifests of one repository, by tag or digest.

Bytes are sacred: what was hashed is what is sent, and what is read is proven before it is parsed.
Sources: distribution-spec v1.1 "Pulling manifests", "Pushing Manifests", "Deleting".
"""

from polyarch.errors import (
    DeleteUnsupportedError,
    DeniedError,
    DigestMismatchError,
    Exchange,
    ImmutableTagError,
    MalformedManifestError,
    ManifestNotFoundError,
    ManifestRefusedError,
    PolyarchError,
    PreconditionFailedError,
    RepositoryNotFoundError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.call import Answer, Call
from polyarch.registry.condition import ANYWAY, Condition
from polyarch.registry.manifest_refusals import explain_missing, explain_put, named
from polyarch.registry.paths import Paths
from polyarch.registry.scope import Scope
from polyarch.registry.session import Session
from polyarch.registry.tags import list_tags
from polyarch.registry.wire import digest_of, media_type_of, size_of

MAX_PUSHED_BYTES = 4 * 1024 * 1024
"""What every registry has to take (distribution-spec v1.1); more is refused before it is sent."""

_ACCEPT = tuple(("Accept", media_type) for media_type in mediatype.ACCEPTED)
_STORED = frozenset({200, 201, 202, 204})
_NOT_FOUND = 404
_TOO_LARGE = 413
_NO_DELETE = frozenset({400, 405, 501})
_UNKNOWN_BLOBS = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})
_SETTLE_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits for a registry that does not see yet what it took (goreleaser/goreleaser#2934)."""


class Manifests:
    """Manifests of one repository. What was sent there in this run is remembered in `sent`."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self.sent: set[Digest] = set()
        self._stands: set[Digest] = set()
        self._session = session
        self._repository = repository
        self._paths = Paths(repository=repository)

    async def head(self, reference: str | Digest) -> Descriptor | None:
        """What a tag or digest is, or None where the registry says that it does not exist.

        Raises:
            RegistryError: it did not say.
            DigestMismatchError: it names another digest than was asked for.
        """
        try:
            answer = await self._session.head(self._read("HEAD", reference, absent=True))
        except DeniedError:
            # Some say 403 of what is missing (google/go-containerregistry, pkg/v1/remote/pusher.go,
            # manifestExists): the list of tags tells which is meant.
            if isinstance(reference, Digest) or await self._is_listed(reference):
                raise
            return None
        if answer.status == _NOT_FOUND:
            return None
        if isinstance(reference, Digest):
            self._stands.add(reference)
        media_type, size = media_type_of(answer.headers), size_of(answer.headers)
        told = digest_of(answer.headers)
        wanted = reference if isinstance(reference, Digest) else None
        if wanted and told and told.algorithm == wanted.algorithm and told != wanted:
            raise DigestMismatchError(str(wanted), str(told), str(self._repository))
        digest = wanted or told
        if digest is None or size is None or media_type not in mediatype.ACCEPTED:
            return await self._head_by_reading(reference)
        return Descriptor(media_type=media_type, digest=digest, size=size)

    async def get(self, reference: str | Digest) -> ImageManifest | ImageIndex:
        """A manifest or index, proven.

        Raises:
            ManifestNotFoundError, RepositoryNotFoundError: it does not exist.
            DigestMismatchError: the bytes are others.
            MalformedManifestError: too large, of a form that is not supported, or not what it says.
            RegistryError: it could not be had.
        """
        try:
            return await self._get(reference)
        except DigestMismatchError:
            # A line may have damaged it; where it is the registry, it says so again.
            return await self._get(reference)

    async def _get(self, reference: str | Digest) -> ImageManifest | ImageIndex:
        answer = await self._session.ask(self._read("GET", reference))
        raw = answer.body
        if len(raw) > MAX_MANIFEST_BYTES:
            # It was not read to its end, so its digest tells nothing.
            reason = f"it is larger than {MAX_MANIFEST_BYTES} bytes"
            raise MalformedManifestError(
                "manifest", reason, where=named(self._repository, reference)
            )
        wanted = reference if isinstance(reference, Digest) else digest_of(answer.headers)
        if wanted and (found := Digest.of(raw, wanted.algorithm)) != wanted:
            raise DigestMismatchError(str(wanted), str(found), str(self._repository))
        try:
            return parse_any(raw, _declared_type(answer))
        except MalformedManifestError as error:
            error.where = error.where or named(self._repository, reference)
            raise

    async def put(
        self,
        manifest: ImageManifest | ImageIndex,
        tag: str | None,
        *,
        look: bool = True,
        condition: Condition = ANYWAY,
    ) -> bool:
        """Store a manifest by its digest, or under a tag; gives whether anything was sent.

        Without `look` it is known not to be there yet, and sent at once.

        Raises:
            ImmutableTagError, ManifestRefusedError, RepositoryNotFoundError: as the names say.
            PreconditionFailedError: the registry honours conditions, and this one does not hold.
            DigestMismatchError: the registry stored something else.
            RegistryError: refused, or out of reach.
        """
        digest = manifest.descriptor.digest
        reference = digest if tag is None else tag
        self._check_size(manifest, reference)
        if look and await self._shows(reference, digest):
            return False
        try:
            await self._put_and_settle(manifest, reference, condition)
        except (ImmutableTagError, ManifestRefusedError, PreconditionFailedError):
            # An earlier try was stored though its answer was lost, or the registry refuses what it
            # has already (docker/cli#5874).
            if not await self._shows(reference, digest):
                raise
        self.sent.add(digest)
        return True

    async def honours_conditions(self, manifest: ImageManifest | ImageIndex) -> bool:
        """Whether conditions of writes count here; `manifest` stands here already.

        It is sent again under the condition that it is absent: who honours that refuses, and for
        all others nothing changes.
        """
        try:
            await self._put(manifest, manifest.descriptor.digest, Condition.found(None))
        except PreconditionFailedError:
            return True
        except ManifestRefusedError:  # it refuses what it has already (docker/cli#5874)
            return False
        return False

    async def delete(self, reference: str | Digest, condition: Condition = ANYWAY) -> bool:
        """Delete a tag, or a manifest with all its tags; False where it was not there.

        Of the condition only `holds` counts: nobody has headers for this.

        Raises:
            DeleteUnsupportedError: the registry does not delete.
            PreconditionFailedError: what was to be deleted is another by now.
            RegistryError: refused, or out of reach.
        """

        def explain(exchange: Exchange) -> PolyarchError | None:
            if exchange.status in _NO_DELETE:
                return DeleteUnsupportedError(exchange, named(self._repository, reference))
            return None

        call = Call(
            repository=self._repository,
            method="DELETE",
            url=self._paths.manifest(self._checked(reference)),
            accept=_STORED | {_NOT_FOUND},
            scopes=(Scope.delete(self._repository.path),),
            holds=condition.holds,
            explain=explain,
        )
        answer = await self._session.ask(call)
        return answer.status != _NOT_FOUND

    async def _head_by_reading(self, reference: str | Digest) -> Descriptor | None:
        try:
            return (await self.get(reference)).descriptor
        except (ManifestNotFoundError, RepositoryNotFoundError):
            return None

    async def _is_listed(self, tag: str) -> bool:
        return tag in await list_tags(self._session, self._repository)

    async def _shows(self, reference: str | Digest, digest: Digest) -> bool:
        try:
            found = await self.head(reference)
        except DeniedError:  # perhaps of what is missing; writing it finds out
            return False
        return found is not None and found.digest == digest

    async def _put_and_settle(
        self,
        manifest: ImageManifest | ImageIndex,
        reference: str | Digest,
        condition: Condition,
    ) -> None:
        for wait in _SETTLE_S if self._is_whole(manifest) else ():
            try:
                await self._put(manifest, reference, condition)
            except ManifestRefusedError as error:
                if not _UNKNOWN_BLOBS.intersection(error.codes):
                    raise
                await self._session.clock.sleep(wait)
                if condition.holds and not await condition.holds():
                    raise PreconditionFailedError(error.exchange) from error
            else:
                return
        await self._put(manifest, reference, condition)

    async def _put(
        self,
        manifest: ImageManifest | ImageIndex,
        reference: str | Digest,
        condition: Condition,
    ) -> None:
        descriptor = manifest.descriptor
        answer = await self._session.ask(
            Call(
                repository=self._repository,
                method="PUT",
                url=self._paths.manifest(self._checked(reference)),
                accept=_STORED,
                scopes=(Scope.push(self._repository.path),),
                headers=(("Content-Type", descriptor.media_type), *condition.headers),
                body=Body.of_bytes(manifest.raw),
                holds=condition.holds,
                explain=explain_put(self._repository, reference),
            )
        )
        told = digest_of(answer.headers)
        if told and told != Digest.of(manifest.raw, told.algorithm):
            raise DigestMismatchError(str(descriptor.digest), str(told), str(self._repository))

    def _is_whole(self, manifest: ImageManifest | ImageIndex) -> bool:
        """Whether a registry that lacks something of it has to be waited for: it was seen there."""
        below = manifest.manifests if isinstance(manifest, ImageIndex) else manifest.blobs
        seen = self.sent | self._stands
        return manifest.descriptor.digest in seen or any(node.digest in seen for node in below)

    def _read(self, method: str, reference: str | Digest, *, absent: bool = False) -> Call:
        return Call(
            repository=self._repository,
            method=method,
            url=self._paths.manifest(self._checked(reference)),
            accept=frozenset({200, _NOT_FOUND} if absent else {200}),
            scopes=(Scope.pull(self._repository.path),),
            headers=_ACCEPT,
            explain=explain_missing(self._repository, reference),
        )

    def _checked(self, reference: str | Digest) -> str | Digest:
        """A tag that is one: it becomes part of a path."""
        if isinstance(reference, Digest):
            return reference
        return self._repository.tag(reference).tag

    def _check_size(self, manifest: ImageManifest | ImageIndex, reference: str | Digest) -> None:
        size = manifest.descriptor.size
        if size > MAX_PUSHED_BYTES:
            exchange = Exchange(
                registry=self._repository.registry,
                method="PUT",
                url=self._paths.manifest(reference),
                words=f"it has {size} bytes, and registries take {MAX_PUSHED_BYTES}",
            )
            raise ManifestRefusedError(exchange, named(self._repository, reference))


def _declared_type(answer: Answer) -> str:
    """Content-Type where it says what kind of manifest this is; else the bytes themselves tell.

    Raises:
        MalformedManifestError: schema 1.
    """
    media_type = media_type_of(answer.headers)
    if media_type in mediatype.DOCKER_SCHEMA1:
        raise MalformedManifestError("image manifest", "it is of schema 1, which has no digests")
    says_nothing = media_type in {"", "application/json", "application/octet-stream", "text/plain"}
    return "" if says_nothing else media_type
