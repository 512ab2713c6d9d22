"""What a watch comes to: plain values, and the document of the verb."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.pipeline.moving.result import MovedImage
from polyarch.pipeline.outcomes import STANDS, usage_to_json
from polyarch.pipeline.verify_result import TellError
from polyarch.pipeline.watching.bases import BaseUse
from polyarch.pipeline.watching.codes import NOT_ASKED, key_of
from polyarch.pipeline.watching.kinds import TagSort
from polyarch.pipeline.watching.memory import SCHEMA
from polyarch.pipeline.watching.view import View
from polyarch.registry.quota import Usage
from polyarch.transaction.values import Outcome

LEVEL = "config"
"""As much of every image as `verify` calls so: all is there, and says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedTag:
    """A tag, its sort, and the platforms that it is known to have had."""

    sort: TagSort
    platforms: tuple[Platform, ...]

    def to_json(self, view: View) -> JsonObject:
        """As it stands in the document; the next watch reads it again."""
        tag = self.sort.tag
        return {
            "tag": tag,
            "sort": self.sort.sort.value,
            "current": self.sort.current,
            "platforms": [str(each) for each in self.platforms],
            "digests": [
                {
                    "repository": str(sight.repository),
                    "digest": str(digest),
                    "platforms": [str(each) for each in view.platforms(digest)],
                }
                for sight in view.sights
                if (digest := sight.digest(tag))
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedImage:
    """One image. `sampled` are what was proven again, as the document has them."""

    view: View
    report: Report
    tags: tuple[WatchedTag, ...]
    bases: tuple[BaseUse, ...] = ()
    sampled: tuple[JsonObject, ...] = ()
    errors: tuple[PolyarchError, ...] = ()

    @property
    def name(self) -> str:
        """The image's."""
        return self.view.image

    def ok(self, fail_on: Severity) -> bool:
        """Whether all was asked, and nothing found that is as bad as that."""
        return not self.errors and self.report.holds(fail_on)

    @property
    def digest(self) -> Digest | None:
        """What stands under the tag that matters most, where registries agree on it."""
        roots = self.view.roots(self.tags[0].sort.tag) if self.tags else ()
        return roots[0] if len(roots) == 1 else None

    def _platforms(self, fail_on: Severity) -> list[JsonObject]:
        """The images of that digest, in the form of `verify`."""
        wrong = {each.platform for each in self.report.at_least(fail_on) if each.platform}
        state = "unknown" if self.errors else "ok"
        return [
            {
                "platform": str(image.platform),
                "digest": str(image.digest),
                "level": LEVEL,
                "state": "wrong" if image.platform in wrong else state,
                "reason": None,
            }
            for image in (self.view.images(self.digest) if self.digest else ())
        ]

    def to_json(self, fail_on: Severity, tell: TellError) -> JsonObject:
        """As it stands in the document."""
        return {
            "subject": self.name,
            "image": self.name,
            "ok": self.ok(fail_on),
            "level": LEVEL,
            "digest": str(self.digest) if self.digest else None,
            "checked": self.report.counts(),
            "platforms": self._platforms(fail_on),
            "findings": [_told(found) for found in self.report.findings],
            "error": tell(self.errors[0]) if self.errors else None,
            "repositories": [
                {
                    "repository": str(sight.repository),
                    "asked": sight.listed and not sight.errors,
                    "tags": len(sight.tags),
                    "error": tell(sight.errors[0]) if sight.errors else None,
                }
                for sight in self.view.sights
            ],
            "tags": [tag.to_json(self.view) for tag in self.tags],
            "bases": [base.to_json() for base in self.bases],
            "sampled": list(self.sampled),
        }


def _told(found: Finding) -> JsonObject:
    return {**found.to_json(), "key": key_of(found)}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResult:
    """All images, in the project's order; `mended` says what was brought where.

    `reason` says why nothing was mended although it was asked for.
    """

    run: str
    images: tuple[WatchedImage, ...]
    fail_on: Severity
    mended: tuple[MovedImage, ...] = ()
    reason: str = ""
    usage: tuple[Usage, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether something was looked at, and all of it is well."""
        looked = any(not each.report.is_empty for each in self.images)
        return looked and all(each.ok(self.fail_on) for each in self.images) and not self.refused

    @property
    def errors(self) -> tuple[PolyarchError, ...]:
        """What could not be asked, and what could not be mended."""
        asked = (error for each in self.images for error in each.errors)
        return (*asked, *(each.error for each in self.refused if each.error))

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """Places that were to be mended and are not."""
        outcomes = (each for image in self.mended for each in image.outcomes)
        return tuple(each for each in outcomes if each.status not in STANDS)

    @property
    def failed(self) -> bool:
        """Whether something was found, beside what could not be asked."""
        return any(
            found.code != NOT_ASKED.code
            for each in self.images
            for found in each.report.at_least(self.fail_on)
        )

    @property
    def reports(self) -> tuple[Report, ...]:
        """One for each image."""
        return tuple(each.report for each in self.images)

    def to_json(
        self, tell: TellError, tell_refusal: Callable[[PolyarchError], JsonObject]
    ) -> JsonObject:
        """The document `polyarch.watch/v1`."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "ok": self.ok,
            "fail_on": self.fail_on.value,
            "reason": self.reason,
            "results": [each.to_json(self.fail_on, tell) for each in self.images],
            "images": [self._mended(each.name, tell_refusal) for each in self.images],
            "usage": [usage_to_json(each) for each in self.usage],
        }

    def _mended(self, name: str, tell: Callable[[PolyarchError], JsonObject]) -> JsonObject:
        done: Sequence[MovedImage] = [each for each in self.mended if each.name == name]
        return (done[0] if done else MovedImage(name=name)).to_json(tell)
