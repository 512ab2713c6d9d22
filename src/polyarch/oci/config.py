"""An image's config: platform, how it starts, its history.

Source: image-spec v1.1 config.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from polyarch.errors import MalformedManifestError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import (
    JsonObject,
    decode_object,
    encode,
    optional_object,
    string,
    string_map,
)
from polyarch.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """`diff_ids` are the digests of the uncompressed layers, base first; `raw` is what was read.

    `has_triggers`: builds that stand on it begin with instructions that ONBUILD left.
    """

    raw: bytes
    descriptor: Descriptor
    platform: Platform
    created: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: tuple[str, ...]
    working_dir: str
    user: str
    labels: Mapping[str, str]
    has_triggers: bool
    diff_ids: tuple[Digest, ...]

    @classmethod
    def parse(cls, raw: bytes, media_type: str = mediatype.OCI_CONFIG) -> Self:
        """Read a config from its bytes.

        Raises:
            MalformedManifestError: not an image config.
        """
        kind = "image config"
        value = decode_object(raw, kind)
        run = optional_object(value, "config", kind) or {}
        rootfs = optional_object(value, "rootfs", kind) or {}
        platform = Platform.of(
            string(value, "os", kind),
            string(value, "architecture", kind),
            string(value, "variant", kind, default=""),
        )
        return cls(
            raw=raw,
            descriptor=Descriptor.of(media_type, raw),
            platform=replace(platform, os_version=string(value, "os.version", kind, default="")),
            created=string(value, "created", kind, default=""),
            entrypoint=_words(run, "Entrypoint"),
            command=_words(run, "Cmd"),
            environment=_words(run, "Env"),
            working_dir=string(run, "WorkingDir", kind, default=""),
            user=string(run, "User", kind, default=""),
            labels=string_map(run, "Labels", kind),
            has_triggers=bool(run.get("OnBuild")),
            diff_ids=tuple(Digest.parse(text) for text in _words(rootfs, "diff_ids")),
        )

    def relabelled(
        self, labels: Mapping[str, str], created: str, *, without: Collection[str] = ()
    ) -> Self:
        """The same image under other labels and another time of making; all else is kept.

        `labels` are laid over those that are there but for the keys of `without`; `created` is
        RFC 3339 text.
        """
        value = decode_object(self.raw, "image config")
        run: JsonObject = dict(value.get("config") or {})
        kept = {key: text for key, text in self.labels.items() if key not in without}
        run["Labels"] = dict(sorted({**kept, **labels}.items()))
        raw = encode({**value, "created": created, "config": run})
        return self.parse(raw, self.descriptor.media_type)


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as image-spec writes a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _words(value: JsonObject, key: str) -> tuple[str, ...]:
    found = value.get(key) or []
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise MalformedManifestError("image config", f"`{key}` is not a list of texts")
    return tuple(found)
