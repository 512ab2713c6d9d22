"""Several stores that hold the same: one that is down or empty is no reason to fail."""

from typing import BinaryIO

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.errors import BlobNotFoundError, Exchange, RegistryUnavailableError
from polyarch.oci.descriptor import Descriptor
from polyarch.pipeline.held import Held


class Down:
    """A registry that gives no answer."""

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        raise self.error

    def exists(self, descriptor: Descriptor) -> bool:
        raise self.error

    @property
    def error(self) -> RegistryUnavailableError:
        exchange = Exchange(registry="down.example", method="HEAD", url="https://down.example/")
        return RegistryUnavailableError(exchange, "no answer")


@pytest.fixture
def full() -> tuple[MemoryStore, Descriptor]:
    store = MemoryStore()
    return store, store.add("text/plain", b"hello")


def test_the_first_that_has_it(full: tuple[MemoryStore, Descriptor]):
    store, blob = full
    for stores in (
        [store],
        [MemoryStore(), store],
        [Down(), store],
        [Down(), MemoryStore(), store],
    ):
        held = Held([*stores, store])
        assert held.exists(blob)
        assert held.open(blob).read() == b"hello"
        assert held.open(blob, 2).read() == b"llo"


def test_nobody_has_it(full: tuple[MemoryStore, Descriptor]):
    _, blob = full
    for held in (Held([]), Held([MemoryStore()])):
        assert not held.exists(blob)
        with pytest.raises(BlobNotFoundError):
            held.open(blob)


def test_nobody_that_answers_has_it(full: tuple[MemoryStore, Descriptor]):
    """Then it may be where nobody answered: that is trouble, not absence."""
    _, blob = full
    held = Held([MemoryStore(), Down(), MemoryStore()])
    with pytest.raises(RegistryUnavailableError):
        held.exists(blob)
    with pytest.raises(RegistryUnavailableError):
        held.open(blob)
