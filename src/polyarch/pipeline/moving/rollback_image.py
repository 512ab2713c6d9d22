"""One image whose tags are to go back to a version, while it is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from polyarch.config.project import ImageSettings, Project
from polyarch.errors import InvalidDigestError, PolyarchError
from polyarch.host.ci_event import CiEvent
from polyarch.host.git import read_git
from polyarch.host.repository import RepositoryFacts, known_repository
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.asking import Found, Root
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.labelled import labelled
from polyarch.pipeline.moving.newer import Goes, Other, others_listed, others_shown
from polyarch.pipeline.moving.rollback_tags import Along, tags_along
from polyarch.pipeline.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequest:
    """`to` is a tag or a digest; without `tags` the rules say which go there."""

    selectors: tuple[str, ...]
    to: str
    tags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class RollbackImage:
    """`digest` where the version was given as one; `goes`: which tags go with another version.

    `shown` is what its tags show, `at` what stands under the version, by repository. `others` stand
    in its registries, and might come back to its tags.
    """

    settings: ImageSettings
    to: str
    along: Along
    digest: Digest | None
    goes: Goes
    shown: Mapping[tuple[Repository, str], Found] = field(default_factory=dict)
    at: Mapping[Repository, Found] = field(default_factory=dict)
    others: tuple[Other, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """All that may move."""
        return (*self.along.tags, *self.along.aliases)

    def reference(self, place: Repository) -> str:
        """The version in one repository."""
        return str(place.at(self.digest) if self.digest else place.tag(self.to))


def image_of(
    name: str, request: RollbackRequest, project: Project, event: CiEvent, world: World
) -> RollbackImage:
    """What is known of it before anybody is asked.

    Raises:
        NoMovingTagsError: no rule says which tags go along with the version.
        InvalidRuleError, InvalidTemplateError: the rules are wrong.
    """
    settings = project.images[name]

    @cache
    def repository() -> RepositoryFacts:
        return known_repository(event, read_git(project.root, world.environment))

    def with_version(version: str) -> Along:
        on, now = project.publish.on, world.now
        return tags_along(settings, version, publish_on=on, repository=repository(), now=now)

    along = Along(tags=request.tags) if request.tags else with_version(request.to)
    mine = {*along.tags, *along.aliases}

    @cache
    def goes(version: str) -> frozenset[str]:
        try:
            found = with_version(version)
        except PolyarchError:
            return frozenset()
        return frozenset({*found.tags, *found.aliases} & mine)

    digest = _digest(request.to)
    return RollbackImage(settings=settings, to=request.to, along=along, digest=digest, goes=goes)


def _digest(text: str) -> Digest | None:
    try:
        return Digest.parse(text)
    except InvalidDigestError:
        return None


async def others_of(image: RollbackImage, desk: Desk) -> tuple[Other, ...]:
    """What stands in the image's registries, and might come back to its tags."""
    goals: dict[tuple[Repository, str], Digest | None] = {}
    held = next((each for each in image.at.values() if isinstance(each, Root)), None)
    for place in image.settings.repositories:
        root = image.at[place] or (held if image.digest else None)
        if isinstance(root, Root):
            goals |= {(place, tag): root.descriptor.digest for tag in image.along.tags}
            children = root.images if isinstance(root, ImageIndex) else ()
            below = {each.platform: each.digest for each in children}
            goals |= {(place, tag): below.get(p) for tag, p in image.along.aliases.items()}
    shown = await others_shown(image.shown, goals, image.goes, desk)
    version = image.to
    if image.digest:
        version = ""
        for place, root in image.at.items():
            if isinstance(root, Root) and not version:
                version = (await labelled(desk.client.repository(place), root)).version or ""
    places = image.settings.repositories
    listed = await others_listed(places, version, image.tags, image.goes, desk) if version else ()
    return (*shown, *listed)
