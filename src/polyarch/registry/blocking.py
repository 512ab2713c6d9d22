"""Remote repositories for synchronous code: the store protocols over one background event loop."""

import asyncio
import contextlib
import io
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from polyarch.content.reader import CHUNK_BYTES, proven_chunks
from polyarch.errors import (
    BlobNotFoundError,
    ManifestNotFoundError,
    RepositoryNotFoundError,
    StorageError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import parse_any
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository
from polyarch.registry.stream import BlobStream

T = TypeVar("T")

_STOP_S = 10.0


class BlockingRegistries:
    """A client on an event loop in a thread of its own; use it as a context manager.

    It and its stores may be used from any thread but that one.
    """

    def __init__(self, make_client: Callable[[], RegistryClient]) -> None:
        self._client = make_client()  # first: what it raises leaves no loop behind
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="polyarch-registries", daemon=True
        )
        self._naming = threading.Lock()
        self._thread.start()

    def store(self, repository: Repository) -> "RemoteStore":
        """A repository as a store; nothing is sent yet."""
        return RemoteStore(self, self.remote(repository))

    def remote(self, repository: Repository) -> RemoteRepository:
        """A repository, to be used with `run`."""
        with self._naming:  # or two threads would open two sessions, and one is never closed
            return self._client.repository(repository)

    @property
    def client(self) -> RegistryClient:
        """The client, to be used with `run` alone."""
        return self._client

    @property
    def is_open(self) -> bool:
        """Whether coroutines still run here."""
        return self._loop.is_running()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it; an interrupt here cancels it there."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close all connections and end the thread."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(TimeoutError):
            closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
            closing.result(timeout=_STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=_STOP_S)
        if not self._thread.is_alive():
            self._loop.close()

    async def _close(self) -> None:
        await self._client.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class RemoteStore:
    """A repository as Fetcher, Store and TagStore."""

    def __init__(self, registries: BlockingRegistries, remote: RemoteRepository) -> None:
        self._registries = registries
        self._remote = remote

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on.

        Raises:
            BlobNotFoundError: the repository does not hold it.
            RegistryError: it could not be asked.
        """
        if _is_manifest(descriptor):
            return io.BytesIO(self._manifest(descriptor)[offset:])
        stream = self._registries.run(self._remote.open_blob(descriptor, offset))
        return io.BufferedReader(_StreamFile(self._registries, stream), CHUNK_BYTES)

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the repository holds the whole content.

        Raises:
            RegistryError: it did not say.
        """
        if _is_manifest(descriptor):
            return self._registries.run(self._remote.head(descriptor.digest)) is not None
        return self._registries.run(self._remote.blob_exists(descriptor))

    def push(self, descriptor: Descriptor, content: BinaryIO) -> None:
        """Send the content once it is proven; it is kept in a temporary file until then.

        Raises:
            DigestMismatchError, SizeMismatchError: the bytes are others; nothing was sent.
            StorageError: the temporary file could not be written.
            RegistryError: the registry does not take it.
        """
        if self.exists(descriptor):
            return
        if _is_manifest(descriptor):
            raw = b"".join(proven_chunks(descriptor, content, str(self)))
            manifest = parse_any(raw, descriptor.media_type)
            self._registries.run(self._remote.put_manifest(manifest))
            return
        with _spooled(descriptor, content, str(self)) as path:
            body = Body.of_path(path)
            self._registries.run(self._remote.push_blob(descriptor, body))

    def resolve(self, tag: str) -> Descriptor | None:
        """What the tag points to, or None."""
        return self._registries.run(self._remote.head(tag))

    def tag(self, descriptor: Descriptor, tag: str) -> None:
        """Let the tag point to a manifest that is in the repository.

        Raises:
            BlobNotFoundError: it is not.
            RegistryError: the registry does not move the tag.
        """
        manifest = parse_any(self._manifest(descriptor), descriptor.media_type)
        self._registries.run(self._remote.put_manifest(manifest, tag))

    def _manifest(self, descriptor: Descriptor) -> bytes:
        try:
            return self._registries.run(self._remote.get_manifest(descriptor.digest)).raw
        except (ManifestNotFoundError, RepositoryNotFoundError) as error:
            raise BlobNotFoundError(str(descriptor.digest), str(self)) from error

    def __str__(self) -> str:
        return str(self._remote)


class _StreamFile(io.RawIOBase):
    """A blob on its way, as a file."""

    def __init__(self, registries: BlockingRegistries, stream: BlobStream) -> None:
        super().__init__()
        self._registries = registries
        self._stream = stream
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what is there, waiting for the first byte only."""
        if not self._rest:
            self._rest = memoryview(self._registries.run(self._next()))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Stop the transfer."""
        if not self.closed and self._registries.is_open:
            self._registries.run(self._stream.aclose())
        super().close()

    async def _next(self) -> bytes:
        return await anext(self._stream, b"")


@contextlib.contextmanager
def _spooled(descriptor: Descriptor, content: BinaryIO, store: str) -> Iterator[Path]:
    # Only what the disk says counts as its fault: the block may meet other OSErrors.
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="polyarch-"))
            path = Path(folder) / "blob"
            with path.open("wb") as file:
                for chunk in proven_chunks(descriptor, content, store):
                    file.write(chunk)
        except OSError as error:
            raise StorageError(tempfile.gettempdir(), error.strerror or str(error)) from error
        yield path


def _is_manifest(descriptor: Descriptor) -> bool:
    return mediatype.is_index(descriptor.media_type) or mediatype.is_manifest(descriptor.media_type)
