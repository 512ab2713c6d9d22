"""Which tags go along with a version: those that its git tag would have moved. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from polyarch.config.project import ImageSettings
from polyarch.errors import InvalidTagError, NoMovingTagsError
from polyarch.host.ci_event import TAG, CiEvent, Provider
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.glob import compile_glob
from polyarch.metadata.kind import TagKind
from polyarch.metadata.policy import PublishRule
from polyarch.oci.platform import Platform
from polyarch.pipeline.existing import ARCH
from polyarch.pipeline.naming import Names
from polyarch.pipeline.wording import Wording

_STAR = re.compile(r"\*\*?")
_NO_COMMIT = "0" * 40
"""Only tags that stay with their commit are made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """`tags` of the whole image, and `aliases` of single platforms, that move with a version."""

    tags: tuple[str, ...]
    aliases: Mapping[str, Platform] = field(default_factory=dict)


def tags_along(
    image: ImageSettings,
    version: str,
    *,
    publish_on: Sequence[str],
    repository: RepositoryFacts,
    now: datetime,
) -> Along:
    """The tags that the push of this version's git tag would have moved, and that may move again.

    Which git tag that was is found out: the first of those that people write for which the rules
    give this version as a tag.

    Raises:
        NoMovingTagsError: there is none, or it moves nothing.
        InvalidRuleError, InvalidTemplateError: the rules are wrong.
    """
    for name in git_tags(image, version, publish_on):
        event = CiEvent(
            provider=Provider.LOCAL,
            name="push",
            ref=f"{TAG}{name}",
            sha=_NO_COMMIT,
            default_branch=repository.default_branch or None,
            simulated=True,
        )
        wording = Wording(event=event, repository=repository, now=now)
        try:
            names = wording.names(image)
            if version not in names.tags:
                continue
            return _along(image, version, names, wording)
        except InvalidTagError:
            continue  # of another git tag than this version's
    reason = "no rule gives that tag for the git tag of a version"
    raise NoMovingTagsError(image.name, version, reason)


def git_tags(image: ImageSettings, version: str, publish_on: Sequence[str]) -> tuple[str, ...]:
    """The git tags that a version may have come from, the likeliest first."""
    return tuple(dict.fromkeys(_git_tags(image, version, publish_on)))


def _git_tags(image: ImageSettings, version: str, publish_on: Sequence[str]) -> Iterator[str]:
    flavor = Flavor.parse(image.flavor)
    plain = version.removeprefix(flavor.prefix).removesuffix(flavor.suffix)
    bare = [each.removeprefix("v") for each in dict.fromkeys([plain, version])]
    rules = (PublishRule.parse(item) for item in publish_on)
    globs = [image.version_tag, *(rule.glob for rule in rules if rule.kind == "tag")]
    for glob in filter(None, globs):
        for text in bare:
            filled = text.join(_STAR.split(glob, maxsplit=1))
            if compile_glob(glob).fullmatch(filled):
                yield filled
    for text in bare:
        yield f"v{text}"
        yield text
    yield version


def _along(image: ImageSettings, version: str, names: Names, wording: Wording) -> Along:
    moving = tuple(
        tag
        for tag in names.tags
        if tag != version and names.version.kinds.get(tag) is not TagKind.FIXED
    )
    aliases = {
        wording.render(image, text.replace(ARCH, platform.word), "alias-tags"): platform
        for platform in image.platforms
        for text in image.for_platform(platform).alias_tags
    }
    if not moving:
        reason = "the rules give it no tag that moves with every version"
        raise NoMovingTagsError(image.name, version, reason)
    taken = {*names.tags}
    return Along(tags=moving, aliases={t: p for t, p in aliases.items() if t not in taken})
