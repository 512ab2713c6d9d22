"""Several stores that hold the same things: what one lacks or cannot give now, the next may."""

from collections.abc import Collection, Sequence
from typing import BinaryIO

from polyarch.content.store import Fetcher
from polyarch.errors import BlobNotFoundError, RegistryError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest


class Held:
    """Reads from the first store that can; that one is down counts only where no other helps."""

    def __init__(self, stores: Sequence[Fetcher]) -> None:
        self._stores = tuple(stores)

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on.

        Raises:
            BlobNotFoundError: every store says that it does not hold it.
            RegistryError: one did not say, and no other holds it.
        """
        silent: RegistryError | None = None
        for store in self._stores:
            try:
                return store.open(descriptor, offset)
            except BlobNotFoundError:
                continue
            except RegistryError as error:
                silent = silent or error
        raise silent or BlobNotFoundError(str(descriptor.digest), str(self))

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether any store holds it.

        Raises:
            RegistryError: one did not say, and no other holds it.
        """
        silent: RegistryError | None = None
        for store in self._stores:
            try:
                if store.exists(descriptor):
                    return True
            except RegistryError as error:
                silent = silent or error
        if silent:
            raise silent
        return False

    def __str__(self) -> str:
        return ", ".join(str(store) for store in self._stores) or "no repository"


class Seen:
    """A store of which it was seen in this run what it holds, and which is not asked for it again.

    What vanishes meanwhile is missed when it is read.
    """

    def __init__(self, store: Fetcher, seen: Collection[Digest]) -> None:
        self._store = store
        self._seen = seen

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on.

        Raises:
            BlobNotFoundError, RegistryError: as the store says.
        """
        return self._store.open(descriptor, offset)

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the store holds the whole content.

        Raises:
            RegistryError: it did not say.
        """
        return descriptor.digest in self._seen or self._store.exists(descriptor)

    def __str__(self) -> str:
        return str(self._store)
