"""What every store owes, whatever is behind it: memory, a folder, a registry."""

import contextlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Protocol

import pytest

from polyarch.content.graph import copy_graph, walk
from polyarch.content.layout import LayoutStore
from polyarch.content.memory import MemoryStore
from polyarch.content.reader import CHUNK_BYTES, read_small
from polyarch.content.store import Store, TagStore
from polyarch.errors import BlobNotFoundError, DigestMismatchError, SizeMismatchError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import FixedKeychain
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.images import make_index
from tests.support.remote import CANARY, LOGIN

LARGE = bytes(range(256)) * 16 * 1024


class AnyStore(Store, TagStore, Protocol):
    """What is under contract."""


@contextlib.contextmanager
def remote_store(path: str) -> Iterator[AnyStore]:
    registry = SandboxRegistry(auth=BearerAuth(Account(username="me", password=CANARY)))
    with running(registry) as (host,):
        keychain = FixedKeychain(LOGIN)
        with BlockingRegistries(lambda: RegistryClient(keychain=keychain)) as registries:
            yield registries.store(Repository(registry=host, path=path))


@pytest.fixture(params=["memory", "layout", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    if request.param == "remote":
        with remote_store("team/app") as remote:
            yield remote
    else:
        yield MemoryStore() if request.param == "memory" else LayoutStore(tmp_path / "layout")


def blob_of(content: bytes, algorithm: str = "sha256") -> Descriptor:
    digest = Digest.of(content, algorithm)
    return Descriptor(media_type=mediatype.OCI_LAYER, digest=digest, size=len(content))


def read(store: AnyStore, blob: Descriptor, offset: int = 0) -> bytes:
    with store.open(blob, offset) as content:
        return content.read()


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_what_is_pushed_is_there(store, content, algorithm):
    blob = blob_of(content, algorithm)
    assert not store.exists(blob)
    store.push(blob, io.BytesIO(content))
    assert store.exists(blob)
    assert read(store, blob) == content


@pytest.mark.parametrize("offset", [0, 1, CHUNK_BYTES, len(LARGE) - 1, len(LARGE)])
def test_content_is_read_from_any_place(store, offset):
    blob = blob_of(LARGE)
    store.push(blob, io.BytesIO(LARGE))
    assert read(store, blob, offset) == LARGE[offset:]


def test_content_is_read_in_pieces_of_any_size(store):
    blob = blob_of(LARGE)
    store.push(blob, io.BytesIO(LARGE))
    with store.open(blob) as content:
        pieces = [content.read(1), content.read(7), content.read(100_000), content.read()]
    assert [len(piece) for piece in pieces[:3]] == [1, 7, 100_000]
    assert b"".join(pieces) == LARGE


def test_a_reader_may_stop_early(store):
    blob = blob_of(LARGE)
    store.push(blob, io.BytesIO(LARGE))
    with store.open(blob) as content:
        assert content.read(10) == LARGE[:10]
    assert read(store, blob) == LARGE


@pytest.mark.parametrize("offset", [0, 3])
def test_what_is_absent_is_told(store, offset):
    assert not store.exists(blob_of(b"nowhere"))
    with pytest.raises(BlobNotFoundError):
        store.open(blob_of(b"nowhere"), offset)
    manifest = make_index().children[0]
    assert not store.exists(manifest)
    with pytest.raises(BlobNotFoundError):
        store.open(manifest, offset)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (b"right and more", SizeMismatchError),
        (b"rig", SizeMismatchError),
        (b"wrong", DigestMismatchError),
    ],
)
def test_other_content_than_described_is_refused_and_not_kept(store, given, error):
    blob = blob_of(b"right")
    with pytest.raises(error):
        store.push(blob, io.BytesIO(given))
    assert not store.exists(blob)
    store.push(blob, io.BytesIO(b"right"))
    assert read(store, blob) == b"right"


def test_pushing_what_is_there_reads_nothing(store):
    blob = blob_of(b"layer")
    store.push(blob, io.BytesIO(b"layer"))
    store.push(blob, Unreadable())
    assert read(store, blob) == b"layer"


class Unreadable(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise AssertionError("nobody has to read this")


def test_a_source_that_fails_leaves_nothing(store):
    blob = blob_of(LARGE)
    with pytest.raises(BlobNotFoundError):
        store.push(blob, Failing(LARGE))
    assert not store.exists(blob)


class Failing(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= len(LARGE) // 2:
            raise BlobNotFoundError("sha256:…", "a source that went away")
        return super().read(size)


def test_a_tag_can_be_moved(store):
    one, two = make_index(content=b"one"), make_index(content=b"two")
    assert store.resolve("v1") is None
    for made in (one, two, one):
        copy_graph(made.store, store, made.index.descriptor)
        store.tag(made.index.descriptor, "v1")
        found = store.resolve("v1")
        assert found is not None
        assert found.bare() == made.index.descriptor
    assert store.resolve("v2") is None


def test_a_tag_points_to_nothing_that_is_absent(store):
    with pytest.raises(BlobNotFoundError):
        store.tag(make_index().index.descriptor, "v1")
    assert store.resolve("v1") is None


def test_a_graph_is_copied_whole_and_back_with_the_same_bytes(store):
    made = make_index(("linux/amd64", "linux/arm64", "linux/arm/v7"))
    copied: list[Descriptor] = []
    copy_graph(made.store, store, made.index.descriptor)
    copy_graph(
        made.store,
        store,
        made.index.descriptor,
        on_copied=lambda node, moved: copied.append(node) if moved else None,
    )
    assert copied == []
    back = MemoryStore()
    copy_graph(store, back, made.index.descriptor)
    nodes = list(walk(made.store, made.index.descriptor))
    assert [read(back, node) for node in nodes] == [read(made.store, node) for node in nodes]
    assert read_small(store, made.index.descriptor) == made.index.raw


def test_many_threads_may_push_the_same(store):
    contents = [bytes([number]) * 10_000 for number in range(4)] * 4

    def push(content: bytes) -> None:
        store.push(blob_of(content), io.BytesIO(content))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(push, contents))
    assert [read(store, blob_of(content)) for content in contents] == contents


def test_a_store_says_where_it_is(store):
    assert str(store)


def test_an_open_file_is_a_binary_file(store):
    blob = blob_of(b"layer")
    store.push(blob, io.BytesIO(b"layer"))
    content: BinaryIO = store.open(blob)
    assert content.readable()
    content.close()
    assert content.closed
    content.close()


def test_a_file_that_outlives_its_registries_can_be_closed():
    with remote_store("team/app") as remote:
        blob = blob_of(LARGE)
        remote.push(blob, io.BytesIO(LARGE))
        content = remote.open(blob)
        assert content.read(1) == LARGE[:1]
    content.close()
    assert content.closed
