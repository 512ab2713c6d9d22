"""Files for `docker buildx bake` that hold an image's names, as docker/metadata-action makes them.

Source: docker/metadata-action v6.2.0, README, "bake definition".
"""

from collections.abc import Mapping

from polyarch.metadata.labels import leveled
from polyarch.metadata.outputs import Metadata
from polyarch.oci.fields import JsonObject

BAKE_FILE = "bake-file"


def bake_files(metadata: Metadata) -> Mapping[str, JsonObject]:
    """The content of each file, by the output that names it."""
    tags: JsonObject = {"tags": list(metadata.version.tags)}
    labels: JsonObject = {"labels": metadata.first_lines}
    arguments: JsonObject = {"args": _arguments(metadata)}
    # The first colon in the text of levels ends it.
    levels = metadata.levels.partition(":")[0].split(",")
    annotations: JsonObject = {"annotations": list(leveled(metadata.annotations, levels))}
    return {
        "bake-file-tags": _target(metadata, tags | arguments),
        "bake-file-labels": _target(metadata, labels),
        "bake-file-annotations": _target(metadata, annotations),
        BAKE_FILE: _target(metadata, tags | labels | arguments),
    }


def file_name(output: str) -> str:
    """How the file of an output is called."""
    kind = output.removeprefix(BAKE_FILE)
    return f"docker-metadata-action-bake{kind}.json"


def _target(metadata: Metadata, content: JsonObject) -> JsonObject:
    return {"target": {metadata.bake_target: content}}


def _arguments(metadata: Metadata) -> JsonObject:
    images: JsonObject = {"DOCKER_META_IMAGES": ",".join(metadata.images)}
    main = metadata.version.main
    return images if main is None else images | {"DOCKER_META_VERSION": main}
