"""`promote` from beginning to end: find, have proven, bring everywhere, move the tags together."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.config.project import PER_REGISTRY, ImageSettings
from polyarch.errors import PolyarchError
from polyarch.host.git import GitTree
from polyarch.metadata.policy import may_publish
from polyarch.pipeline.copy_spool import spool
from polyarch.pipeline.facts import describe
from polyarch.pipeline.known import known_facts
from polyarch.pipeline.moving.act import act
from polyarch.pipeline.moving.result import MovedImage, MoveResult
from polyarch.pipeline.outcomes import STANDS
from polyarch.pipeline.promoting.ahead import foreseen, refuse_collisions
from polyarch.pipeline.promoting.commit_tags import fitting_tags
from polyarch.pipeline.promoting.evidence import Evidence, EvidenceRoom
from polyarch.pipeline.promoting.given_tags import GivenTags, named_tags, tags_of_event
from polyarch.pipeline.promoting.origin import Origins
from polyarch.pipeline.promoting.proving import Proving
from polyarch.pipeline.promoting.request import PromoteRequest, refuse
from polyarch.pipeline.promoting.targets import Promotion
from polyarch.pipeline.promoting.told import moved
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.run_store import RunStore
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.wording import Wording
from polyarch.pipeline.world import World
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.registry.quota import summed
from polyarch.runs.folder import RunFolder
from polyarch.transaction.hold import Holds
from polyarch.transaction.values import Outcome

AT_ONCE = 8
"""Images that are looked for beside each other."""

DRY_RUN = "`--dry-run`: all but the move was done"
NOWHERE = "no destination has taken it"


def promote(request: PromoteRequest, world: World) -> MoveResult:
    """Bring what one environment has of images to another, all of them or none.

    What a registry refuses is an outcome in the result, not an exception.

    Raises:
        PullRequestActError, SameEnvironmentError, NoTargetError: this cannot be asked.
        NothingSelectedError, PromotionRefusedError: an image is not there, not proven, or not what
            is meant; nothing was moved.
        VerificationError: `--prove` found something; nothing was moved.
        PolyarchError: what was met before a tag has moved.
    """
    refuse(request)
    with ExitStack() as stack:
        run, recorded = stack.enter_context(recording(world))
        scratch = stack.enter_context(spool(world.state, run.id))
        desk = _Desk.open(request, recorded, run, scratch, stack)
        return desk.go()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """One promotion under way; `sources` and `targets` reach the registries of each side."""

    request: PromoteRequest
    world: World
    run: RunFolder
    scratch: Path
    stack: ExitStack
    wording: Wording
    git: GitTree | None
    sources: Reach
    targets: Reach
    registries: BlockingRegistries
    runner: asyncio.Runner
    client: RegistryClient

    @classmethod
    def open(
        cls, request: PromoteRequest, world: World, run: RunFolder, scratch: Path, stack: ExitStack
    ) -> "_Desk":
        """Learn what names need, and make ready to ask registries."""
        project = request.target
        git = GitTree.find(project.root, world.environment)
        told = known_facts(request.event, git.facts() if git else None, world.environment)
        event = replace(request.event, commit_time=told.commit_time)
        sources, targets = Reach(request.source, world), Reach(project, world)
        runner = stack.enter_context(asyncio.Runner())
        client = targets.client()
        stack.callback(lambda: runner.run(client.close()))
        return cls(
            request=replace(request, event=event),
            world=world,
            run=run,
            scratch=scratch,
            stack=stack,
            wording=Wording(
                event=event,
                repository=told.repository,
                now=world.now,
                describe=describe(project, git),
            ),
            git=git,
            sources=sources,
            targets=targets,
            registries=stack.enter_context(sources.blocking()),
            runner=runner,
            client=client,
        )

    def go(self) -> MoveResult:
        """All of it."""
        given = self._given()
        going = {name: tags for name, tags in given.items() if tags.tags}
        if not going:
            return self._nowhere(given)
        found = self._find(going)
        given = {**given, **{each.origin.name: each.given for each in found}}
        images = tuple(each for each in found if each.given.tags)
        if not images:
            return self._nowhere(given)
        refuse_collisions(images)
        images, proofs = self._proven(images)
        holds = Holds()
        submissions = [
            each.submission(self.client, holds, fewer=self.request.terms.fewer) for each in images
        ]
        notes = self._foreseen(images, holds)
        outcomes = act(
            submissions,
            self.request.terms,
            run=self.run,
            runner=self.runner,
            client=self.client,
            listen=self.world.listen,
        )
        reason = DRY_RUN if self.request.terms.dry_run else NOWHERE
        if any(outcome.status in STANDS for outcome in outcomes):
            reason = ""
        return self._result(given, images, proofs, outcomes, reason=reason, notes=notes)

    def _nowhere(self, given: Mapping[str, GivenTags]) -> MoveResult:
        """There is no tag to give to anything."""
        reasons = dict.fromkeys(tags.reason for tags in given.values())
        return self._result({}, (), {}, (), reason="; ".join(reasons))

    def _given(self) -> dict[str, GivenTags]:
        """The tags of each image that is meant."""
        project, event = self.request.target, self.request.event
        names = select_images(self.request.selectors, tuple(project.images), project.groups)
        if self.request.tags:
            found = dict.fromkeys(names, named_tags(self.request.tags))
        else:
            decision = may_publish(event, project.publish.on)
            found = {
                name: tags_of_event(project.images[name], self.wording, decision) for name in names
            }
        return {name: _if_it_goes(tags, project.images[name]) for name, tags in found.items()}

    def _find(self, going: Mapping[str, GivenTags]) -> tuple[Promotion, ...]:
        """What goes where, images beside each other: most of it is waiting for registries."""
        request = self.request
        origins = Origins(registries=self.registries, spool=self.scratch, stack=self.stack)
        decision = may_publish(request.event, request.target.publish.on)

        def one(name: str) -> Promotion:
            settings, target = request.source.images[name], request.target.images[name]
            origin = origins.find(settings, request.origin, going[name], request.event)
            given = fitting_tags(going[name], origin, target, self.wording, decision)
            # What a person names need not be of the event's commit.
            event = None if request.origin else request.event
            return Promotion.of(target, given, origin, event, self.git)

        with ThreadPoolExecutor(AT_ONCE, "promote") as pool:
            try:
                return tuple(pool.map(one, going))
            except PolyarchError:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.registries.close()  # an interrupt waits for no registry
                raise

    def _proven(
        self, images: tuple[Promotion, ...]
    ) -> tuple[tuple[Promotion, ...], Mapping[str, Evidence]]:
        """The images, and what proves each.

        Raises:
            NotProvenError, VerificationError: one is not proven.
        """
        if not self.request.prove:
            return images, self._known(images)
        proving = Proving(
            project=self.request.target,
            run=self.run,
            world=self.world,
            reach=self.sources,
            registries=self.registries,
            scratch=self.scratch / "smoke",
        )
        return proving.prove(images, self.request.event)

    def _known(self, images: Sequence[Promotion]) -> Mapping[str, Evidence]:
        """What records prove each."""
        room = EvidenceRoom(
            runs=self.world.state / "runs",
            stores=self._stores(),
            registries=self.registries,
            now=self.world.now,
            max_age_s=self.request.max_age_s,
        )
        source = self.request.source.images
        return {
            each.origin.name: room.find(
                each.origin, loose=source[each.origin.name].digest_policy == PER_REGISTRY
            )
            for each in images
        }

    def _stores(self) -> tuple[RunStore, ...]:
        repository = self.request.target.runs.repository
        if repository is None:
            return ()
        return (RunStore(repository, self.stack.enter_context(self.targets.blocking())),)

    def _foreseen(self, images: Sequence[Promotion], holds: Holds) -> Mapping[str, Sequence[str]]:
        """With `--dry-run` what would become of each tag."""
        if not self.request.terms.dry_run:
            return {}
        return {
            each.origin.name: self.runner.run(foreseen(each, self.client, holds)) for each in images
        }

    def _result(
        self,
        given: Mapping[str, GivenTags],
        images: Sequence[Promotion],
        proofs: Mapping[str, Evidence],
        outcomes: Sequence[Outcome],
        *,
        reason: str,
        notes: Mapping[str, Sequence[str]] | None = None,
    ) -> MoveResult:
        known = {each.origin.name: each for each in images}
        more = notes or {}
        return MoveResult(
            verb="promote",
            run=self.run.id,
            images=tuple(
                moved(known[name], proofs[name], outcomes, more.get(name, ()))
                if name in known
                else MovedImage(name=name, notes=(tags.reason,))
                for name, tags in given.items()
            ),
            reason=reason,
            who=self.request.event.actor,
            why=self.request.terms.why,
            usage=summed((*self.sources.usage(), *self.targets.usage())),
        )


def _if_it_goes(given: GivenTags, settings: ImageSettings) -> GivenTags:
    if given.tags and not settings.repositories:
        return GivenTags(by_event=given.by_event, reason="it has no `repositories` there")
    return given
