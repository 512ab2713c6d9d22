"""`polyarch rollback`: the moving tags of images go to an older version, in every registry."""

import asyncio
from collections.abc import Sequence

from polyarch.config.project import Project
from polyarch.errors import (
    NoMovingTagsError,
    PolyarchError,
    VersionNotThereError,
)
from polyarch.host.ci_event import CiEvent
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.act import DRY_RUN, Terms
from polyarch.pipeline.moving.asking import Root, shown_by, standing_as
from polyarch.pipeline.moving.carrying import carry_out
from polyarch.pipeline.moving.desk import Desk, open_desk
from polyarch.pipeline.moving.holding import holds_for
from polyarch.pipeline.moving.known_bytes import read_from
from polyarch.pipeline.moving.newest import newest_versions
from polyarch.pipeline.moving.result import MoveResult
from polyarch.pipeline.moving.rollback_image import (
    RollbackImage,
    RollbackRequest,
    image_of,
    others_of,
)
from polyarch.pipeline.moving.wanted import Move, Wanted
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.world import World


def roll_back(
    request: RollbackRequest,
    terms: Terms,
    reach: Reach,
    world: World,
    *,
    project: Project,
    event: CiEvent,
) -> MoveResult:
    """Put the moving tags of images to what stands under a version, everywhere.

    Raises:
        NothingSelectedError: an image that is not there, a version that stands nowhere, or no rule
            that says which tags go with it.
        RegistryError: no registry of an image says what stands there.
        ContentError, SpecError: an image is not whole anywhere; nothing was moved.
    """
    images = [
        image_of(name, request, project, event, world) for name in _selected(request, project)
    ]
    with open_desk(reach, world, who=event.actor, why=terms.why) as desk:
        _look(images, desk)
        wanted = desk.runner.run(_all_wanted(images, desk))
        _refuse_nothing(wanted, images)
        return MoveResult(
            verb="rollback",
            run=desk.run.id,
            images=carry_out(wanted, terms, desk),
            reason=DRY_RUN if terms.dry_run else "",
            who=desk.who,
            why=desk.why,
            usage=reach.usage(),
        )


def _selected(request: RollbackRequest, project: Project) -> tuple[str, ...]:
    return select_images(request.selectors, tuple(project.images), project.groups)


def _look(images: Sequence[RollbackImage], desk: Desk) -> None:
    """Ask for all tags of all images at once, and for the version itself."""
    places = [(image, place) for image in images for place in image.settings.repositories]
    tags = [(place, tag) for image, place in places for tag in image.tags]
    tags += [(place, image.to) for image, place in places if image.digest is None]
    shown = shown_by(desk, tags)
    digests = [(place, image.digest) for image, place in places if image.digest]
    standing = standing_as(desk, digests)
    for image in images:
        repositories = image.settings.repositories
        image.shown = {key: found for key, found in shown.items() if key[0] in repositories}
        image.at = {
            place: standing[place, image.digest] if image.digest else shown[place, image.to]
            for place in repositories
        }
        _check(image, desk)


def _check(image: RollbackImage, desk: Desk) -> None:
    """See that the version stands anywhere.

    Raises:
        VersionNotThereError, RegistryError: it does not, or nobody says so.
    """
    found = list(image.at.values())
    if any(isinstance(each, Root) for each in found):
        return
    errors = [each for each in found if isinstance(each, PolyarchError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    first = next(place for place, each in image.at.items() if each is None)
    known = desk.runner.run(newest_versions(desk.client.repository(first)))
    raise VersionNotThereError(image.settings.name, image.reference(first), known=known)


async def _all_wanted(images: Sequence[RollbackImage], desk: Desk) -> list[Wanted]:
    return await asyncio.gather(*(_wanted(image, desk) for image in images))


async def _wanted(image: RollbackImage, desk: Desk) -> Wanted:
    repositories = image.settings.repositories
    held = [place for place in repositories if isinstance(image.at[place], Root)]
    image.others = await others_of(image, desk)
    moves: list[Move] = []
    blocked: dict[Repository, PolyarchError] = {}
    found = await asyncio.gather(*(_at(image, place, held, desk) for place in repositories))
    for place, each in zip(repositories, found, strict=True):
        if isinstance(each, PolyarchError):
            blocked[place] = each
        else:
            moves += each
    return Wanted(
        name=image.settings.name,
        source=image.to,
        places=repositories,
        moves=tuple(moves),
        blocked=blocked,
        sources=(*held, *repositories),
        notes=tuple(_absent(image, repositories)),
    )


async def _at(
    image: RollbackImage,
    place: Repository,
    held: Sequence[Repository],
    desk: Desk,
) -> list[Move] | PolyarchError:
    """The moves in one repository, or why there can be none."""
    root = image.at[place]
    if root is None and image.digest:
        root = image.at[held[0]]  # a digest means one thing, and can be brought there
    if isinstance(root, PolyarchError):
        return root
    if root is None:
        others = [image.reference(each) for each in held]
        return VersionNotThereError(image.settings.name, image.reference(place), others)
    try:
        return [
            move for tag in image.along.tags for move in await _move(image, place, tag, root, desk)
        ] + [
            move
            for tag, platform in image.along.aliases.items()
            for child in await _child(root, platform, [place, *held], desk)
            for move in await _move(image, place, tag, child, desk)
        ]
    except PolyarchError as error:
        return error


async def _move(
    image: RollbackImage, place: Repository, tag: str, root: Root, desk: Desk
) -> tuple[Move, ...]:
    """One tag's way; none where no such tag stands there.

    Raises:
        PolyarchError: what it shows is not known.
    """
    standing = image.shown[place, tag]
    if isinstance(standing, PolyarchError):
        raise standing
    if standing is None:
        return ()
    remote = desk.client.repository(place)
    platform = image.along.aliases.get(tag)
    holds = await holds_for(
        remote, tag, standing, root, desk, others=image.others, platform=platform
    )
    seen = standing.descriptor.digest
    return (Move(repository=place, tag=tag, root=root, seen=seen, holds=holds),)


async def _child(
    root: Root, platform: Platform, places: Sequence[Repository], desk: Desk
) -> tuple[Root, ...]:
    """The image of one platform, if the version has it and anybody gives it."""
    remotes = [desk.client.repository(place) for place in places]
    children = root.images if isinstance(root, ImageIndex) else ()
    found = [await read_from(each, remotes) for each in children if each.platform == platform]
    return tuple(each for each in found[:1] if isinstance(each, Root))


def _refuse_nothing(wanted: Sequence[Wanted], images: Sequence[RollbackImage]) -> None:
    """See that there is any tag that could move: else a name is mistyped.

    Raises:
        NoMovingTagsError: none of them stands anywhere.
    """
    if not any(each.moves or each.blocked for each in wanted):
        names = dict.fromkeys(tag for image in images for tag in image.along.tags)
        told = ", ".join(f"`{tag}`" for tag in names)
        raise NoMovingTagsError(images[0].settings.name, images[0].to, f"{told} stands nowhere")


def _absent(image: RollbackImage, places: Sequence[Repository]) -> list[str]:
    """Tags that are in no place, and so do not move: they are never made."""
    return [
        f"no tag `{tag}` stands in {', '.join(str(place) for place in missing)}; none is made"
        for tag in image.along.tags
        if (missing := [place for place in places if image.shown[place, tag] is None])
    ]
