import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.engines.base import Base, BuildRequest, Built, CopiedFile, DirectRecipe
from polyarch.engines.direct import DirectEngine
from polyarch.errors import (
    BasePlatformError,
    BlobNotFoundError,
    DigestMismatchError,
    ForeignLayerError,
    MalformedManifestError,
)
from polyarch.events import Event, Listener, Warned, ignore
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from tests.support.images import make_image

FILE = (CopiedFile(source="hello", target="/usr/local/bin/hello"),)
REPOSITORY = "docker.io/library/debian"
LAYER = Descriptor.of(mediatype.OCI_LAYER_GZIP, b"base layer")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project/hello").write_text("hello")
    return tmp_path / "project"


@pytest.fixture
def layout(tmp_path):
    return LayoutStore(tmp_path / "state" / "layout")


def base_of(
    config: dict[str, Any] | None = None,
    *,
    layers: Sequence[Descriptor] = (LAYER,),
    platform: str = "linux/arm64",
) -> Base:
    parsed = Platform.parse(platform)
    value = {
        "architecture": parsed.architecture,
        "os": parsed.os,
        **({"variant": parsed.variant} if parsed.variant else {}),
        "rootfs": {"type": "layers", "diff_ids": [str(layer.digest) for layer in layers]},
        **(config or {}),
    }
    raw = json.dumps(value).encode()
    manifest = ImageManifest.build(
        config=Descriptor.of(mediatype.OCI_CONFIG, raw), layers=list(layers)
    )
    return Base(repository=REPOSITORY, manifest=manifest, config=raw)


def build(
    project: Path,
    layout: LayoutStore,
    base: Base,
    *,
    platform: str = "linux/arm64",
    labels: dict[str, str] | None = None,
    listen: Listener = ignore,
    **recipe: Any,
) -> Built:
    request = BuildRequest(
        image="hello",
        platform=Platform.parse(platform),
        project=project,
        context=project,
        dockerfile=None,
        labels=labels or {},
        created=1_700_000_000,
        direct=DirectRecipe(base=base, **{"files": FILE, **recipe}),
    )
    return DirectEngine({}).build(request, layout, listen)


def read(built: Built, layout: LayoutStore) -> tuple[ImageManifest, dict[str, Any]]:
    manifest = ImageManifest.parse(read_small(layout, built.manifest))
    return manifest, json.loads(read_small(layout, manifest.config))


def test_layers_of_the_base_are_taken_by_reference(project, layout):
    base = base_of()
    built = build(project, layout, base)
    manifest, config = read(built, layout)
    assert built.borrowed == (f"{REPOSITORY}@{base.manifest.descriptor.digest}",)
    assert manifest.layers[0] == LAYER
    assert len(manifest.layers) == len(config["rootfs"]["diff_ids"]) == 2
    assert not layout.exists(LAYER)
    assert layout.exists(manifest.layers[1])


def test_layers_of_a_base_on_this_machine_are_copied(project, layout, tmp_path):
    store = MemoryStore()
    made = make_image(store, Platform.parse("linux/arm64"), {"sh": b"shell"})
    here = LayoutStore(tmp_path / "base")
    copy_graph(store, here, made)
    manifest = ImageManifest.parse(read_small(here, made))
    config = read_small(here, manifest.config)
    base = Base(repository="", manifest=manifest, config=config, layout=here.root)
    built = build(project, layout, base)
    assert built.borrowed == ()
    assert all(layout.exists(layer) for layer in read(built, layout)[0].layers)


def test_a_layer_that_can_be_had_nowhere_is_told(project, layout):
    with pytest.raises(BlobNotFoundError):
        build(project, layout, replace(base_of(), repository=""))


def test_settings_are_laid_over_those_of_the_base(project, layout):
    base = base_of(
        {
            "created": "2020-01-01T00:00:00Z",
            "author": "base team",
            "config": {
                "Env": ["PATH=/usr/bin", "A=1"],
                "Entrypoint": ["/init"],
                "Cmd": ["bash"],
                "Labels": {"a": "base", "b": "base"},
                "ExposedPorts": {"22/tcp": {}},
                "StopSignal": "SIGINT",
                "User": "root",
                "OnBuild": ["RUN x"],
            },
            "history": [{"created_by": "ADD rootfs"}, {"created_by": "ENV", "empty_layer": True}],
            "docker_version": "1.2",
            "container_config": {"Cmd": ["x"]},
        }
    )
    built = build(
        project,
        layout,
        base,
        labels={"b": "new", "c": "new"},
        entrypoint=("/usr/local/bin/hello",),
        working_dir="/srv",
        user="65532:65532",
        image_environment={"A": "2", "B": "3"},
        ports=("8080", "53/udp"),
    )
    _, config = read(built, layout)
    assert config["config"] == {
        "Env": ["PATH=/usr/bin", "A=2", "B=3"],
        "Entrypoint": ["/usr/local/bin/hello"],
        "Labels": {"a": "base", "b": "new", "c": "new"},
        "ExposedPorts": {"22/tcp": {}, "53/udp": {}, "8080/tcp": {}},
        "StopSignal": "SIGINT",
        "User": "65532:65532",
        "WorkingDir": "/srv",
    }
    assert config["created"] == "2023-11-14T22:13:20Z"
    assert config["author"] == "base team"
    assert [step.get("created_by") for step in config["history"]] == [
        "ADD rootfs",
        "ENV",
        "polyarch direct: /usr/local/bin/hello",
    ]
    assert not {"docker_version", "container_config"} & set(config)


