"""A descriptor: what some content is, how large, and under which digest.

Source: image-spec v1.1 descriptor.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from polyarch.errors import MalformedManifestError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject, integer, optional_object, string, string_map
from polyarch.oci.platform import Platform

_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]{0,126}"
)
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """`size` is in bytes. Unknown media types pass through; `urls` are kept, never followed."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=lambda: _EMPTY, hash=False)
    artifact_type: str = ""
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, media_type: str, data: bytes) -> Self:
        """Describe bytes at hand."""
        return cls(media_type=media_type, digest=Digest.of(data), size=len(data))

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """Read a descriptor from decoded JSON.

        Raises:
            MalformedManifestError: a required field is absent or of the wrong type.
            InvalidDigestError: the digest is none.
        """
        media_type = string(value, "mediaType", "descriptor")
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise MalformedManifestError("descriptor", "mediaType is not a media type")
        size = integer(value, "size", "descriptor")
        if size < 0:
            raise MalformedManifestError("descriptor", "size is negative")
        platform = optional_object(value, "platform", "descriptor")
        urls = value.get("urls") or []
        if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
            raise MalformedManifestError("descriptor", "urls is not a list of texts")
        return cls(
            media_type=media_type,
            digest=Digest.parse(string(value, "digest", "descriptor")),
            size=size,
            platform=parse_platform(platform) if platform is not None else None,
            annotations=string_map(value, "annotations", "descriptor"),
            artifact_type=string(value, "artifactType", "descriptor", default=""),
            urls=tuple(urls),
        )

    def to_json(self) -> JsonObject:
        """The descriptor as JSON has it, keys in the order of the specification."""
        value: JsonObject = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.urls:
            value["urls"] = list(self.urls)
        if self.annotations:
            value["annotations"] = dict(sorted(self.annotations.items()))
        if self.platform:
            value["platform"] = platform_to_json(self.platform)
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        return value

    def bare(self) -> Self:
        """Only what names the content: media type, digest and size."""
        return type(self)(media_type=self.media_type, digest=self.digest, size=self.size)

    def with_platform(self, platform: Platform | None) -> Self:
        """The same content, said to be of `platform`."""
        return replace(self, platform=platform)


def parse_platform(value: JsonObject) -> Platform:
    """Read the `platform` object of an index's entry, normalised."""
    features = value.get("os.features") or []
    if not isinstance(features, list) or not all(isinstance(item, str) for item in features):
        raise MalformedManifestError("platform", "os.features is not a list of texts")
    platform = Platform.of(
        string(value, "os", "platform"),
        string(value, "architecture", "platform"),
        string(value, "variant", "platform", default=""),
    )
    version = string(value, "os.version", "platform", default="")
    return replace(platform, os_version=version, os_features=tuple(features))


def platform_to_json(platform: Platform) -> JsonObject:
    """The `platform` object of an index's entry."""
    value: JsonObject = {"architecture": platform.architecture, "os": platform.os}
    if platform.os_version:
        value["os.version"] = platform.os_version
    if platform.os_features:
        value["os.features"] = list(platform.os_features)
    if platform.variant:
        value["variant"] = platform.variant
    return value
