"""What copying comes to: plain values and the document `polyarch.copy/v1`."""

from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.outcomes import (
    STANDS,
    ErrorToJson,
    is_partly,
    references_to_json,
    traffic_to_json,
    usage_to_json,
)
from polyarch.registry.quota import Usage
from polyarch.transaction.values import NO_TRAFFIC, Status, TagOutcome, Traffic

COPY_SCHEMA = "polyarch.copy/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An artifact about an image, at one destination; `reason` says why it was not carried."""

    digest: Digest
    kind: str
    subject: Digest
    reason: str = ""

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.copy/v1`."""
        return {
            "digest": str(self.digest),
            "artifact_type": self.kind or None,
            "subject": str(self.subject),
            "carried": not self.reason,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutcome:
    """One image at one place; `repository` is the place without tag and digest.

    `pinned` names exactly these bytes there.
    """

    image: str
    repository: str
    pinned: str
    status: Status
    digest: Digest | None = None
    tags: tuple[TagOutcome, ...] = ()
    error: PolyarchError | None = None
    adapted: str = ""
    traffic: Traffic = NO_TRAFFIC
    referrers: tuple[Carried, ...] = ()
    note: str = ""

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """As it stands in `polyarch.copy/v1`."""
        return {
            "repository": self.repository,
            "status": self.status.value,
            "digest": str(self.digest) if self.digest else None,
            "adapted": self.adapted or None,
            "bytes": traffic_to_json(self.traffic),
            "note": self.note or None,
            "references": references_to_json(self.tags),
            "referrers": [each.to_json() for each in self.referrers],
            "error": error_to_json(self.error) if self.error else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedImage:
    """One image: where it was found and under which digest, what of it was copied, and to where.

    `original` differs from `digest` where only some platforms were chosen. `notes` are for people.
    """

    name: str
    source: str
    original: Digest
    digest: Digest
    platforms: tuple[Descriptor, ...]
    notes: tuple[str, ...] = ()
    outcomes: tuple[CopyOutcome, ...] = ()

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """As it stands in `polyarch.copy/v1`."""
        return {
            "name": self.name,
            "source": self.source,
            "original_digest": str(self.original),
            "digest": str(self.digest),
            "platforms": [
                {"platform": str(child.platform), "digest": str(child.digest), "reused": True}
                for child in self.platforms
                if child.platform
            ],
            "notes": list(self.notes),
            "destinations": [outcome.to_json(error_to_json) for outcome in self.outcomes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """What `copy` comes to; `reason` says why nothing was copied, where that is so."""

    run: str
    images: tuple[CopiedImage, ...]
    reason: str
    usage: tuple[Usage, ...] = ()

    @property
    def outcomes(self) -> tuple[CopyOutcome, ...]:
        """All outcomes, image by image."""
        return tuple(outcome for image in self.images for outcome in image.outcomes)

    @property
    def standing(self) -> tuple[CopyOutcome, ...]:
        """The places that show what was copied."""
        return tuple(outcome for outcome in self.outcomes if outcome.status in STANDS)

    @property
    def partly(self) -> bool:
        """Whether places differ in what they show now, or something was left behind."""
        return is_partly([outcome.status for outcome in self.outcomes])

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """The document `polyarch.copy/v1`."""
        return {
            "schema": COPY_SCHEMA,
            "run": self.run,
            "copied": bool(self.standing) and len(self.standing) == len(self.outcomes),
            "reason": self.reason,
            "images": [image.to_json(error_to_json) for image in self.images],
            "usage": [usage_to_json(each) for each in self.usage],
        }
