"""One repository: what may go from it, and its removal where that is asked."""

from dataclasses import dataclass, field, replace

from polyarch.errors import (
    DeleteUnsupportedError,
    ListTagTakenError,
    PolyarchError,
    RepositoryUnclearError,
)
from polyarch.events import Listener, Note, ignore
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.choosing import Bounds, ImageRules, choose
from polyarch.pipeline.pruning.facts import Facts, gather_facts, subject_of_tag
from polyarch.pipeline.pruning.kinds import Refs
from polyarch.pipeline.pruning.own_way import own_way
from polyarch.pipeline.pruning.planning import Planned, plan
from polyarch.pipeline.pruning.records import Known, Seen, Stood
from polyarch.pipeline.pruning.removal import remove
from polyarch.pipeline.pruning.values import Fate, RepositoryPrune
from polyarch.pipeline.survey import survey
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruner:
    """Works at repositories; `apply` removes.

    `known` is what records say that tags showed before, `seen` all that they say stood there.
    """

    bounds: Bounds
    refs: Refs
    known: Known
    seen: Seen = field(default_factory=dict)
    apply: bool = False
    listen: Listener = ignore

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
        if remote.profile.tag_delete == "no":
            return await self._only_told(remote, images, names)
        found = await survey(remote)
        own = await mark.own_list(remote, found)
        listed = mark.listed(found.manifests[own]) if own else ()
        found = mark.without_list(found) if own else found
        choices = choose(found, images, self.bounds, self.refs)
        loose, young = self._untagged(remote.repository, listed)
        facts = Facts(survey=found, manifests=found.manifests, about={}, loose={})
        about_others = any(subject_of_tag(tag) for tag in found.tags)
        if any(choice.goes for choice in choices) or loose or about_others:
            facts = await gather_facts(remote, found, loose=loose, young=young)
            told = self.seen.get(str(remote.repository), frozenset())
            facts = replace(facts, seen=told, listed=frozenset(listed))
        rows = plan(facts, choices, remote.profile.tag_delete)
        taken = _taken(remote, facts, rows)
        if taken:
            facts = replace(facts, problem=taken.message)
            rows = plan(facts, choices, remote.profile.tag_delete)
        wanted = any(choice.goes for choice in choices)
        planned = RepositoryPrune(
            repository=remote.repository,
            images=names,
            tags=rows.tags,
            manifests=rows.manifests,
            problem=rows.problem,
            error=taken or (_unclear(remote, rows.problem) if wanted or loose else None),
            mark=own,
        )
        if not self.apply or rows.problem:
            return planned
        if planned.going:
            self.listen(Note(text=f"removing what may go from {remote}"))
        done = await remove(remote, facts, planned, self.bounds.now)
        refused = isinstance(done.error, DeleteUnsupportedError)
        return replace(done, hint=_hint(remote)) if refused else done

    async def _only_told(
        self, remote: RemoteRepository, images: tuple[ImageRules, ...], names: tuple[str, ...]
    ) -> RepositoryPrune:
        """Where nothing is deleted: what is old, by as few reads as that takes.

        Raises:
            RegistryError, SpecError: not all of it could be read.
        """
        found = mark.without_list(await survey(remote, depth=1))
        choices = choose(found, images, self.bounds, self.refs)
        facts = Facts(survey=found, manifests=found.manifests, about={}, loose={})
        return RepositoryPrune(
            repository=remote.repository,
            images=names,
            tags=plan(facts, choices, "no").tags,
            hint=_hint(remote) if any(choice.goes for choice in choices) else "",
        )

    def _untagged(
        self, place: Repository, listed: tuple[Digest, ...]
    ) -> tuple[dict[Digest, str], list[Digest]]:
        """Manifests that tags have shown once: those that may go, and those that stay for now."""
        loose: dict[Digest, str] = {}
        young: list[Digest] = []
        for digest, stood in self.known.get(str(place), {}).items():
            if self.bounds.is_old(stood.time):
                loose[digest] = _told(stood)
            else:
                young.append(digest)
        for digest in listed:
            loose.setdefault(digest, "an earlier prune was about to remove it")
        return loose, young


def _told(stood: Stood) -> str:
    return f"`{stood.tag}` showed it until {stood.time.date()} (run {stood.run})"


def _taken(remote: RemoteRepository, facts: Facts, rows: Planned) -> ListTagTakenError | None:
    """Why no list can be written, where manifests are to go and one is needed."""
    if mark.TAG not in facts.survey.tags:
        return None
    goes = any(row.fate is Fate.GOES for row in rows.manifests)
    return ListTagTakenError(f"{remote}:{mark.TAG}") if goes else None


def _unclear(remote: RemoteRepository, problem: str) -> PolyarchError | None:
    return RepositoryUnclearError(str(remote), problem) if problem else None


def _hint(remote: RemoteRepository) -> str:
    return f"{remote}: {own_way(remote.profile, remote.repository)}"
