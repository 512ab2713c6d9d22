"""`prune`: what may go from the repositories of a project, and its removal where that is asked."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.config.project import Project
from polyarch.errors import DeleteUnsupportedError, PolyarchError, RepositoryUnclearError
from polyarch.events import Note
from polyarch.host.git_refs import living_refs
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.choosing import Bounds, ImageRules, choose
from polyarch.pipeline.pruning.facts import Facts, gather_facts, subject_of_tag
from polyarch.pipeline.pruning.kinds import Refs, TagRules
from polyarch.pipeline.pruning.own_way import own_way
from polyarch.pipeline.pruning.planning import plan
from polyarch.pipeline.pruning.records import Known, Stood, read_moves
from polyarch.pipeline.pruning.removal import remove
from polyarch.pipeline.pruning.result import PruneResult
from polyarch.pipeline.pruning.values import RepositoryPrune
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.survey import Survey, survey
from polyarch.pipeline.world import World
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository

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
        known, error = read_moves(project, recorded, reach)
        work = _Work(request=request, refs=refs, known=known, world=recorded)
        repositories = asyncio.run(work.all(places, reach))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    request: PruneRequest
    refs: Refs
    known: Known
    world: World

    async def all(
        self, places: Mapping[Repository, tuple[ImageRules, ...]], reach: Reach
    ) -> tuple[RepositoryPrune, ...]:
        """All repositories, some at once."""
        limit = asyncio.Semaphore(_SEVERAL)

        async def one(place: Repository, images: tuple[ImageRules, ...]) -> RepositoryPrune:
            async with limit:
                return await self.told(client, place, images)

        async with reach.client() as client:
            return tuple(await asyncio.gather(*(one(*each) for each in places.items())))

    async def told(
        self, client: RegistryClient, place: Repository, images: tuple[ImageRules, ...]
    ) -> RepositoryPrune:
        """One repository; what asking it met is told."""
        names = tuple(image.name for image in images if image.asked)
        try:
            return await self.one(client.repository(place), images, names)
        except PolyarchError as error:
            problem = error.message.partition("\n")[0]
            return RepositoryPrune(repository=place, images=names, problem=problem, error=error)

    async def one(
        self, remote: RemoteRepository, images: tuple[ImageRules, ...], names: tuple[str, ...]
    ) -> RepositoryPrune:
        """One repository.

        Raises:
            RegistryError, SpecError: not all of it could be read.
        """
        found = await survey(remote)
        listed, found = _without_mark(found)
        choices = choose(found, images, self.request.bounds, self.refs)
        loose, young = self._untagged(remote.repository, listed)
        facts = Facts(survey=found, manifests=found.manifests, about={}, loose={})
        about_others = any(subject_of_tag(tag) for tag in found.tags)
        if any(choice.goes for choice in choices) or loose or about_others:
            facts = await gather_facts(remote, found, loose=loose, young=young)
        tags, manifests = plan(facts, choices, remote.profile.tag_delete)
        wanted = any(choice.goes for choice in choices)
        planned = RepositoryPrune(
            repository=remote.repository,
            images=names,
            tags=tags,
            manifests=manifests,
            problem=facts.problem,
            error=_unclear(remote, facts) if wanted or loose else None,
            hint=_hint(remote) if wanted and remote.profile.tag_delete == "no" else "",
            mark=listed[0] if listed else None,
        )
        if not self.request.apply or facts.problem or remote.profile.tag_delete == "no":
            return planned
        if planned.going or planned.mark:
            self.world.listen(Note(text=f"removing what may go from {remote}"))
        done = await remove(remote, facts, planned, self.world.now)
        refused = isinstance(done.error, DeleteUnsupportedError)
        return replace(done, hint=_hint(remote)) if refused else done

    def _untagged(
        self, place: Repository, listed: tuple[Digest, ...] | None
    ) -> tuple[dict[Digest, str], list[Digest]]:
        """Manifests that tags have shown once: those that may go, and those that stay for now."""
        loose: dict[Digest, str] = {}
        young: list[Digest] = []
        for digest, stood in self.known.get(str(place), {}).items():
            if self.request.bounds.is_old(stood.time):
                loose[digest] = _told(stood)
            else:
                young.append(digest)
        for digest in listed[1:] if listed else ():
            loose.setdefault(digest, "an earlier prune was about to remove it")
        return loose, young


def _told(stood: Stood) -> str:
    return f"`{stood.tag}` showed it until {stood.time.date()} (run {stood.run})"


def _without_mark(found: Survey) -> tuple[tuple[Digest, ...] | None, Survey]:
    """The list of an earlier prune, itself in front of what it names; and all that is no list."""
    head = found.tags.get(mark.TAG)
    if head is None:
        return None, found
    digests = mark.listed(found.manifests.get(head.digest))
    tags = {tag: each for tag, each in found.tags.items() if tag != mark.TAG}
    return (head.digest, *digests), replace(found, tags=tags)


def _unclear(remote: RemoteRepository, facts: Facts) -> PolyarchError | None:
    return RepositoryUnclearError(str(remote), facts.problem) if facts.problem else None


def _hint(remote: RemoteRepository) -> str:
    return f"{remote}: {own_way(remote.profile, remote.repository)}"
