"""Which tags an image gets: those that the event gives by the target's config, or a person's own.

Pure but for what the event's commit and its repository are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.config.project import ImageSettings
from polyarch.metadata.kind import TagKind
from polyarch.metadata.policy import Decision
from polyarch.oci.platform import Platform
from polyarch.pipeline.planning import alias_tags
from polyarch.pipeline.wording import Wording

_LATEST = "latest"
_FIXED = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[._-].*)?|sha-[0-9a-f]{7,64}")
_VERSIONS = re.compile(r"v?[0-9]+(?:\.[0-9]+)?(?:-.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTags:
    """The tags of one image, in the order in which they move; `reason` says why there are none.

    `aliases` are tags of single images. `version` is what the event calls it, None where nobody
    does. `by_event`: no person named them. `notes` are for people.
    """

    tags: tuple[str, ...] = ()
    kinds: Mapping[str, TagKind] = field(default_factory=dict)
    aliases: Mapping[str, Platform] = field(default_factory=dict)
    version: str | None = None
    by_event: bool = False
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def moving(self) -> frozenset[str]:
        """Those that go on to the next version or commit."""
        return frozenset(tag for tag in self.tags if self.kinds[tag] is not TagKind.FIXED) | {
            *self.aliases
        }


def named_tags(tags: Sequence[str]) -> GivenTags:
    """The tags that a person names; their kinds are known by their forms alone."""
    wanted = tuple(dict.fromkeys(tags))
    return GivenTags(tags=wanted, kinds={tag: kind_of_tag(tag) for tag in wanted})


def kind_of_tag(tag: str) -> TagKind:
    """What a tag looks like: `1.2.3` and `sha-abcdef0` stay, `1.2` and `latest` go with versions.

    All else is taken for a branch.
    """
    if _FIXED.fullmatch(tag):
        return TagKind.FIXED
    is_moving = tag == _LATEST or _VERSIONS.fullmatch(tag)
    return TagKind.VERSIONS if is_moving else TagKind.COMMITS


def tags_of_event(settings: ImageSettings, wording: Wording, decision: Decision) -> GivenTags:
    """The tags that an event gives; `decision` says whether it publishes to the target.

    Raises:
        InvalidRuleError, InvalidTemplateError, InvalidTagError: the config's rules are wrong.
        TagCollisionError: two platforms under one tag.
    """
    if not decision.publish:
        return GivenTags(by_event=True, reason=decision.reason)
    names = wording.names(settings)
    if not names.tags:
        return GivenTags(by_event=True, reason="no tag rule gives a tag for this event")
    return GivenTags(
        tags=names.tags,
        kinds={tag: names.version.kinds[tag] for tag in names.tags},
        aliases=alias_tags(settings, settings.platforms, names, wording),
        version=names.version.main,
        by_event=True,
        reason=decision.reason,
    )