def test_what_the_recipe_does_not_say_stays_as_the_base_has_it(project, layout):
    run = {"Env": ["A=1"], "Entrypoint": ["/init"], "Cmd": ["bash"], "WorkingDir": "/w"}
    _, config = read(build(project, layout, base_of({"config": run})), layout)
    assert config["config"] == run


def test_a_command_alone_replaces_the_command_alone(project, layout):
    run = {"Entrypoint": ["/init"], "Cmd": ["bash"]}
    built = build(project, layout, base_of({"config": run}), default_command=("hello",))
    assert read(built, layout)[1]["config"] == {"Entrypoint": ["/init"], "Cmd": ["hello"]}


def test_history_speaks_of_every_layer(project, layout):
    layers = (LAYER, Descriptor.of(mediatype.OCI_LAYER_GZIP, b"second"))
    _, config = read(build(project, layout, base_of(layers=layers)), layout)
    assert len(config["history"]) == len(config["rootfs"]["diff_ids"]) == 3


def test_settings_alone_need_no_layer(project, layout):
    built = build(project, layout, base_of(), files=(), labels={"a": "1"})
    manifest, config = read(built, layout)
    assert manifest.layers == (LAYER,)
    assert config["history"][-1]["empty_layer"] is True


@pytest.mark.parametrize(
    "layer",
    [
        replace(LAYER, urls=("https://example.com/layer",)),
        replace(LAYER, media_type="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        replace(LAYER, media_type="application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    ],
)
def test_a_layer_that_lies_in_no_registry_is_refused(project, layout, layer):
    with pytest.raises(ForeignLayerError) as caught:
        build(project, layout, base_of(layers=[layer]))
    assert str(LAYER.digest) in caught.value.message
    assert REPOSITORY in caught.value.message


def test_layers_of_zstd_get_their_name_of_the_oci(project, layout):
    docker = "application/vnd.docker.image.rootfs.diff.tar.zstd"
    layer = replace(LAYER, media_type=docker)
    manifest, _ = read(build(project, layout, base_of(layers=[layer])), layout)
    assert manifest.layers[0].media_type == mediatype.OCI_LAYER_ZSTD


def test_docker_layers_get_the_names_of_the_oci(project, layout):
    layer = replace(LAYER, media_type=mediatype.DOCKER_LAYER_GZIP, annotations={"kept": "yes"})
    manifest, _ = read(build(project, layout, base_of(layers=[layer])), layout)
    assert manifest.layers[0] == replace(layer, media_type=mediatype.OCI_LAYER_GZIP)


@pytest.mark.parametrize(
    ("base", "wanted", "fits"),
    [
        ("linux/arm64", "linux/arm64", True),
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/amd64", "linux/arm64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_a_base_must_run_where_the_image_will(project, layout, base, wanted, fits):
    if fits:
        built = build(project, layout, base_of(platform=base), platform=wanted)
        _, config = read(built, layout)
        assert built.manifest.platform == Platform.parse(wanted)
        assert config.get("variant", "") == Platform.parse(wanted).variant
    else:
        with pytest.raises(BasePlatformError, match=base):
            build(project, layout, base_of(platform=base), platform=wanted)


def test_a_base_with_another_config_than_its_manifest_names_is_refused(project, layout):
    base = base_of()
    with pytest.raises(DigestMismatchError):
        build(project, layout, replace(base, config=base.config + b" "))


def test_a_base_whose_config_speaks_of_other_layers_is_refused(project, layout):
    base = base_of({"rootfs": {"type": "layers", "diff_ids": []}})
    with pytest.raises(MalformedManifestError):
        build(project, layout, base)


@pytest.mark.parametrize(("target", "count"), [("/bin/hello", 1), ("/usr/bin/hello", 0)])
def test_folders_that_are_links_in_many_bases_are_warned_of(project, layout, target, count):
    events: list[Event] = []
    files = (CopiedFile(source="hello", target=target),)
    build(project, layout, base_of(), files=files, listen=events.append)
    assert len([event for event in events if isinstance(event, Warned)]) == count
