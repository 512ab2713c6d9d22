"""What building and publishing come to: plain values and their JSON documents."""

from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.aftermath import Aftermath
from polyarch.pipeline.build import BuiltPart
from polyarch.pipeline.loading import Loaded
from polyarch.pipeline.outcomes import (
    STANDS,
    ErrorToJson,
    is_partly,
    outcome_to_json,
    usage_to_json,
)
from polyarch.pipeline.plan import Plan
from polyarch.pipeline.proof import ImageProof
from polyarch.pipeline.staged import Staging
from polyarch.registry.quota import Usage
from polyarch.transaction.values import Outcome

BUILD_SCHEMA = "polyarch.build/v1"
PUBLISH_SCHEMA = "polyarch.publish/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image whose platforms are all there, and the digest of the index that they make."""

    name: str
    digest: Digest
    loaded: Loaded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What `build` leaves; `run` is the id of its record.

    `parts` are in plan order. With `error` they are those that were done when it happened, and
    there are no images. `staging` is None where it was not asked for.
    """

    run: str
    plan: Plan
    parts: tuple[BuiltPart, ...]
    images: tuple[BuiltImage, ...] = ()
    staging: Staging | None = None
    error: PolyarchError | None = None

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """The document `polyarch.build/v1`."""
        return {
            "schema": BUILD_SCHEMA,
            "run": self.run,
            "parts": [{**built.part.to_json(), "reused": built.reused} for built in self.parts],
            "staged": self.staging.to_json(error_to_json) if self.staging else None,
            "error": error_to_json(self.error) if self.error else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedImage:
    """One image; `digest` is None where nothing was built because a registry refused before.

    It is None, too, where platforms that were published are kept, and differ from one registry to
    the next.
    """

    name: str
    digest: Digest | None
    parts: tuple[BuiltPart, ...]
    outcomes: tuple[Outcome, ...]
    proof: ImageProof | None = None
    after: tuple[Aftermath, ...] = ()

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """As it stands in `polyarch.publish/v1`."""
        return {
            "name": self.name,
            "digest": str(self.digest) if self.digest else None,
            "platforms": [
                {
                    "platform": str(built.part.platform),
                    "digest": str(built.part.manifest.digest),
                    "reused": built.reused,
                    "proof": self._proof(built),
                }
                for built in self.parts
            ],
            "destinations": [outcome_to_json(outcome, error_to_json) for outcome in self.outcomes],
            "after_publish": [each.to_json(error_to_json) for each in self.after],
        }

    def _proof(self, built: BuiltPart) -> JsonObject | None:
        found = self.proof.of(built.part.platform) if self.proof else None
        return found.summary() if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What `publish` comes to; `reason` says why it published, or why not.

    A destination that was not published to has the status skipped.
    """

    run: str
    plan: Plan
    images: tuple[PublishedImage, ...]
    reason: str
    usage: tuple[Usage, ...] = ()

    @property
    def published(self) -> bool:
        """Whether any destination shows what was built."""
        return bool(self.standing)

    @property
    def standing(self) -> tuple[Outcome, ...]:
        """The destinations that show what was built."""
        return tuple(outcome for outcome in self.outcomes if outcome.status in STANDS)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All outcomes, image by image."""
        return tuple(outcome for image in self.images for outcome in image.outcomes)

    @property
    def errors_after(self) -> tuple[PolyarchError, ...]:
        """What failed of the commands that were to run when all was published."""
        return tuple(each.error for image in self.images for each in image.after if each.error)

    @property
    def failed(self) -> bool:
        """Whether some destination does not show the image now."""
        return any(outcome.status not in STANDS for outcome in self.outcomes)

    @property
    def partly(self) -> bool:
        """Whether destinations differ in what they show now, or something was left behind.

        Images that this event does not publish do not count.
        """
        going = {image.name for image in self.plan.images if image.publish}
        return is_partly([each.status for each in self.outcomes if each.image in going])

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """The document `polyarch.publish/v1`."""
        return {
            "schema": PUBLISH_SCHEMA,
            "run": self.run,
            "published": self.published and not self.failed,
            "reason": self.reason,
            "images": [image.to_json(error_to_json) for image in self.images],
            "usage": [usage_to_json(each) for each in self.usage],
        }
