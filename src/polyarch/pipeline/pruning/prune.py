"""`prune`: what may go from the repositories of a project, and its removal where that is asked."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.host.git_refs import living_refs
from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning.choosing import Bounds, ImageRules
from polyarch.pipeline.pruning.kinds import Refs, TagRules
from polyarch.pipeline.pruning.records import read_moves
from polyarch.pipeline.pruning.repository import Pruner
from polyarch.pipeline.pruning.result import PruneResult
from polyarch.pipeline.pruning.values import RepositoryPrune
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.world import World

_SEVERAL = 4
"""Repositories that are worked at at once; requests to one host are bounded by its session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRequest:
    """What is asked; `selectors` as `select_images` has them.

    `default_branch` is what the CI says of it, empty where nobody does.
    """

    selectors: tuple[str, ...]
    bounds: Bounds
    apply: bool = False
    default_branch: str = ""


def prune_project(
    request: PruneRequest, project: Project, world: World, *, anonymous: bool = False
) -> PruneResult:
    """Look through the repositories of the images that are asked for, and remove with `apply`.

    What a registry refuses is told in the result, and keeps no other from being pruned.

    Raises:
        NothingSelectedError: a name or glob that matches nothing.
        InvalidRuleError: the config's tag rules are wrong.
        StorageError: the state folder cannot be written.
    """
    asked = select_images(request.selectors, tuple(project.images), project.groups)
    places = _places(project, asked)
    with recording(world) as (run, recorded):
        refs = Refs(
            living=living_refs(project.root, world.environment),
            default_branch=request.default_branch,
        )
        reach = Reach(project, recorded, anonymous=anonymous)
        known, seen, error = read_moves(project, recorded, reach)
        pruner = Pruner(
            bounds=request.bounds,
            refs=refs,
            known=known,
            seen=seen,
            apply=request.apply,
            listen=recorded.listen,
        )
        repositories = asyncio.run(_all(pruner, places, reach))
        return PruneResult(
            run=run.id,
            applied=request.apply,
            bounds=request.bounds,
            repositories=repositories,
            notes=_notes(error),
            usage=reach.usage(),
        )


def _places(project: Project, asked: Sequence[str]) -> dict[Repository, tuple[ImageRules, ...]]:
    """The repositories of the images asked for, each with all images that share it."""
    rules = {
        name: ImageRules(
            name=name, rules=TagRules.parse(image.tags, image.flavor), asked=name in asked
        )
        for name, image in project.images.items()
    }
    places = dict.fromkeys(each for name in asked for each in project.images[name].repositories)
    return {
        place: tuple(
            rules[name] for name, image in project.images.items() if place in image.repositories
        )
        for place in places
    }


def _notes(error: PolyarchError | None) -> tuple[str, ...]:
    if error is None:
        return ()
    told = error.message.partition("\n")[0]
    return (f"records of `[runs] store` could not be asked for what tags showed: {told}",)


async def _all(
    pruner: Pruner, places: Mapping[Repository, tuple[ImageRules, ...]], reach: Reach
) -> tuple[RepositoryPrune, ...]:
    """All repositories, some at once."""
    limit = asyncio.Semaphore(_SEVERAL)

    async def one(place: Repository, images: tuple[ImageRules, ...]) -> RepositoryPrune:
        async with limit:
            return await pruner.told(client, place, images)

    async with reach.client() as client:
        return tuple(await asyncio.gather(*(one(*each) for each in places.items())))
