"""What an image is called for an event: version, tags, labels, annotations. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from polyarch.config.project import ImageSettings
from polyarch.errors import InvalidTagError, ReservedTagError
from polyarch.host.ci_event import CiEvent
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.labels import labels
from polyarch.metadata.tagname import is_valid_tag, why_reserved
from polyarch.metadata.version import Version, compute
from polyarch.metadata.version_tag import is_version_tag, version_prefix
from polyarch.oci.platform import Platform

EPOCH = datetime.fromtimestamp(0, UTC)
"""The time of what has no commit: the same in every run, as an index demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`tags` are in the order in which they move: the version first, `latest` last.

    `labels` are those of the image without any platform's overrides, `per_platform` those that each
    platform's config gets. `annotations` stand at each of `levels`.
    """

    version: Version
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    per_platform: Mapping[Platform, Mapping[str, str]]
    annotations: Mapping[str, str]
    levels: tuple[str, ...]

    def at(self, level: str) -> Mapping[str, str]:
        """The annotations that stand at a level, `index` or `manifest` or a descriptor of one."""
        return self.annotations if level in self.levels else {}


def commit_time(event: CiEvent) -> datetime:
    """The only time that may enter an image."""
    return event.commit_time or EPOCH


def name_image(
    settings: ImageSettings,
    event: CiEvent,
    repository: RepositoryFacts,
    now: datetime,
    *,
    describe: str = "",
) -> Names:
    """Work out all names of one image; `describe` is what `git describe` says.

    Raises:
        InvalidRuleError, InvalidTemplateError: the config's rules or expressions are wrong.
        InvalidTagError: a rule gives what no registry takes, or what is kept for something else.
    """
    names = unchecked_names(
        settings, event, repository, now, created=commit_time(event), describe=describe
    )
    for tag in names.version.tag_names:
        refuse_unfit(settings.name, tag)
    return names


def refuse_unfit(image: str, tag: str) -> None:
    """Refuse a tag of the config that no image can have.

    Raises:
        InvalidTagError: no registry takes it, or it is kept for something else.
    """
    if not is_valid_tag(tag):
        raise InvalidTagError(image, tag)
    if reason := why_reserved(tag):
        raise ReservedTagError(image, tag, reason)


def unchecked_names(
    settings: ImageSettings,
    event: CiEvent,
    repository: RepositoryFacts,
    now: datetime,
    *,
    created: datetime,
    describe: str = "",
    images: tuple[str, ...] = (),
) -> Names:
    """As `name_image`, made at `created`, tags as the rules give them, behind these names.

    Raises:
        InvalidRuleError, InvalidTemplateError: the config's rules or expressions are wrong.
    """
    own_tag = is_version_tag(settings.version_tag, event.tag)
    version = compute(
        settings.tags,
        event,
        now=now,
        flavor=settings.flavor,
        images=images,
        repository=repository,
        tag_prefix=version_prefix(settings.version_tag or "") if own_tag else "",
    )

    def facts(table: Mapping[str, str]) -> dict[str, str]:
        found = labels(
            event,
            version,
            repository,
            now=now,
            created=created,
            table=table,
            describe=describe,
        )
        return {key: value for key, value in found.items() if value or key in table}

    return Names(
        version=version,
        tags=tuple(dict.fromkeys(version.tag_names)),
        labels=facts(settings.labels),
        per_platform={
            platform: facts(build.labels) for platform, build in settings.per_platform.items()
        },
        annotations=facts(settings.annotations),
        levels=settings.annotation_levels,
    )
