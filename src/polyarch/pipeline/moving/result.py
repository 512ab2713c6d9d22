"""What moving published images comes to: plain values, and the documents of those verbs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.copy_result import Carried
from polyarch.pipeline.outcomes import (
    STANDS,
    ErrorToJson,
    is_partly,
    outcome_to_json,
    usage_to_json,
)
from polyarch.registry.quota import Usage
from polyarch.transaction.values import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedImage:
    """One image; `digest` is None where registries have another each.

    `source` says what was moved, as a pinned reference or in words; `platforms` are its images.
    `carried` are artifacts about it, by repository. `notes` are for people. `proof` is the record
    that proves it, where one was asked for, `levels` how far by the digest of each platform.
    """

    name: str
    source: str = ""
    digest: Digest | None = None
    platforms: tuple[Descriptor, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    carried: dict[str, tuple[Carried, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    proof: JsonObject | None = None
    levels: Mapping[str, str] = field(default_factory=dict)

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """As it stands in the document."""
        return {
            "name": self.name,
            "source": self.source,
            "digest": str(self.digest) if self.digest else None,
            "platforms": [self._platform(child) for child in self.platforms if child.platform],
            "proof": self.proof,
            "notes": list(self.notes),
            "destinations": [self._place(each, error_to_json) for each in self.outcomes],
        }

    def _platform(self, child: Descriptor) -> JsonObject:
        level = self.levels.get(str(child.digest))
        told = {"platform": str(child.platform), "digest": str(child.digest), "reused": True}
        return {**told, "proof": {"level": level} if level else None}

    def _place(self, outcome: Outcome, error_to_json: ErrorToJson) -> JsonObject:
        carried = self.carried.get(str(outcome.repository), ())
        told = outcome_to_json(outcome, error_to_json)
        return {**told, "referrers": [each.to_json() for each in carried]}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveResult:
    """What one verb comes to; `reason` says why nothing was moved, where that is so.

    `who` and `why` are the person's who asked for it, and the words given.
    """

    verb: str
    run: str
    images: tuple[MovedImage, ...]
    reason: str = ""
    who: str = ""
    why: str = ""
    usage: tuple[Usage, ...] = ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All outcomes, image by image."""
        return tuple(outcome for image in self.images for outcome in image.outcomes)

    @property
    def standing(self) -> tuple[Outcome, ...]:
        """The destinations that show what was asked for."""
        return tuple(outcome for outcome in self.outcomes if outcome.status in STANDS)

    @property
    def partly(self) -> bool:
        """Whether places differ in what they show now, or something was left behind."""
        return is_partly([outcome.status for outcome in self.outcomes])

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """The document: `polyarch.promote/v1`, `tag`, `rollback` and `undo` under their names."""
        return {
            "schema": f"polyarch.{self.verb}/v1",
            "run": self.run,
            "moved": bool(self.standing) and len(self.standing) == len(self.outcomes),
            "reason": self.reason,
            "who": self.who,
            "why": self.why,
            "images": [image.to_json(error_to_json) for image in self.images],
            "usage": [usage_to_json(each) for each in self.usage],
        }
