"""Unpacking images: layers on one another as the specification says, and nothing outside."""

import contextlib
import gzip
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.content.memory import MemoryStore
from polyarch.content.store import Fetcher
from polyarch.errors import (
    BlobNotFoundError,
    DigestMismatchError,
    LayerBoundsError,
    LayerDamagedError,
    PolyarchError,
    SizeMismatchError,
    StorageError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.runtimes import laying
from polyarch.runtimes.laying import LayingBounds
from polyarch.runtimes.removal import remove_tree
from polyarch.runtimes.root import Root
from polyarch.runtimes.unpack import UnpackedImage, unpack
from tests.support.running import File, Recipe, Runnable, elf, image, image_of, layer

AMD64 = Platform.parse("linux/amd64")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("of the host")
    (tmp_path / "root").mkdir()
    with Root(tmp_path / "root") as root:
        yield root
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret"]
    assert (tmp_path / "outside" / "secret").read_text() == "of the host"
    assert {path.name for path in tmp_path.iterdir()} == {"outside", "root"}


def laid(root: Root, made: Runnable, bounds: LayingBounds | None = None) -> UnpackedImage:
    return unpack(made.store, made.manifest, made.platform, root, bounds or LayingBounds())


def laid_files(root: Root, *layers: list[File]) -> dict[str, str]:
    """The files that come of layers, by their path, with what is in them."""
    laid(root, image(Recipe(layers=layers)))
    return files(root)


def files(root: Root) -> dict[str, str]:
    found = {}
    for folder, _, names in os.walk(root.folder):
        for name in names:
            path = Path(folder, name)
            text = f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
            found[str(path.relative_to(root.folder))] = text
    return found


def file(name: str, text: str = "", mode: int = 0o755, uid: int = 0) -> File:
    return File(name=name, content=text.encode(), mode=mode, uid=uid)


def link(name: str, target: str) -> File:
    return File(name=name, link=target)


def hard(name: str, target: str) -> File:
    return File(name=name, link=target, kind=tarfile.LNKTYPE)


class TestLayers:
    def test_later_ones_count(self, root: Root) -> None:
        found = laid_files(root, [file("a", "1"), file("b", "1")], [file("b", "2")])
        assert found == {"a": "1", "b": "2"}

    def test_whiteouts(self, root: Root) -> None:
        lower = [file("d/a", "1"), file("d/b", "1"), file("e/f/g", "1")]
        found = laid_files(root, lower, [file("d/.wh.a"), file(".wh.e")])
        assert found == {"d/b": "1"}

    def test_a_whiteout_hides_lower_layers_alone(self, root: Root) -> None:
        """In whatever order they stand."""
        upper = [file("d/new", "2"), file("d/.wh.new"), file("d/.wh..wh..opq"), file("d/late", "2")]
        found = laid_files(root, [file("d/old", "1"), file("d/new", "1")], upper)
        assert found == {"d/new": "2", "d/late": "2"}

    def test_an_opaque_folder_below_what_is_new(self, root: Root) -> None:
        upper = [file("d/s/new", "2"), file("d/.wh..wh..opq")]
        found = laid_files(root, [file("d/s/old", "1"), file("d/old", "1")], upper)
        assert found == {"d/s/new": "2"}

    def test_a_folder_in_a_files_place_and_back(self, root: Root) -> None:
        upper = [File(name="a/"), file("a/x", "2"), file("b", "2")]
        found = laid_files(root, [file("a", "1"), file("b/c", "1")], upper)
        assert found == {"a/x": "2", "b": "2"}

    def test_hard_links_across_layers(self, root: Root) -> None:
        found = laid_files(root, [file("a", "1")], [hard("b", "a")], [file("a", "2")])
        assert found == {"a": "2", "b": "1"}

    def test_a_folder_that_is_a_link(self, root: Root) -> None:
        lower = [File(name="usr/lib/"), link("lib", "usr/lib"), link("abs", "/usr/lib")]
        found = laid_files(root, lower, [file("lib/a", "2"), file("abs/b", "2")])
        assert found["usr/lib/a"] == "2"
        assert found["usr/lib/b"] == "2"

    def test_the_folder_of_a_link_that_leads_to_what_is_not_there(self, root: Root) -> None:
        found = laid_files(root, [link("run", "/var/run")], [file("run/pid", "2")])
        assert found["var/run/pid"] == "2"

    def test_a_folder_in_the_place_of_a_link(self, root: Root) -> None:
        found = laid_files(root, [file("x/a", "1"), link("d", "x")], [File(name="d/"), file("d/a")])
        assert found == {"x/a": "1", "d/a": ""}

    def test_rights(self, root: Root) -> None:
        given_files = [
            file("app", mode=0o4750, uid=7),
            file("data", mode=0),
            File(name="shut/", mode=0o500, uid=9),
        ]
        found = laid(root, image(Recipe(layers=[given_files])))
        modes = {
            name: stat.S_IMODE((root.folder / name).stat().st_mode)
            for name in ("app", "data", "shut")
        }
        # Nobody changes users by it, and this one can read and remove all of it.
        assert modes == {"app": 0o750, "data": 0o600, "shut": 0o700}
        assert {names: r.uid for names, r in found.rights.items()} == {("app",): 7, ("shut",): 9}

    def test_forms_of_tar(self, root: Root) -> None:
        long = "/".join(["a-folder-with-a-long-name"] * 8) + "/file"
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
                entry = tarfile.TarInfo(f"{form}/{long}")
                entry.size = 3
                tar.addfile(entry, io.BytesIO(b"abc"))
            laid(root, image_of(Recipe(), [buffer.getvalue()]))
        assert files(root) == {f"{form}/{long}": "abc" for form in (1, 2)}


class TestForeignPrograms:
    def test_they_lose_the_right_to_run(self, root: Root) -> None:
        header = elf(machine=183)
        given_files = [
            File(name="bin/foreign", content=header), hard("bin/again", "bin/foreign"),
            File(name="lib/libx.so", content=elf(machine=183, kind=3)),
            File(name="bin/own", content=elf(machine=62)),
            File(name="bin/old", content=elf(machine=3, bits=32)),
            File(name="share/firmware", content=header, mode=0o644),
        ]  # fmt: skip
        found = laid(root, image(Recipe(layers=[given_files])))
        # Two names of one file: the first takes the bit from both.
        assert [(each.path, each.architecture) for each in found.foreign] == [
            ("/bin/again", "arm64")
        ]
        assert not (root.folder / "bin/foreign").stat().st_mode & 0o111
        assert (root.folder / "bin/foreign").read_bytes() == header
        assert (root.folder / "bin/own").stat().st_mode & 0o111

    def test_not_those_that_are_gone(self, root: Root) -> None:
        foreign = File(name="d/foreign", content=elf(machine=183))
        layers = [[foreign, File(name="x", content=elf(machine=183))], [file(".wh.d"), file("x")]]
        assert not laid(root, image(Recipe(layers=layers))).foreign


class Lying:
    """A store that has other bytes in the place of each layer."""

    def __init__(self, store: Fetcher, layer: bytes) -> None:
        self._store = store
        self._layer = layer

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        if "layer" in descriptor.media_type:
            return io.BytesIO(self._layer[offset:])
        return self._store.open(descriptor, offset)

    def exists(self, descriptor: Descriptor) -> bool:
        return self._store.exists(descriptor)


class TestHostile:
    @pytest.mark.parametrize(
        "layers",
        [
            [[file("../outside/new")]],
            [[file("a/../../outside/new")]],
            [[link("out", "../outside"), file("out/new")]],
            [[link("out", "/../../outside")], [file("out/secret", "changed")]],
            [[link("a", "b"), link("b", "a"), file("a/x")]],
            [[hard("a", "../outside/secret"), file("a", "changed")]],
            [[link("s", "../../outside/secret"), hard("h", "s"), file("h", "changed")]],
            [[link("d", "../outside"), File(name="d/.wh..wh..opq")]],
            [[link("d", "../outside"), File(name="d/.wh.secret")]],
            [[link("d", "../outside")], [File(name=".wh.d")]],
            [[File(name="d/.wh...")]],
            [[File(name=".wh...")]],
            [[file("f"), file("f/g")]],
            [[hard("h", "nowhere")]],
            [[File(name="d/"), hard("h", "d")]],
            [[File(name="dev/sda", kind=tarfile.BLKTYPE)]],
            [[File(name="pipe", kind=tarfile.FIFOTYPE)]],
            [[file("n" * 300)]],
            [[file("/".join("d" * 300))]],
            [[link("l", "t" * 5000)]],
        ],
    )  # fmt: skip
    def test_nothing_leads_outside(self, root: Root, layers: list[list[File]]) -> None:
        with contextlib.suppress(LayerDamagedError, LayerBoundsError):
            laid(root, image(Recipe(layers=layers)))
        for folder, names, found in os.walk(root.folder):
            for name in (*names, *found):
                info = Path(folder, name).lstat()
                assert stat.S_IFMT(info.st_mode) in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}

    def test_zeros_without_end(self, root: Root) -> None:
        made = image(Recipe(layers=[[File(name="zeros", content=bytes(8 << 20))]]))
        with pytest.raises(LayerBoundsError):
            laid(root, made, LayingBounds(bytes=1 << 20))

    def test_entries_without_end(self, root: Root) -> None:
        made = image(Recipe(layers=[[file(f"d{number}/e/f") for number in range(50)]]))
        with pytest.raises(LayerBoundsError):
            laid(root, made, LayingBounds(entries=100))

    def test_folders_that_links_make_deep(self, root: Root) -> None:
        deep = "/".join("d" * 200)
        made = image(Recipe(layers=[[file(f"{deep}/x"), link("l", deep)], [file(f"l/{deep}/y")]]))
        with pytest.raises((LayerBoundsError, LayerDamagedError)):
            laid(root, made)

    def test_another_layer_than_its_digest_says(self, root: Root) -> None:
        made = image(Recipe(layers=[[file("a", "1")]]))
        other = gzip.compress(layer([file("a", "2")]), 1, mtime=0)
        lying = Lying(made.store, other)
        with pytest.raises((DigestMismatchError, SizeMismatchError)):
            unpack(lying, made.manifest, AMD64, root, LayingBounds())

    def test_another_content_than_the_config_says(self, root: Root) -> None:
        tar = layer([file("a", "1")])
        with pytest.raises(DigestMismatchError):
            laid(root, image_of(Recipe(contents=[b"another"]), [tar]))

    def test_fewer_layers_than_the_config_says(self, root: Root) -> None:
        tar = layer([file("a", "1")])
        with pytest.raises(LayerDamagedError):
            laid(root, image_of(Recipe(contents=[tar, tar]), [tar]))

    def test_a_layer_that_is_not_there(self, root: Root) -> None:
        made = image(Recipe(layers=[[file("a")]]))
        empty = MemoryStore()
        empty.add(made.manifest.media_type, made.store.open(made.manifest).read())
        with pytest.raises(BlobNotFoundError):
            unpack(empty, made.manifest, AMD64, root, LayingBounds())

    def test_a_disk_that_is_full(self, root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(laying, "_KEPT_FREE_BYTES", 1 << 60)
        with pytest.raises(StorageError, match="left to unpack"):
            laid(root, image(Recipe(layers=[[file("a")]])))

    @given(st.binary(max_size=2000))
    def test_any_bytes(self, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
        folder = tmp_path_factory.mktemp("any")
        with Root(folder) as root, contextlib.suppress(PolyarchError):
            laid(root, image_of(Recipe(), [data]))
        remove_tree(folder)

    @given(st.integers(0, 3000), st.binary(min_size=1, max_size=8))
    def test_any_damage(
        self, tmp_path_factory: pytest.TempPathFactory, place: int, data: bytes
    ) -> None:
        tar = bytearray(layer([file("a/b", "text"), link("l", "a"), hard("h", "a/b")]))
        tar[place : place + len(data)] = data
        folder = tmp_path_factory.mktemp("any")
        with Root(folder) as root, contextlib.suppress(PolyarchError):
            laid(root, image_of(Recipe(), [bytes(tar)]))
        remove_tree(folder)
        assert not folder.exists()
