"""Archives of Docker, old and new: what is in them keeps its digest, or gets one that is told."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.archive import write_archive
from polyarch.content.dockersave import DockerArchive
from polyarch.content.graph import copy_graph, walk
from polyarch.content.layout import LayoutStore
from polyarch.content.memory import MemoryStore
from polyarch.content.places import Place
from polyarch.content.tarindex import TarIndex
from polyarch.errors import (
    ContentError,
    ImageNotNamedError,
    MalformedManifestError,
    NothingSelectedError,
)
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageIndex, ImageManifest
from tests.support.images import layer_bytes, make_index

LAYERS = (layer_bytes({"a": b"first"}), layer_bytes({"b": b"second" * 999}))
CONFIG = json.dumps(
    {
        "architecture": "arm64",
        "os": "linux",
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in LAYERS],
        },
    }
).encode()
CONFIG_FILE = f"{hashlib.sha256(CONFIG).hexdigest()}.json"
ENTRY: Mapping[str, Any] = {
    "Config": CONFIG_FILE,
    "RepoTags": ["alpine:3", "team/app:1"],
    "Layers": ["one/layer.tar", "two/layer.tar"],
}


def old_form(
    path: Path,
    *,
    layers: tuple[bytes, bytes] = LAYERS,
    config: bytes = CONFIG,
    entries: object = (ENTRY,),
    links: Mapping[str, str] | None = None,
) -> Path:
    """An archive as Engines before 25 write it."""
    files = {
        CONFIG_FILE: config,
        "config.json": config,
        "one/layer.tar": layers[0],
        "two/layer.tar": layers[1],
        "manifest.json": json.dumps(entries).encode(),
        "repositories": b"{}",
    }
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            if name not in (links or {}):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.tar"


def found(path: Path, name: str = "") -> Any:
    place = Place.parse(f"docker-archive:{path}{name and ':'}{name}")
    with TarIndex.of(path, path.parent) as tar:
        image = DockerArchive(tar).find(place)
        copy_graph(image.store, MemoryStore(), image.root.descriptor)  # which proves every byte
        return image


class TestOldForm:
    def test_a_manifest_is_made_and_always_the_same(self, path: Path):
        first, second = found(old_form(path)), found(old_form(path))
        assert first.is_new
        assert first.root == second.root
        assert isinstance(first.root, ImageManifest)
        assert ImageConfig.parse(CONFIG).descriptor == first.root.config
        assert [layer.media_type for layer in first.root.layers] == [
            "application/vnd.oci.image.layer.v1.tar"
        ] * 2
        assert first.name == "docker.io/library/alpine:3"

    def test_compressed_layers_stay_so(self, path: Path):
        packed = gzip.compress(LAYERS[1]) + gzip.compress(b"")
        image = found(old_form(path, layers=(LAYERS[0], packed)))
        assert image.root.layers[1].media_type.endswith("tar+gzip")
        assert image.root.layers[1].digest.encoded == hashlib.sha256(packed).hexdigest()

    def test_layers_that_are_links_to_others(self, path: Path):
        """Engines before 25 write a layer that occurs twice once, and a link."""
        digests = [hashlib.sha256(layer).hexdigest().encode() for layer in LAYERS]
        entry = {**ENTRY, "Config": "config.json"}
        links = {"two/layer.tar": "../one/layer.tar"}
        old_form(path, config=CONFIG.replace(digests[1], digests[0]), entries=[entry], links=links)
        image = found(path)
        assert image.root.layers[0].digest == image.root.layers[1].digest

    def test_other_bytes_are_found_out(self, path: Path):
        with pytest.raises(ContentError):
            found(old_form(path, layers=(LAYERS[0], bytes(len(LAYERS[1])))))

    def test_another_compressed_layer_is_found_out(self, path: Path):
        with pytest.raises(MalformedManifestError, match="is not the layer"):
            found(old_form(path, layers=(LAYERS[0], gzip.compress(LAYERS[0]))))
        with pytest.raises(MalformedManifestError, match="is damaged"):
            found(old_form(path, layers=(LAYERS[0], gzip.compress(LAYERS[1])[:-9])))

    def test_another_config_is_found_out(self, path: Path):
        with pytest.raises(MalformedManifestError, match="not what its name says"):
            found(old_form(path, config=CONFIG.replace(b"arm64", b"amd64")))

    @pytest.mark.parametrize(
        ("entries", "words"),
        [
            ({}, "not a list"),
            ([1], "not a list"),
            ([{}], "lacks"),
            ([{**ENTRY, "Layers": [1]}], "lacks"),
            ([{**ENTRY, "Layers": ["../../etc/passwd", "x"]}], "there is no"),
            ([{**ENTRY, "Layers": ["one/layer.tar"]}], "1 layers for 2"),
            ([{**ENTRY, "Config": "/etc/passwd"}], "there is no `/etc/passwd` in it"),
        ],
    )
    def test_damaged(self, path: Path, entries: object, words: str):
        with pytest.raises(MalformedManifestError, match=words):
            found(old_form(path, entries=entries))


class TestNames:
    def test_each_name_and_each_form_of_it(self, path: Path):
        old_form(path)
        for name in ("alpine:3", "docker.io/library/alpine:3"):
            assert found(path, name).name == "docker.io/library/alpine:3"
        assert found(path, "team/app:1").name == "docker.io/team/app:1"
        assert found(path, "@0").root == found(path).root

    def test_several(self, path: Path):
        old_form(path, entries=[ENTRY, {**ENTRY, "RepoTags": None}])
        with pytest.raises(ImageNotNamedError) as caught:
            found(path)
        assert "alpine:3" in str(caught.value.hint)
        assert "@1" in str(caught.value.hint)
        assert found(path, "@1").name == ""

    @pytest.mark.parametrize("name", ["busybox", "alpine:4", "@1", "@sha256:" + "0" * 64])
    def test_none(self, path: Path, name: str):
        old_form(path)
        separated = f"docker-archive:{path}{'' if name.startswith('@s') else ':'}{name}"
        with pytest.raises(NothingSelectedError), TarIndex.of(path, path.parent) as tar:
            DockerArchive(tar).find(Place.parse(separated))


class TestNewForm:
    def test_the_manifest_is_the_one_that_it_always_had(self, path: Path):
        made = make_index()
        write_archive(path, made.store, made.children[1], "docker.io/team/app:1")
        image = found(path)
        assert not image.is_new
        assert image.root.descriptor.digest == made.children[1].digest
        assert image.name == "docker.io/team/app:1"

    def test_an_image_without_a_name(self, path: Path):
        made = make_index()
        write_archive(path, made.store, made.children[1], "")
        assert found(path).name == ""

    @pytest.fixture
    def saved_index(self, tmp_path: Path) -> Path:
        """As an Engine with containerd's store saves an image of several platforms."""
        made = make_index()
        layout = LayoutStore(tmp_path / "layout")
        copy_graph(made.store, layout, made.index.descriptor)
        layout.tag(made.index.descriptor, "1")
        manifest = ImageManifest.parse(made.store.open(made.children[0]).read())
        paths = [f"blobs/sha256/{blob.digest.encoded}" for blob in manifest.blobs]
        docker = [{"Config": paths[0], "RepoTags": ["team/app:1"], "Layers": paths[1:]}]
        (layout.root / "manifest.json").write_text(json.dumps(docker))
        return layout.root

    def archived(self, folder: Path, path: Path) -> Path:
        with tarfile.open(path, "w") as tar:
            tar.add(folder, ".")
        return path

    def test_a_whole_index_is_kept(self, saved_index: Path, path: Path):
        image = found(self.archived(saved_index, path))
        assert isinstance(image.root, ImageIndex)
        assert image.absent == 0

    def test_of_an_index_with_holes_the_image_that_is_there(self, saved_index: Path, path: Path):
        made = make_index()
        for node in walk(made.store, made.children[1]):
            blob = saved_index / "blobs/sha256" / node.digest.encoded
            if node not in list(walk(made.store, made.children[0])):
                blob.unlink()
        image = found(self.archived(saved_index, path))
        assert image.root.descriptor.digest == made.children[0].digest
        assert image.absent == 1


def test_an_archive_of_another_form(tmp_path: Path):
    layout = LayoutStore(tmp_path / "layout")
    made = make_index()
    copy_graph(made.store, layout, made.index.descriptor)
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(layout.root, ".")
    with pytest.raises(MalformedManifestError, match="oci-archive:"):
        found(path)
