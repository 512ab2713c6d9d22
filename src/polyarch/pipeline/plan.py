"""The plan as a value: what is built where and why, which tags move from what to what.

It holds no secret and nothing that runs, so it can be printed, stored, compared and tested.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.transaction.hold import Hold

if TYPE_CHECKING:  # all rules would be read, also where nothing is built
    from polyarch.dockerfile.lint.cost import Cost

SCHEMA = "polyarch.plan/v1"

Strategy = Literal["native", "cross", "emulated", "existing"]
"""`existing`: nothing is built, an image that is there already is taken."""

Reuse = Literal["", "part", "layers", "digest"]
"""What is taken over of an unchanged platform: nothing, this machine's part, a published image's
layers under this commit's labels, or an image as it is, published or this machine's."""


Anew = Literal["", "forced", "scheduled", "aged"]
"""Why something is built although nothing that a key sees has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPlatform:
    """One build: `builder` is empty for the engine's own, `reason` says why engine and strategy.

    `labels` are those that its config gets, but for what only building can tell of its base.
    `source` is the `repository@digest` of an image that is taken in place of a build, `reuse` what
    of it; `cost` is what takes longest under emulation. `alternatives` are builders that can take
    the place of one that is lost. `bases` maps each image outside that it is built from to the
    digest of its manifest for the platform that is taken of it, empty where nobody said. `changes`
    says what is not as it was when the platform was published last, such as a base that moved.
    `built_on` is the day that its index will name, empty for a build that gives the same every day;
    `anew` says why it is built although no input has changed.
    """

    platform: Platform
    engine: str
    strategy: Strategy
    reason: str
    builder: str
    input_key: str
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    cost: "Cost | None" = None
    alternatives: tuple[str, ...] = ()
    reuse: Reuse = ""
    bases: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    built_on: str = ""
    anew: Anew = ""

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.plan/v1`."""
        return {
            "platform": str(self.platform),
            "engine": self.engine,
            "strategy": self.strategy,
            "reason": self.reason,
            "emulation": _cost_json(self.cost) if self.cost else None,
            "source": self.source or None,
            "reuse": self.reuse or None,
            "changes": list(self.changes),
            "bases": {name: digest or None for name, digest in self.bases.items()},
            "built_on": self.built_on or None,
            "builder": self.builder or None,
            "input_key": self.input_key,
            "labels": dict(self.labels),
        }


def _cost_json(cost: "Cost") -> JsonObject:
    factor = cost.factor
    return {
        "command": cost.command,
        "line": cost.line,
        "times": {"low": factor.low, "high": factor.high, "measured": factor.usual}
        if factor
        else None,
        "fails": cost.fails,
    }


class State(StrEnum):
    """What a registry says of a tag."""

    ABSENT = "absent"
    PRESENT = "present"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What a tag has now. `reason` says why it is unknown, and `error` is what asking met.

    `version`, `revision` and `created` are the index's annotations; None where it lacks them.
    `platforms` are those of an index, in its order. `holds` say that the tag was put back to it.
    """

    state: State
    digest: Digest | None = None
    version: str | None = None
    revision: str | None = None
    created: datetime | None = None
    reason: str | None = None
    error: PolyarchError | None = None
    platforms: tuple[Platform, ...] = ()
    holds: tuple[Hold, ...] = ()

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.plan/v1`."""
        return {
            "state": self.state.value,
            "digest": str(self.digest) if self.digest else None,
            "version": self.version,
            "revision": self.revision,
            "reason": self.reason,
            "holds": [hold.to_json() for hold in self.holds],
        }


class Action(StrEnum):
    """What would happen to a tag."""

    CREATE = "create"
    MOVE = "move"
    KEEP = "keep"
    REFUSE = "refuse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTag:
    """One tag at one destination; `reason` is empty where the action speaks for itself."""

    tag: str
    current: Current
    action: Action
    reason: str = ""

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.plan/v1`."""
        return {
            "tag": self.tag,
            "current": self.current.to_json(),
            "action": self.action.value,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDestination:
    """`adapted` says what the registry cannot take and why, or None."""

    repository: Repository
    tags: tuple[PlannedTag, ...]
    adapted: str | None = None

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.plan/v1`."""
        return {
            "repository": str(self.repository),
            "adapted": self.adapted,
            "references": [tag.to_json() for tag in self.tags],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlan:
    """One image. `depends_on` are the project's images it stands on.

    Of those, `bases` are built with it, and `published_bases` taken under the name given. `missing`
    are its platforms that were not asked for. `alias_tags` point to the
    images of single platforms. `taken` is the `repository@digest` of a whole index
    that is published as it stands. `descriptor_annotations` stand in the index, beside
    each platform's digest. `tags` are names without repository, in the order in
    which they move. `reason` says why it is published or not.
    """

    name: str
    publish: bool
    reason: str
    depends_on: tuple[str, ...]
    platforms: tuple[PlannedPlatform, ...]
    version: str | None
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    index_annotations: Mapping[str, str]
    manifest_annotations: Mapping[str, str]
    descriptor_annotations: Mapping[str, str]
    destinations: tuple[PlannedDestination, ...]
    bases: tuple[str, ...] = ()
    published_bases: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[Platform, ...] = ()
    alias_tags: Mapping[str, Platform] = field(default_factory=dict)
    taken: str = ""

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.plan/v1`."""
        return {
            "name": self.name,
            "publish": self.publish,
            "reason": self.reason,
            "version": self.version,
            "depends_on": list(self.depends_on),
            "bases": list(self.bases),
            "published_bases": dict(self.published_bases),
            "taken": self.taken or None,
            "missing_platforms": [str(platform) for platform in self.missing],
            "platforms": [platform.to_json() for platform in self.platforms],
            "tags": list(self.tags),
            "alias_tags": {tag: str(platform) for tag, platform in self.alias_tags.items()},
            "labels": dict(self.labels),
            "annotations": {
                "index": dict(self.index_annotations),
                "manifest": dict(self.manifest_annotations),
                "manifest-descriptor": dict(self.descriptor_annotations),
            },
            "destinations": [destination.to_json() for destination in self.destinations],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Images in build order: each after those it stands on; `reason` says why there are none.

    `environment` is what people call the one chosen, empty where there is none to choose.
    `toolchain` says what of engines, frontends and bases is not as it was, a line for each.
    """

    event: str
    ref: str
    sha: str
    images: tuple[ImagePlan, ...]
    reason: str = ""
    toolchain: tuple[str, ...] = ()
    environment: str = ""

    def image(self, name: str) -> ImagePlan:
        """The image of that name, which must be in the plan."""
        return next(image for image in self.images if image.name == name)

    def to_json(self) -> JsonObject:
        """The document `polyarch.plan/v1`."""
        return {
            "schema": SCHEMA,
            "event": {"name": self.event, "ref": self.ref, "sha": self.sha},
            "environment": self.environment or None,
            "reason": self.reason or None,
            "toolchain": list(self.toolchain),
            "images": [image.to_json() for image in self.images],
        }
