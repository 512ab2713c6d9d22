"""What a run came to, read from the document that its verb printed: `result.json`.

Publishing, copying and building print different documents with the same bones. What is not
understood is left out: a record is shown as far as it can be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from polyarch.oci.fields import JsonObject, decode_object
from polyarch.runs.reading import RESULT, digest_of, object_of, objects_of, text_of

MOST_IMAGES = 1000
MOST_PLATFORMS = 100
MOST_DESTINATIONS = 100
MOST_TAGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlatform:
    """One platform of an image; `level` and `how` are of its proof, empty where it has none."""

    platform: str
    digest: str
    reused: bool = False
    level: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTag:
    """One tag at one place; `digest` is what it points to since."""

    tag: str
    digest: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDestination:
    """One image at one place; `error` is empty where there was none."""

    repository: str
    status: str
    digest: str
    adapted: str = ""
    error: str = ""
    tags: tuple[RunTag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunImage:
    """One image; `digest` is of its index, empty where there is none."""

    name: str
    digest: str = ""
    platforms: tuple[RunPlatform, ...] = ()
    destinations: tuple[RunDestination, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """All of it, image by image."""

    images: tuple[RunImage, ...] = ()
    reason: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a result.

        Raises:
            MalformedManifestError: it is no JSON object, or far too large.
        """
        return cls.of(decode_object(raw, RESULT))

    @classmethod
    def of(cls, value: JsonObject) -> Self:
        """That of a result that has been decoded."""
        images = tuple(map(_image, objects_of(value, "images", MOST_IMAGES)))
        return cls(images=images or tuple(_of_parts(value)), reason=text_of(value, "reason"))


def _image(value: JsonObject) -> RunImage:
    return RunImage(
        name=text_of(value, "name"),
        digest=digest_of(value, "digest"),
        platforms=tuple(map(_platform, objects_of(value, "platforms", MOST_PLATFORMS))),
        destinations=tuple(map(_destination, objects_of(value, "destinations", MOST_DESTINATIONS))),
    )


def _platform(value: JsonObject) -> RunPlatform:
    proof = object_of(value, "proof")
    return RunPlatform(
        platform=text_of(value, "platform"),
        digest=digest_of(value, "digest"),
        reused=value.get("reused") is True,
        level=text_of(proof, "level"),
        how=text_of(proof, "how"),
    )


def _destination(value: JsonObject) -> RunDestination:
    return RunDestination(
        repository=text_of(value, "repository"),
        status=text_of(value, "status"),
        digest=digest_of(value, "digest"),
        adapted=text_of(value, "adapted"),
        error=text_of(object_of(value, "error"), "message"),
        tags=tuple(map(_tag, objects_of(value, "references", MOST_TAGS))),
    )


def _tag(value: JsonObject) -> RunTag:
    return RunTag(
        tag=text_of(value, "tag"),
        digest=digest_of(value, "digest"),
        status=text_of(value, "status"),
        reason=text_of(value, "reason"),
    )


def _of_parts(value: JsonObject) -> Iterator[RunImage]:
    """What `build` leaves: parts, image by image."""
    found: dict[str, list[RunPlatform]] = {}
    for part in objects_of(value, "parts", MOST_IMAGES * MOST_PLATFORMS):
        proof = next(objects_of(part, "proofs", 1), {})
        found.setdefault(text_of(part, "image"), []).append(
            RunPlatform(
                platform=text_of(part, "platform"),
                digest=digest_of(object_of(part, "manifest"), "digest"),
                reused=part.get("reused") is True,
                level=text_of(proof, "level"),
                how=text_of(proof, "how"),
            )
        )
    for name, platforms in found.items():
        yield RunImage(name=name, platforms=tuple(platforms))
