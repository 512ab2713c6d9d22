"""`publish --clean`: what runs that died have left in the registries of a project."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.oci.fields import JsonObject
from polyarch.oci.reference import Repository
from polyarch.pipeline.outcomes import ErrorToJson
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.rehearsal import rehearsal
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.world import Ask, World
from polyarch.registry.client import RegistryClient
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

    @property
    def unasked(self) -> tuple[PolyarchError, ...]:
        """Why something is not known or not gone, each told once."""
        found = {str(each.error.where): each.error for each in self.found if each.error}
        return tuple(found.values())

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """The document `polyarch.clean/v1`."""
        return {
            "schema": CLEAN_SCHEMA,
            "run": self.run,
            "removed": [_to_json(each) for each in self.removed],
            "left": [
                {
                    **_to_json(each),
                    "reason": each.kept,
                    "error": error_to_json(each.error) if each.error else None,
                }
                for each in self.left
            ],
        }


def clean_project(
    project: Project, ask: Ask, world: World, *, anonymous: bool = False, dry_run: bool = False
) -> CleanResult:
    """Look through the repositories of the images that are asked for, or with `dry_run` only look.

    With `ask.sandbox` it is what rehearsals have left. `anonymous`: no login is looked up.

    Raises:
        NothingSelectedError: a name or glob that matches nothing.
        SandboxBusyError, StorageError: the stand-ins cannot be made.
        StorageError: the state folder cannot be written.
    """
    names = select_images(ask.selectors, tuple(project.images), project.groups)
    repositories = [each for name in names for each in project.images[name].repositories]
    with recording(world) as (run, recorded):
        past = unfinished(run.path.parent, rehearsed=ask.sandbox)
        reach = Reach(project, recorded, anonymous=anonymous)
        with _clients(reach, repositories, recorded, sandbox=ask.sandbox) as make:

            async def look() -> tuple[Leftover, ...]:
                async with make() as client:
                    return await clean(repositories, past, client, remove=not dry_run)

            return CleanResult(run=run.id, found=asyncio.run(look()))


@contextmanager
def _clients(
    reach: Reach, repositories: Iterable[Repository], world: World, *, sandbox: bool
) -> Iterator[Callable[[], RegistryClient]]:
    """What makes clients: for the registries themselves, or for what stands in for them."""
    if not sandbox:
        yield reach.client
        return
    with rehearsal(repositories, world) as there:
        yield there.client


def _to_json(each: Leftover) -> JsonObject:
    return {"repository": each.repository, "kind": each.kind, "name": each.name}
