"""Finishing what Buildah leaves unfinished in an image's config; layers stay as they are.

Seen in Buildah 1.28: `FROM scratch` for arm/v5 and arm/v6 says v7; with a warm layer cache the
creation time is that of an earlier commit; the history names intermediate images and the temporary
names of bases; `oci:` exports lose HEALTHCHECK, SHELL and ONBUILD, which BuildKit keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.salt import LABEL, without_salt
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig, rfc3339
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import JsonObject, decode_object, encode
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

DOCKER_ONLY = ("Healthcheck", "OnBuild", "Shell")
"""Keys of Docker's config that image-spec leaves to implementations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the config is to say.

    `created` is in seconds since 1970. `platform` None leaves the image's own. `docker` holds keys
    of Docker's config; only those of `DOCKER_ONLY` count.
    """

    created: int
    labels: Mapping[str, str]
    platform: Platform | None
    docker: Mapping[str, Any]


def stamp_image(
    export: LayoutStore, image: Descriptor, stamp: Stamp, layout: LayoutStore
) -> Descriptor:
    """Copy an image into `layout` under a stamped config; the result carries its platform.

    Raises:
        ContentError: the export is not whole.
        MalformedManifestError: it is no image.
    """
    manifest = ImageManifest.parse(read_small(export, image), image.media_type)
    config = ImageConfig.parse(read_small(export, manifest.config), manifest.config.media_type)
    stamped = ImageConfig.parse(_stamped(config, stamp))
    for layer in manifest.layers:
        copy_graph(export, layout, layer)
    layout.add(mediatype.OCI_CONFIG, stamped.raw)
    # Buildah's annotations name the base by what the layer cache held; they are left out.
    written = ImageManifest.build(config=stamped.descriptor, layers=manifest.layers)
    layout.add(mediatype.OCI_MANIFEST, written.raw)
    return written.descriptor.with_platform(stamped.platform)


def _stamped(config: ImageConfig, stamp: Stamp) -> bytes:
    relabelled = config.relabelled(stamp.labels, rfc3339(stamp.created))
    value = decode_object(relabelled.raw, "image config")
    run: JsonObject = dict(value["config"])
    run["Labels"] = without_salt(relabelled.labels)
    run.update({key: stamp.docker[key] for key in DOCKER_ONLY if stamp.docker.get(key)})
    value["config"] = run
    value["history"] = [_clean(step) for step in value.get("history") or [] if not _is_salt(step)]
    if stamp.platform is not None:
        value.pop("variant", None)
        value |= {"os": stamp.platform.os, "architecture": stamp.platform.architecture}
        if stamp.platform.variant:
            value["variant"] = stamp.platform.variant
    return encode(value)


def _is_salt(step: JsonObject) -> bool:
    return f"LABEL {LABEL}=" in str(step.get("created_by"))


def _clean(step: JsonObject) -> JsonObject:
    if str(step.get("comment", "")).startswith("FROM "):
        return {key: value for key, value in step.items() if key != "comment"}
    return step
