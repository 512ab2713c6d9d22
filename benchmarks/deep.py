"""The deep check of an image beside the least that could be done with its layers."""

import os
import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.row import Row, in_turn, run
from polyarch.checks.architecture import check_architecture
from polyarch.checks.memory import LayerMemory
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.findings import Report
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from tests.lab.cache import keyed, make_once
from tests.lab.image_writer import LayoutWriter, Root
from tests.lab.roots import COMPILER, debian_root, go_layer

LIMIT = 0.7
PLATFORMS = ("linux/amd64", "linux/arm64")
PATH = "/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LEVEL = 6
"""What Docker and BuildKit pack layers with."""


def deep_check(_peers: object, *, quick: bool) -> Iterator[Row]:
    """A Debian with a compiler and a Go tree: half a gigabyte, packed as Docker does."""
    store = LayoutStore(_layout())
    images = _images(store)
    runs = 3 if quick else 9
    layers = _layer_files(store, images[0])
    listing = "; ".join(f"gzip -dc {shlex.quote(str(each))} | tar t" for each in layers)
    ours, other = in_turn(
        lambda: _check(store, images[0]), lambda: run("sh", "-c", listing), runs=runs
    )
    report = _check(store, images[0])
    mine, theirs = _processor(lambda: _check(store, images[0]), lambda: run("sh", "-c", listing))
    note = f"{report.binaries} programs in {report.bytes / 1e6:.0f} MB; "
    note += f"processor time {mine:.2f} s / {theirs:.2f} s = {mine / theirs:.2f}"
    what = "deep check of an image / gzip -dc | tar t of its layers"
    yield Row(what, ours, other, limit=LIMIT, note=note)
    both, one_by_one = in_turn(
        lambda: _at_once(store, images), lambda: [_check(store, each) for each in images], runs=runs
    )
    yield Row("deep check of two platforms: in two threads / one by one", both, one_by_one)
    memory = LayerMemory()
    again, first = in_turn(
        lambda: _check(store, images[0], memory), lambda: _check(store, images[0]), runs=runs
    )
    yield Row("deep check of layers seen before / the first time", again, first)


def _processor(ours: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Seconds that each takes of all processors: steadier than the clock on a busy machine."""
    before = os.times()
    ours()
    between = os.times()
    other()
    after = os.times()
    mine = between.user + between.system - before.user - before.system
    theirs = after.children_user + after.children_system
    return mine, theirs - between.children_user - between.children_system


def _check(store: LayoutStore, image: Descriptor, memory: LayerMemory | None = None) -> Report:
    assert image.platform
    report = check_architecture(store, image, image.platform, subject="bench", seen=memory)
    assert report.ok, report.findings
    return report


def _at_once(store: LayoutStore, images: tuple[Descriptor, ...]) -> list[Report]:
    with ThreadPoolExecutor(len(images)) as pool:
        return [*pool.map(lambda image: _check(store, image), images)]


def _images(store: LayoutStore) -> tuple[Descriptor, ...]:
    (entry,) = store.entries()
    return ImageIndex.parse(read_small(store, entry), entry.media_type).images


def _layer_files(store: LayoutStore, image: Descriptor) -> list[Path]:
    manifest = ImageManifest.parse(read_small(store, image), image.media_type)
    return [store.path_of(layer.digest) for layer in manifest.layers]


def _layout() -> Path:
    """Write the image once."""

    def write(folder: Path) -> None:
        roots = [
            Root(
                platform=platform,
                layers=(debian_root(platform, COMPILER), go_layer(platform)),
                env={"PATH": PATH},
                cmd=("go",),
            )
            for platform in PLATFORMS
        ]
        LayoutWriter(folder, level=LEVEL).write_index(roots, "deep")

    return make_once(keyed("bench-deep", PLATFORMS, COMPILER, LEVEL), write)
