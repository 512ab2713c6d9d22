"""What registries are asked before anything is decided: tags, bases, and what need not be built.

The questions that need no answer to another go out together. With `--sandbox` the registries of
this machine that stand for the destinations answer of tags and of what was published there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from polyarch.config.project import Project
from polyarch.host.ci_event import CiEvent
from polyarch.metadata.policy import Decision
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository, TagReference
from polyarch.pipeline.adoption import adopted
from polyarch.pipeline.base_digests import Bases, Names, ask_bases
from polyarch.pipeline.base_names import names_of, wanted_bases
from polyarch.pipeline.current import Answers, CurrentTags, ask_tags, with_holds
from polyarch.pipeline.existing import ExistingImages, pinned, tagged
from polyarch.pipeline.graph import ordered
from polyarch.pipeline.handing import Configs, own_name
from polyarch.pipeline.keys import Ground, Keys, input_keys
from polyarch.pipeline.locked import Locked, ask_today, lockable
from polyarch.pipeline.lookup import LookUp, Reusable, config_of, references_of
from polyarch.pipeline.material import Sources, edges_of
from polyarch.pipeline.own_parts import own_candidate
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.rehearsal import rehearsal
from polyarch.pipeline.unchanged import Candidate, Candidates, Judge, Verdict
from polyarch.pipeline.wording import Wording
from polyarch.pipeline.world import Ask
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.transaction.hold import Holds

Key = tuple[str, Platform]
Digests = Mapping[Key, str]

NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was answered, and what follows from it; by image and platform.

    `today` are the digests of tags that the lock pins.
    """

    existing: ExistingImages
    current: CurrentTags = field(default_factory=dict)
    bases: Bases = field(default_factory=dict)
    today: Mapping[str, Digest] = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    configs: Configs = field(default_factory=dict)
    verdicts: Mapping[Key, Verdict] = field(default_factory=dict)
    reusable: Mapping[str, Reusable] = field(default_factory=dict)
    holds: Holds = field(default_factory=Holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What is asked, and of whom. `may_adopt`: the commit says what would be built.

    `contexts` gives the digests of what builds read, but for what exists already. `takes_less` are
    hosts that may lack a part of an image. `holds` reads why tags stay where they were put back to.
    """

    project: Project
    event: CiEvent
    ask: Ask
    wording: Wording
    scope: Mapping[str, Sequence[Platform]]
    sources: Sources
    contexts: Callable[[ExistingImages], Digests]
    build_platform: Platform
    decision: Decision
    reach: Reach
    registries: BlockingRegistries
    may_adopt: bool
    takes_less: Mapping[str, str]
    locked: Locked = field(default_factory=Locked)
    holds: Holds = field(default_factory=Holds)

    @property
    def _looks(self) -> bool:
        """Whether registries are asked for what was published before."""
        ask = self.ask
        none = ask.offline or ask.force or ask.elsewhere or ask.from_tags
        return self.decision.publish and not none

    @property
    def _parts(self) -> PartsFolder:
        return PartsFolder(root=self.reach.world.state / "parts")

    def answers(self) -> Found:
        """Ask, and judge what need not be built.

        Raises:
            TagNotThereError, RegistryError: `from_tags` names what is not there.
            InvalidTemplateError: an expression of the config cannot be worked out.
        """
        return self.registries.run(self._answers())

    async def _answers(self) -> Found:
        async with AsyncExitStack() as stack:
            client = self.registries.client
            own = await stack.enter_async_context(self._own(client))
            existing = dict(await self._named(client))
            told, bases, contexts, today = await asyncio.gather(
                ask_tags(own, self._tags()),
                ask_bases(client, self._bases(), self.reach.world.listen, self.locked.names),
                asyncio.to_thread(self.contexts, existing),
                ask_today(client, self._locked_names()),
            )
            current = {tag: answer.current for tag, answer in told.items()}
            existing |= self._adopted(current)
            ground = self._ground(existing, bases, contexts)
            keys = input_keys(self._order, ground)
            if self.ask.elsewhere:
                current = await with_holds(own, current, self.holds)
                return Found(existing=existing, current=current, keys=keys, holds=self.holds)
            (candidates, reusable), current = await asyncio.gather(
                self._candidates(own, ground, keys, told), with_holds(own, current, self.holds)
            )
            configs = await self._configs(client, ground, candidates)
        judge = Judge(
            ground=ground,
            keys=keys,
            candidates=candidates,
            configs=configs,
            now=self.reach.world.now,
            force=self.ask.force,
            scheduled=self.event.name == "schedule",
            looked=self._looks,
        )
        return Found(
            existing=existing,
            current=current,
            bases=bases,
            today=today,
            keys=keys,
            configs=configs,
            verdicts=judge.verdicts(self._order),
            reusable=reusable,
            holds=self.holds,
        )

    @property
    def _order(self) -> tuple[str, ...]:
        every = ordered(tuple(self.project.images), edges_of(self.sources))
        return tuple(name for name in every if name in self.scope)

    @asynccontextmanager
    async def _own(self, client: RegistryClient) -> AsyncIterator[RegistryClient]:
        """A client for the image's own repositories: with `--sandbox` those that stand in."""
        tags = self._tags() if self.ask.sandbox else ()
        if not tags:
            yield client
            return
        with rehearsal([tag.repository for tag in tags], self.reach.world) as stand_ins:
            async with stand_ins.client() as own:
                yield own

    def _ground(
        self,
        existing: ExistingImages = NOTHING,
        bases: Bases = NOTHING,
        contexts: Digests = NOTHING,
    ) -> Ground:
        return Ground(
            project=self.project,
            event=self.event,
            wording=self.wording,
            scope=self.scope,
            sources=self.sources,
            contexts=contexts,
            existing=existing,
            bases=bases,
            build_platform=self.build_platform,
        )

    def _tags(self) -> tuple[TagReference, ...]:
        """All tags that have to be known: those that may move, and those that may hold images."""
        if self.ask.offline:
            return ()
        found: list[TagReference] = []
        ground = self._ground() if self._looks else None
        for name in self.scope:
            settings = self.project.images[name]
            if not self.ask.unpublished:
                tags = self.wording.names(settings).tags
                found += (place.tag(tag) for place in settings.repositories for tag in tags)
            if ground:
                found += next(iter(references_of(settings, ground)), ())
        return tuple(dict.fromkeys(found))

    def _bases(self) -> Iterator[tuple[Names, Platform]]:
        if not (self.ask.offline or self.ask.elsewhere or self.ask.from_tags):
            yield from wanted_bases(
                self.project,
                self.scope,
                self.sources,
                self.wording,
                build_platform=self.build_platform,
            )

    def _locked_names(self) -> tuple[str, ...]:
        """The pinned names of which it is asked whether their tags have moved on."""
        if self.ask.offline or self.ask.elsewhere or not self.locked.pins:
            return ()
        taken = lockable(self.project, self.scope, self.sources)
        return tuple(name for names in taken for name in names if name in self.locked.pins)

    async def _named(self, client: RegistryClient) -> ExistingImages:
        """What the config or tags of single platforms name in place of a build."""
        existing = pinned(self.project, self.scope)
        if self.ask.from_tags and not self.ask.offline:
            listen = self.reach.world.listen
            existing |= await tagged(client, self.project, self.scope, self.ask.from_tags, listen)
        return existing

    def _adopted(self, current: CurrentTags) -> ExistingImages:
        """What one registry holds of this version and commit already."""
        if self.ask.from_tags or not (self.decision.publish and self.may_adopt):
            return {}
        return adopted(
            self.project,
            self.scope,
            current,
            self.wording,
            self.event,
            takes_less=self.takes_less,
        )

    async def _candidates(
        self, client: RegistryClient, ground: Ground, keys: Keys, told: Answers
    ) -> tuple[Candidates, Mapping[str, Reusable]]:
        """This machine's parts first; what they do not settle is looked for in registries."""
        if self.ask.force:
            return {}, {}
        here: dict[Key, tuple[Candidate, ...]] = {}
        for (image, platform), key in keys.items():
            settings = self.project.images[image]
            part = own_candidate(self._parts, settings, platform, key, publishes=self._looks)
            here[image, platform] = (part,) if part else ()
        if not self._looks:
            return here, {}
        open_ = {each: key for each, key in keys.items() if not any(c.config for c in here[each])}
        looked, reusable = await LookUp(client=client, ground=ground, keys=open_, told=told)()
        return {each: (*here[each], *looked.get(each, ())) for each in keys}, reusable

    async def _configs(
        self, client: RegistryClient, ground: Ground, candidates: Candidates
    ) -> Configs:
        """Of what images that may be taken again stand on and that is not built now."""
        wanted = dict(_below(ground, candidates))
        read = await asyncio.gather(
            *(config_of(client, *where, platform) for (_, platform), where in wanted.items())
        )
        return {each: config for each, config in zip(wanted, read, strict=True) if config}


def _below(
    ground: Ground, candidates: Candidates
) -> Iterator[tuple[tuple[Names, Platform], tuple[Repository, Digest]]]:
    """What images that may be taken again stand on, and where it is."""
    for (image, platform), found in candidates.items():
        settings = ground.project.images[image].for_platform(platform)
        source = ground.sources[image, platform]
        for edge in source.edges if any(each.config for each in found) else ():
            names = names_of(edge, settings, ground.project, ground.wording)
            for taken in edge.platforms:
                known = ground.existing.get((edge.image, taken))
                published = ground.bases.get((names, taken))
                if known:
                    where = known.reference.repository, known.reference.digest
                    yield (own_name(edge.image), taken), where
                elif edge.image not in ground.scope and published:
                    yield (names, taken), (published.pinned.repository, published.manifest)
