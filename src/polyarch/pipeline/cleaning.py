"""`publish --clean`: what runs that died have left in the registries of a project."""

import asyncio
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.world import Ask, World
from polyarch.transaction.litter import Leftover, clean
from polyarch.transaction.past import unfinished

CLEAN_SCHEMA = "polyarch.clean/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanResult:
    """What was found; `run` is the id of its record."""

    run: str
    found: tuple[Leftover, ...]

    @property
    def removed(self) -> tuple[Leftover, ...]:
        """What is gone."""
        return tuple(each for each in self.found if not each.kept)

    @property
    def left(self) -> tuple[Leftover, ...]:
        """What is still there."""
        return tuple(each for each in self.found if each.kept)

    def to_json(self) -> JsonObject:
        """The document `polyarch.clean/v1`."""
        return {
            "schema": CLEAN_SCHEMA,
            "run": self.run,
            "removed": [_to_json(each) for each in self.removed],
            "left": [{**_to_json(each), "reason": each.kept} for each in self.left],
        }


def clean_project(project: Project, ask: Ask, world: World) -> CleanResult:
    """Look through the repositories of the images that are asked for.

    Raises:
        NothingSelectedError: a name or glob that matches nothing.
        StorageError: the state folder cannot be written.
    """
    names = select_images(ask.selectors, tuple(project.images), project.groups)
    repositories = [each for name in names for each in project.images[name].repositories]
    with recording(world) as (run, recorded):
        past = unfinished(run.path.parent)
        reach = Reach(project, recorded)

        async def look() -> tuple[Leftover, ...]:
            async with reach.client() as client:
                return await clean(repositories, past, client)

        return CleanResult(run=run.id, found=asyncio.run(look()))


def _to_json(each: Leftover) -> JsonObject:
    return {"repository": each.repository, "kind": each.kind, "name": each.name}
