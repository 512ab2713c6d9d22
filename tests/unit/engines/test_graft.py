"""Layers of the project's own base, put back under what an engine built on it."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import Base, Built
from polyarch.engines.graft import grafted
from polyarch.errors import BlobNotFoundError
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

ARM64 = Platform.parse("linux/arm64")
STEPS = ("ADD base", "RUN make")


def image(
    layout: LayoutStore, steps: Sequence[str], *, times: str = "", level: int = 6
) -> ImageManifest:
    """An image with a layer for each step; `times` and `level` make other bytes of the same."""
    contents = [f"{step}{times}".encode() for step in steps]
    layers = [
        layout.add(mediatype.OCI_LAYER_GZIP, gzip.compress(content, level, mtime=level))
        for content in contents
    ]
    config = {
        "os": "linux",
        "architecture": "arm64",
        "config": {"Labels": {"a": "b"}},
        "history": [
            *({"created_by": step, "created": times or "then"} for step in steps),
            {"created_by": "ENV a=b", "empty_layer": True},
        ],
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in contents],
        },
    }
    raw = json.dumps(config).encode()
    manifest = ImageManifest.build(
        config=layout.add(mediatype.OCI_CONFIG, raw), layers=layers, annotations={"x": "y"}
    )
    layout.add(mediatype.OCI_MANIFEST, manifest.raw)
    return manifest


def child(layout: LayoutStore, *, times: str = "now") -> Built:
    """What an engine builds on a base: one step more, all layers packed or even written anew."""
    base = image(layout, STEPS, times=times)
    below: dict[str, Any] = json.loads(read_small(layout, base.config))
    made = image(layout, (*STEPS, "RUN child"), times=times, level=9)
    config = json.loads(read_small(layout, made.config))
    own = {"created_by": "RUN child", "created": times}
    steps = [{**step, "created": times} for step in below["history"]]
    config["history"] = [*steps, own]
    raw = json.dumps(config).encode()
    manifest = ImageManifest.build(
        config=layout.add(mediatype.OCI_CONFIG, raw), layers=made.layers, annotations={"x": "y"}
    )
    layout.add(mediatype.OCI_MANIFEST, manifest.raw)
    return Built(manifest=manifest.descriptor.with_platform(ARM64))


@pytest.fixture
def below(tmp_path: Path) -> LayoutStore:
    return LayoutStore(tmp_path / "base")


@pytest.fixture
def layout(tmp_path: Path) -> LayoutStore:
    return LayoutStore(tmp_path / "child")


def base_of(store: LayoutStore, manifest: ImageManifest, **more: Any) -> Base:
    values = {"repository": "", "layout": store.root, **more}
    return Base(manifest=manifest, config=read_small(store, manifest.config), **values)


def parts_of(layout: LayoutStore, built: Descriptor) -> tuple[ImageManifest, ImageConfig]:
    manifest = ImageManifest.parse(read_small(layout, built))
    return manifest, ImageConfig.parse(read_small(layout, manifest.config))


@pytest.mark.parametrize("times", ["", "now"])
def test_the_layers_of_the_base_come_back(
    below: LayoutStore, layout: LayoutStore, times: str
) -> None:
    base = image(below, STEPS)
    built = child(layout, times=times)
    before, config_before = parts_of(layout, built.manifest)
    found = grafted(built, layout, base_of(below, base))
    after, config = parts_of(layout, found.manifest)
    assert after.layers == (*base.layers, before.layers[-1])
    assert config.diff_ids[:2] == parts_of(below, base.descriptor)[1].diff_ids
    assert config.diff_ids[2] == config_before.diff_ids[2]
    assert (
        json.loads(config.raw)["history"][:3] == json.loads(base_of(below, base).config)["history"]
    )
    assert (config.labels, after.annotations) == (config_before.labels, before.annotations)
    assert found.manifest.platform == ARM64
    assert found.borrowed == ()
    assert all(layout.exists(blob) for blob in after.blobs)
    assert not any(layout.exists(layer) for layer in before.layers[:2])
    assert not layout.exists(built.manifest)
    assert grafted(found, layout, base_of(below, base)) == found


def test_an_image_on_something_else_stays_as_it_is(below: LayoutStore, layout: LayoutStore) -> None:
    other = image(below, ("ADD another", "RUN make"))
    built = child(layout)
    assert grafted(built, layout, base_of(below, other)) == built


def test_an_image_with_attestations_stays_as_it_is(below: LayoutStore, layout: LayoutStore) -> None:
    base = image(below, STEPS)
    built = child(layout)
    attested = Built(manifest=built.manifest, attestations=(built.manifest,))
    assert grafted(attested, layout, base_of(below, base)) == attested


def test_layers_that_are_elsewhere_are_borrowed(below: LayoutStore, layout: LayoutStore) -> None:
    base = image(below, STEPS)
    built = child(layout)
    for layer in base.layers:
        for store in (below, layout):
            store.path_of(layer.digest).unlink(missing_ok=True)
    named = base_of(below, base, repository="example.com/base")
    assert grafted(built, layout, named).borrowed == (f"example.com/base@{base.descriptor.digest}",)
    with pytest.raises(BlobNotFoundError):
        grafted(built, layout, base_of(below, base))
