"""What was pushed by digest, from the file that `docker buildx build --metadata-file` writes.

Source: docker/buildx, docs/reference/buildx_build.md; the key is BuildKit's
(exporter/containerimage/exptypes).
"""

import json
from pathlib import Path
from typing import Any

from polyarch.engines.base import Built
from polyarch.errors import MalformedManifestError, SpecError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor

_DESCRIPTOR = "containerimage.descriptor"
_DIGEST = "containerimage.digest"
_WHAT = "build metadata"


def take_pushed(metadata: Path, repository: str) -> Built:
    """The image that stands in `repository` now, by its digest alone.

    Raises:
        MalformedManifestError: the file does not name one image.
    """
    found = _read(metadata)
    described = found.get(_DESCRIPTOR)
    if not isinstance(described, dict):
        raise MalformedManifestError(_WHAT, f"it has no {_DESCRIPTOR}", where=str(metadata))
    try:
        descriptor = Descriptor.parse(described).bare()
    except SpecError as error:
        raise MalformedManifestError(_WHAT, error.message, where=str(metadata)) from error
    if found.get(_DIGEST) != str(descriptor.digest):
        raise MalformedManifestError(_WHAT, "it names two digests", where=str(metadata))
    if mediatype.is_index(descriptor.media_type):
        raise MalformedManifestError(_WHAT, "an index was pushed, no image", where=str(metadata))
    return Built(manifest=descriptor, pushed=f"{repository}@{descriptor.digest}")


def _read(metadata: Path) -> dict[str, Any]:
    try:
        value = json.loads(metadata.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise MalformedManifestError(_WHAT, reason, where=str(metadata)) from error
    except (ValueError, RecursionError) as error:
        raise MalformedManifestError(_WHAT, "it is no JSON", where=str(metadata)) from error
    if not isinstance(value, dict):
        raise MalformedManifestError(_WHAT, "it is no JSON object", where=str(metadata))
    return value
