"""What Buildah's layer cache must also look at, put where it does look.

Buildah 1.28 takes a cached layer when the texts of the instructions and the layers below are equal.
The values of build arguments, the platform and the config of the base are not compared: a build
with `VERSION=2` gets the labels of `VERSION=1`, one for 386 the variables of arm64, and all ends
well. A label behind every FROM that depends on all three makes the texts differ; it is taken out
of the image again.
"""

import hashlib
from collections.abc import Collection, Mapping

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import BuildRequest, ImageContext, LayoutContext, NamedContext
from polyarch.engines.contexts import pick_image
from polyarch.oci import annotation
from polyarch.oci.fields import JsonObject, decode_object, encode
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

LABEL = "polyarch.layer-cache"

_OF_THE_COMMIT = (annotation.CREATED, annotation.REVISION, annotation.VERSION)
"""Labels that a base gets anew with every commit: they must not empty the cache of its children."""


def salt_instruction(request: BuildRequest, native: Platform, *, bases: Collection[str]) -> str:
    """The instruction to lay behind every FROM; `bases` are the IDs of images from registries."""
    seen: JsonObject = {
        "platform": str(request.platform),
        "native": str(native),
        "build-args": dict(sorted(request.build_args.items())),
        "contexts": {
            name: _identity(context, (request.platform, native))
            for name, context in sorted(request.contexts.items())
        },
        "bases": sorted(bases),
    }
    return f"LABEL {LABEL}={hashlib.sha256(encode(seen)).hexdigest()[:32]}"


def without_salt(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that are the image's own."""
    return {key: value for key, value in labels.items() if key != LABEL}


def _identity(context: NamedContext, platforms: tuple[Platform, ...]) -> list[str]:
    if isinstance(context, ImageContext):
        return [context.reference]
    if isinstance(context, LayoutContext):
        return [_config_of(context, platform) for platform in platforms]
    return []


def _config_of(context: LayoutContext, platform: Platform) -> str:
    """A digest of all that children inherit; times, history and the commit do not count."""
    image = pick_image(context, platform)
    if image is None:
        return ""
    store = LayoutStore(context.layout)
    manifest = ImageManifest.parse(read_small(store, image), image.media_type)
    value = decode_object(read_small(store, manifest.config), "image config")
    run = dict(value.get("config") or {})
    run["Labels"] = {
        key: text for key, text in (run.get("Labels") or {}).items() if key not in _OF_THE_COMMIT
    }
    kept = {key: value.get(key) for key in ("os", "architecture", "variant", "rootfs")}
    return hashlib.sha256(encode({**kept, "config": run})).hexdigest()
