import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.pushed import take_pushed
from polyarch.errors import MalformedManifestError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor

IMAGE = Descriptor.of(mediatype.OCI_MANIFEST, b"{}")


def said(folder: Path, **changes: object) -> Path:
    described = {
        "mediaType": IMAGE.media_type,
        "digest": str(IMAGE.digest),
        "size": IMAGE.size,
        "annotations": {"org.opencontainers.image.created": "2023-11-14T22:13:20Z"},
        "platform": {"architecture": "amd64", "os": "linux"},
    }
    value = {
        "containerimage.descriptor": described,
        "containerimage.digest": str(IMAGE.digest),
        "image.name": "ghcr.io/acme/app",
        **changes,
    }
    file = folder / "metadata.json"
    file.write_text(json.dumps(value))
    return file


def test_what_was_pushed(tmp_path: Path) -> None:
    built = take_pushed(said(tmp_path), "ghcr.io/acme/app")
    assert built.manifest == IMAGE
    assert built.pushed == f"ghcr.io/acme/app@{IMAGE.digest}"
    assert built.borrowed == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"containerimage.descriptor": None}, "it has no"),
        ({"containerimage.descriptor": {"mediaType": "a/b", "digest": "sha256:x"}}, "valid"),
        ({"containerimage.digest": "sha256:" + "0" * 64}, "two digests"),
        ({"containerimage.digest": None}, "two digests"),
    ],
)
def test_what_names_no_image(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(MalformedManifestError, match=reason):
        take_pushed(said(tmp_path, **changes), "ghcr.io/acme/app")


def test_an_index_is_no_image(tmp_path: Path) -> None:
    index = {
        "mediaType": mediatype.OCI_INDEX,
        "digest": str(IMAGE.digest),
        "size": 2,
    }
    with pytest.raises(MalformedManifestError, match="no image"):
        take_pushed(said(tmp_path, **{"containerimage.descriptor": index}), "ghcr.io/acme/app")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MalformedManifestError):
        take_pushed(tmp_path / "metadata.json", "ghcr.io/acme/app")


@given(st.binary(max_size=200))
def test_any_bytes_give_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.mktemp("said") / "metadata.json"
    file.write_bytes(data)
    with pytest.raises(MalformedManifestError):
        take_pushed(file, "ghcr.io/acme/app")
