"""Asking for blobs of one repository, and reading them."""

from polyarch.errors import BlobNotFoundError, Exchange, PolyarchError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import Repository
from polyarch.registry.call import Call, Explain
from polyarch.registry.paths import Paths
from polyarch.registry.scope import Scope
from polyarch.registry.session import Session
from polyarch.registry.stream import BlobStream
from polyarch.registry.wire import digest_of, size_of

_OK = 200
_PARTIAL = 206
_NOT_FOUND = 404
_NO_HEAD = frozenset({405, 501})
_RANGE_BEYOND_END = 416


async def blob_exists(session: Session, repository: Repository, blob: Descriptor) -> bool:
    """Whether the repository holds the blob in its full size.

    Raises:
        RegistryError: it did not say.
    """
    answer = await session.head(
        Call(
            repository=repository,
            method="HEAD",
            url=Paths(repository=repository).blob(blob.digest),
            accept=frozenset({_OK, _NOT_FOUND}) | _NO_HEAD,
            scopes=(Scope.pull(repository.path),),
        )
    )
    if answer.status != _OK:
        return False
    size, digest = size_of(answer.headers), digest_of(answer.headers)
    if size not in {None, blob.size} or (digest and digest != blob.digest):
        # Corrupt or foreign: sending it again is the only thing that can mend it.
        session.warn(f"`{blob.digest}` stands there with {size} bytes and should have {blob.size}")
        return False
    return True


async def open_blob(
    session: Session, repository: Repository, blob: Descriptor, offset: int
) -> BlobStream:
    """A blob from `offset` on; the stream proves what it can.

    Raises:
        BlobNotFoundError: the repository does not hold it.
        RegistryError: the registry could not or would not send it.
    """

    def call(start: int) -> Call:
        return Call(
            repository=repository,
            method="GET",
            url=Paths(repository=repository).blob(blob.digest),
            accept=frozenset({_OK, _PARTIAL}),
            scopes=(Scope.pull(repository.path),),
            headers=(("Range", f"bytes={start}-"),) if start else (),
            explain=explain_missing(repository, blob),
            reads_much=True,
        )

    stream = BlobStream(session, call, blob, offset=offset, store=str(repository))
    if offset >= blob.size > 0:
        if not await blob_exists(session, repository, blob):
            raise BlobNotFoundError(str(blob.digest), str(repository))
    else:
        await stream.start()
    return stream


def explain_missing(repository: Repository, blob: Descriptor) -> Explain:
    """Tell a 404 as what every store says of what it does not hold."""

    def explain(exchange: Exchange) -> PolyarchError | None:
        if exchange.status == _NOT_FOUND:
            return BlobNotFoundError(str(blob.digest), str(repository))
        return None

    return explain
