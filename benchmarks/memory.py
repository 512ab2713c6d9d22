"""How much memory a copy holds, whatever the size of the image."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.clients import OURS, Client
from benchmarks.images import Image
from benchmarks.places import Places, at_hosts
from benchmarks.row import Row
from polyarch.sandbox.discarding import DiscardingStorage
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running

HUGE = Image(layers=10, layer_bytes=1 << 30, sparse=True)
LARGE = Image(layers=2, layer_bytes=512 << 20, sparse=True)
LARGE_OF_MANY = Image(layers=64, layer_bytes=16 << 20, sparse=True)
LIMIT = 150e6
GROWTH_LIMIT = 1.25


def peak(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """10 GB to one registry; then one of 64 layers to three beside one of two layers to one."""
    image = LARGE if quick else HUGE
    with sinks(1) as where:
        taken = OURS.copy(image, where, watch_memory=True)
    what = f"MB held while {image.size / 1e9:.0f} GB are copied / {LIMIT / 1e6:.0f} MB"
    note = f"{taken.elapsed_s:.0f} s; read {taken.read_bytes / image.size:.2f} times"
    yield Row(what, taken.peak_bytes / 1e6, LIMIT / 1e6, limit=1, note=note)
    del peers
    few = _peak(LARGE, 1)
    many = _peak(LARGE_OF_MANY, 3)
    what = "MB held for 1 GB: 64 layers to 3 registries / 2 layers to 1"
    yield Row(what, many, few, limit=GROWTH_LIMIT)


def _peak(image: Image, count: int) -> float:
    with sinks(count) as where:
        return OURS.copy(image, where, watch_memory=True).peak_bytes / 1e6


@contextmanager
def sinks(count: int) -> Iterator[Places]:
    """Registries that hash what they get and keep none of it."""
    registries = [SandboxRegistry(storage=DiscardingStorage()) for _ in range(count)]
    with running(*registries) as hosts, at_hosts(hosts) as where:
        yield where
