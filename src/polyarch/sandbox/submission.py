"""A manifest as it is submitted: what it is, what it needs to be there, what it refers to.

Sources: image-spec v1.1 manifest.md and image-index.md; distribution-spec v1.1 "Pushing Manifests".
"""

from dataclasses import dataclass
from typing import Self

from polyarch.errors import InvalidDigestError, MalformedManifestError
from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.oci.fields import (
    JsonObject,
    decode_object,
    integer,
    object_list,
    optional_object,
    string,
)

_KIND = "manifest"
_SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that must be in the repository already, with exactly this size in bytes."""

    digest: Digest
    size: int

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """Read what a descriptor points to.

        Raises:
            MalformedManifestError: without digest or size.
        """
        try:
            digest = Digest.parse(string(value, "digest", _KIND))
        except InvalidDigestError as error:
            raise MalformedManifestError(_KIND, error.message) from error
        return cls(digest=digest, size=integer(value, "size", _KIND))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The view of a registry on a manifest; unknown fields are nobody's business."""

    media_type: str
    blobs: tuple[Need, ...]
    manifests: tuple[Need, ...]
    subject: Digest | None
    artifact_type: str | None
    annotations: JsonObject | None

    @classmethod
    def parse(cls, raw: bytes, content_type: str) -> Self:
        """Read the bytes under the Content-Type that came with them (parameters do not count).

        Raises:
            MalformedManifestError: not JSON, of an unknown type, or two types that disagree.
        """
        value = decode_object(raw, _KIND)
        sent = content_type.partition(";")[0].strip().lower()
        media_type = string(value, "mediaType", _KIND, default=sent)
        if sent and sent != media_type:
            raise MalformedManifestError(_KIND, f"sent as `{sent}`, it says `{media_type}`")
        if not mediatype.is_index(media_type) and not mediatype.is_manifest(media_type):
            raise MalformedManifestError(_KIND, f"its media type is `{media_type}`")
        if integer(value, "schemaVersion", _KIND) != _SCHEMA_VERSION:
            raise MalformedManifestError(_KIND, "`schemaVersion` is not 2")
        subject = optional_object(value, "subject", _KIND)
        index = mediatype.is_index(media_type)
        default = None if index else _config_type(value)
        return cls(
            media_type=media_type,
            blobs=() if index else _blobs(value),
            manifests=tuple(map(Need.parse, object_list(value, "manifests", _KIND))),
            subject=Need.parse(subject).digest if subject else None,
            artifact_type=string(value, "artifactType", _KIND, default="") or default,
            annotations=optional_object(value, "annotations", _KIND),
        )


def _blobs(value: JsonObject) -> tuple[Need, ...]:
    config = optional_object(value, "config", _KIND)
    if config is None:
        raise MalformedManifestError(_KIND, "`config` is missing")
    layers = object_list(value, "layers", _KIND)
    pushed = [layer for layer in layers if mediatype.is_distributed(_media_type(layer))]
    return tuple(map(Need.parse, [config, *pushed]))


def _config_type(value: JsonObject) -> str | None:
    return _media_type(optional_object(value, "config", _KIND) or {}) or None


def _media_type(descriptor: JsonObject) -> str:
    return string(descriptor, "mediaType", _KIND, default="")
