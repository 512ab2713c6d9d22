"""`polyarch tag`: what stands in a repository gets more tags there, or in all of its project's."""

from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.config.project import ImageSettings, Project
from polyarch.errors import (
    NotOfProjectError,
    PolyarchError,
    VersionNotThereError,
)
from polyarch.oci.reference import DigestReference, Reference, Repository, TagReference
from polyarch.pipeline.moving.act import DRY_RUN, Terms
from polyarch.pipeline.moving.asking import Found, shown_by, standing_as
from polyarch.pipeline.moving.carrying import carry_out
from polyarch.pipeline.moving.desk import Desk, open_desk
from polyarch.pipeline.moving.result import MoveResult
from polyarch.pipeline.moving.wanted import Move, Wanted
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRequest:
    """What is to be tagged, and how. `everywhere`: in all repositories of its images, too."""

    reference: Reference
    tags: tuple[str, ...]
    everywhere: bool = False


def tag_image(
    request: TagRequest,
    terms: Terms,
    reach: Reach,
    world: World,
    *,
    project: Project | None,
    who: str,
) -> MoveResult:
    """Let more tags show what stands under a reference.

    Raises:
        NotOfProjectError: it is to be tagged everywhere, and is no image of the project.
        VersionNotThereError: nothing stands there.
        RegistryError, ContentError, SpecError: it cannot be had or is not whole; nothing moved.
    """
    images = _images(request, project) if request.everywhere else {}
    with open_desk(reach, world, who=who, why=terms.why) as desk:
        source = request.reference.repository
        places = {name: image.repositories for name, image in images.items()} or {
            _owner(source, project): (source,)
        }
        wanted = [_wanted(name, each, request, desk) for name, each in places.items()]
        return MoveResult(
            verb="tag",
            run=desk.run.id,
            images=carry_out(wanted, terms, desk),
            reason=DRY_RUN if terms.dry_run else "",
            who=who,
            why=terms.why,
            usage=reach.usage(),
        )


def _images(request: TagRequest, project: Project | None) -> Mapping[str, ImageSettings]:
    source = request.reference.repository
    images = project.images if project else {}
    found = {name: image for name, image in images.items() if source in image.repositories}
    if not found:
        known = dict.fromkeys(str(r) for image in images.values() for r in image.repositories)
        raise NotOfProjectError(str(source), list(known))
    return found


def _owner(source: Repository, project: Project | None) -> str:
    """The image of the project that is published there, else the repository itself."""
    images = project.images.values() if project else ()
    return next((image.name for image in images if source in image.repositories), str(source))


def _wanted(name: str, places: tuple[Repository, ...], request: TagRequest, desk: Desk) -> Wanted:
    """What each place is to show; the reference's own place must have it."""
    found = _found(places, request, desk)
    source = found[request.reference.repository]
    if isinstance(source, PolyarchError):
        raise source
    if source is None:
        raise VersionNotThereError(name, str(request.reference))
    moves: list[Move] = []
    blocked: dict[Repository, PolyarchError] = {}
    for place, shown in found.items():
        # A digest means one thing, and can be brought where it is not.
        root = source if shown is None and isinstance(request.reference, DigestReference) else shown
        if isinstance(root, PolyarchError):
            blocked[place] = root
        elif root is None:
            held = [str(request.reference)]
            blocked[place] = VersionNotThereError(name, _at(place, request.reference), held)
        else:
            tags = request.tags
            moves += [Move(repository=place, tag=tag, root=root, seen=None) for tag in tags]
    return Wanted(
        name=name,
        source=str(request.reference),
        places=places,
        moves=tuple(moves),
        blocked=blocked,
        sources=(request.reference.repository, *places),
        free=True,
    )


def _found(
    places: tuple[Repository, ...], request: TagRequest, desk: Desk
) -> Mapping[Repository, Found]:
    """What stands in each place under the tag, or as the digest, of the reference."""
    reference = request.reference
    if isinstance(reference, TagReference):
        shown = shown_by(desk, [(place, reference.tag) for place in places])
        return {place: each for (place, _), each in shown.items()}
    standing = standing_as(desk, [(place, reference.digest) for place in places])
    return {place: each for (place, _), each in standing.items()}


def _at(place: Repository, reference: Reference) -> str:
    """The same reference in another repository."""
    if isinstance(reference, TagReference):
        return str(place.tag(reference.tag))
    return str(place.at(reference.digest))
