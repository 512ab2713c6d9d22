import json

import pytest
from hypothesis import given

from polyarch.errors import MalformedManifestError, SpecError
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation, parse_any
from polyarch.oci.platform import UNKNOWN, Platform
from tests.support.images import make_index
from tests.support.strategies import json_values


def blob(data: bytes, media_type: str = mediatype.OCI_LAYER_GZIP) -> Descriptor:
    return Descriptor.of(media_type, data)


def test_raw_bytes_decide_the_digest():
    raw = json.dumps({"schemaVersion": 2, "manifests": [], "x-unknown": 1}, indent=7).encode()
    index = ImageIndex.parse(raw, mediatype.OCI_INDEX)
    assert index.raw is raw
    assert index.descriptor.digest == Digest.of(raw)
    assert index.descriptor.size == len(raw)


def test_docker_manifest_list_is_read():
    child = {
        "mediaType": mediatype.DOCKER_MANIFEST,
        "size": 7,
        "digest": str(Digest.of(b"c")),
        "platform": {"architecture": "arm", "os": "linux", "variant": "v7"},
    }
    raw = json.dumps(
        {"schemaVersion": 2, "mediaType": mediatype.DOCKER_LIST, "manifests": [child]}
    ).encode()
    index = parse_any(raw, mediatype.DOCKER_LIST)
    assert isinstance(index, ImageIndex)
    assert index.platforms == (Platform.parse("linux/arm/v7"),)


def test_attestations_are_told_from_images():
    made = make_index()
    first = made.children[0]
    about = Descriptor(
        media_type=mediatype.OCI_MANIFEST,
        digest=Digest.of(b"proof"),
        size=5,
        platform=UNKNOWN,
        annotations={
            annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST,
            annotation.DOCKER_REFERENCE_DIGEST: str(first.digest),
        },
    )
    index = ImageIndex.build([*made.children, about])
    assert is_attestation(index.manifests[2])
    assert len(index.images) == 2
    assert UNKNOWN not in index.platforms
    assert [item.digest for item in index.attestations_of(first)] == [about.digest]
    assert index.attestations_of(made.children[1]) == ()


def index_of(*platforms: str) -> ImageIndex:
    return ImageIndex.build(
        blob(text.encode(), mediatype.OCI_MANIFEST).with_platform(Platform.parse(text))
        for text in platforms
    )


@pytest.mark.parametrize(
    ("has", "wanted", "found"),
    [
        (("linux/arm/v5", "linux/arm/v6", "linux/arm/v7"), "linux/arm/v6", "linux/arm/v6"),
        (("linux/arm/v5", "linux/arm/v6"), "linux/arm/v7", "linux/arm/v6"),
        (("linux/arm/v6", "linux/arm/v5"), "linux/arm/v7", "linux/arm/v6"),
        (("linux/amd64", "linux/amd64/v2"), "linux/amd64/v3", "linux/amd64/v2"),
        (("linux/arm64", "linux/arm64/v8.2"), "linux/arm64/v9", "linux/arm64/v8.2"),
        (("linux/arm/v7", "linux/arm64"), "linux/arm/v6", None),
        ((), "linux/amd64", None),
    ],
)
def test_an_index_gives_the_nearest_image_that_runs(has, wanted, found):
    image = index_of(*has).image_for(Platform.parse(wanted))
    assert (image and str(image.platform)) == found


def test_neither_attestations_nor_nameless_images_run_anywhere():
    nameless = blob(b"x", mediatype.OCI_MANIFEST)
    about = Descriptor(
        media_type=mediatype.OCI_MANIFEST,
        digest=Digest.of(b"y"),
        size=1,
        platform=Platform.parse("linux/amd64"),
        annotations={annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST},
    )
    assert ImageIndex.build([nameless, about]).image_for(Platform.parse("linux/amd64")) is None


def test_build_is_deterministic_and_survives_parsing():
    config, layers = blob(b"{}", mediatype.OCI_CONFIG), [blob(b"a"), blob(b"b")]
    one = ImageManifest.build(config=config, layers=layers, annotations={"b": "2", "a": "1"})
    two = ImageManifest.build(config=config, layers=layers, annotations={"a": "1", "b": "2"})
    assert one.raw == two.raw
    again = parse_any(one.raw)
    assert isinstance(again, ImageManifest)
    assert again == one
    assert [layer.digest for layer in again.layers] == [layer.digest for layer in layers]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"schemaVersion": 1},
        {"schemaVersion": 2},
        {"schemaVersion": 2, "config": [], "layers": []},
        {"schemaVersion": 2, "manifests": [{"digest": "x"}]},
        {"schemaVersion": 2, "manifests": "x"},
        {"schemaVersion": 2, "mediaType": "text/plain", "manifests": []},
        {"schemaVersion": 2, "manifests": [], "layers": [], "config": {}},
        {"schemaVersion": 2, "mediaType": 7, "manifests": []},
    ],
)
def test_what_is_no_manifest_is_refused(value):
    with pytest.raises(SpecError):
        parse_any(json.dumps(value).encode())


def test_bytes_must_agree_with_what_was_told():
    made = make_index()
    with pytest.raises(MalformedManifestError, match="is sent as"):
        ImageIndex.parse(made.index.raw, mediatype.DOCKER_LIST)


@given(json_values)
def test_any_json_is_a_manifest_or_refused(value):
    try:
        parse_any(json.dumps(value).encode())
    except SpecError:
        return


@given(json_values)
def test_hostile_fields_never_crash(value):
    for key in ("config", "layers", "manifests", "annotations", "subject", "mediaType"):
        document = {"schemaVersion": 2, key: value}
        try:
            parse_any(json.dumps(document).encode())
        except SpecError:
            continue


def test_deeply_nested_json_is_refused():
    with pytest.raises(MalformedManifestError):
        parse_any(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
