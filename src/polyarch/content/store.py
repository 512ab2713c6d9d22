"""The protocols of stores; a function asks for the least of them that it needs."""

from typing import BinaryIO, Protocol

from polyarch.oci.descriptor import Descriptor


class Fetcher(Protocol):
    """Something that blobs and manifests can be read from."""

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on. The caller closes it, and proves what it reads.

        Raises:
            BlobNotFoundError: the store does not hold it.
        """
        ...

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the store holds the whole content."""
        ...


class Store(Fetcher, Protocol):
    """A fetcher that takes content as well."""

    def push(self, descriptor: Descriptor, content: BinaryIO) -> None:
        """Keep the content if it is what the descriptor says; else keep nothing.

        Pushing what is there already does nothing.

        Raises:
            DigestMismatchError, SizeMismatchError: the bytes are others.
            StorageError: they could not be written.
        """
        ...


class TagStore(Protocol):
    """Names that point to manifests and can be moved."""

    def resolve(self, tag: str) -> Descriptor | None:
        """What the tag points to, or None where there is no such tag."""
        ...

    def tag(self, descriptor: Descriptor, tag: str) -> None:
        """Let the tag point to a manifest that is in the store."""
        ...
