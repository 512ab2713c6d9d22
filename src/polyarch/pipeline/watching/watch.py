"""`watch`: what is published is looked at, judged, mended where that was asked for, looked at anew.

Nothing is changed without `repair`. What a registry does not say is told, and is never well.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from polyarch.config.project import Project
from polyarch.content.shelf import Shelf
from polyarch.errors import PolyarchError
from polyarch.events import Note, Warned
from polyarch.findings import Finding, Report, Severity
from polyarch.host.ci_event import CiEvent
from polyarch.oci.manifest import ImageManifest
from polyarch.pipeline.moving.act import Terms, act
from polyarch.pipeline.moving.result import MovedImage
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.run_store import RunStore
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.verify import verify_places
from polyarch.pipeline.verify_request import Level, VerifyRequest
from polyarch.pipeline.verify_result import VerifyOutcome, why
from polyarch.pipeline.watching.bases import BaseUse, base_uses, judge_bases
from polyarch.pipeline.watching.behind import ask_holds, judge_newest
from polyarch.pipeline.watching.codes import NOT_ASKED
from polyarch.pipeline.watching.fresh import judge_fresh
from polyarch.pipeline.watching.let_go import tags_let_go
from polyarch.pipeline.watching.look import Looker
from polyarch.pipeline.watching.lost import expected, judge_platforms
from polyarch.pipeline.watching.memory import recall, recall_stored
from polyarch.pipeline.watching.mend import Workshop, submissions
from polyarch.pipeline.watching.result import WatchedImage, WatchedTag, WatchResult
from polyarch.pipeline.watching.same import judge_same
from polyarch.pipeline.watching.sample import Sample, choose, judge_samples
from polyarch.pipeline.watching.scene import Scene, passed_over
from polyarch.pipeline.watching.subject import Subject
from polyarch.pipeline.watching.whole import judge_whole
from polyarch.pipeline.world import World
from polyarch.registry.client import RegistryClient
from polyarch.runs.folder import RunFolder
from polyarch.transaction.hold import Holds
from polyarch.transaction.values import OnRegistryFailure, Outcome, Submission

PULL_REQUEST = "a pull request mends nothing"
NOTHING_TO_MEND = "there is nothing that another registry could mend"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """`selectors` are images, groups and globs. `sample`: so many platforms of each are proven.

    `bases_only`: nothing but bases is judged, and nothing proven.
    """

    selectors: tuple[str, ...] = ()
    fail_on: Severity = Severity.WARNING
    sample: int = 0
    repair: bool = False
    bases_only: bool = False


def watch_project(
    project: Project, event: CiEvent, request: WatchRequest, reach: Reach, world: World
) -> WatchResult:
    """Look at what is published.

    Raises:
        NothingSelectedError: what was asked for matches nothing.
        InvalidRuleError: the config's tag rules are wrong.
        StorageError: the record of the run cannot be written.
    """
    names = select_images(request.selectors, tuple(project.images), project.groups)
    with ExitStack() as stack:
        run: RunFolder | None = None
        if not request.bases_only:  # which sees too little to be compared with by the next watch
            run, world = stack.enter_context(recording(world))
        runner = stack.enter_context(asyncio.Runner())
        client = reach.client()
        stack.callback(lambda: runner.run(client.close()))
        watch = _Watch(
            project=project,
            names=names,
            request=request,
            reach=reach,
            world=world,
            run=run,
            runner=runner,
            client=client,
            scene=Scene.of(project, event, world),
        )
        return watch.go(repair=request.repair and not event.is_pull_request)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """One watch under way."""

    project: Project
    names: Sequence[str]
    request: WatchRequest
    reach: Reach
    world: World
    run: RunFolder | None
    runner: asyncio.Runner
    client: RegistryClient
    scene: Scene
    done: list[MovedImage] = field(default_factory=list)

    def go(self, *, repair: bool) -> WatchResult:
        """All steps."""
        self._recall()
        looker, subjects = self._look()
        reason = PULL_REQUEST if self.request.repair and not repair else ""
        if repair:
            outcomes = self._mend(subjects)
            reason = "" if outcomes else NOTHING_TO_MEND
            if outcomes:
                looker, subjects = self._look()
        uses = self.runner.run(base_uses(subjects, looker, self.client))
        images = tuple(
            self._judged(each, [use for use in uses if use.image == each.name]) for each in subjects
        )
        return WatchResult(
            run=self.run.id if self.run else "",
            images=images,
            fail_on=self.request.fail_on,
            mended=tuple(self.done),
            reason=reason,
            usage=self.reach.usage(),
        )

    def _recall(self) -> None:
        """Read records; that the store does not answer is told, and nothing fails by it."""
        recall(self.scene.memory, self.world.state / "runs")
        if self.project.runs.repository is None:
            return
        try:
            with self.reach.blocking() as registries:
                store = RunStore(self.project.runs.repository, registries)
                recall_stored(self.scene.memory, store)
        except PolyarchError as error:
            self.world.listen(Warned(text=f"records of runs are not known: {why(error)}"))

    def _look(self) -> tuple[Looker, list[Subject]]:
        shelf = Shelf(self.world.state / "manifests")
        looker = Looker(self.client, shelf, passed_over, whole=not self.request.bases_only)
        wanted = {name: self.project.images[name].repositories for name in self.names}
        count = len({place for places in wanted.values() for place in places})
        images = f"{len(wanted)} image{'' if len(wanted) == 1 else 's'}"
        places = f"{count} repositor{'y' if count == 1 else 'ies'}"
        self.world.listen(Note(text=f"looking at {images} in {places}"))
        views = self.runner.run(looker.look(wanted))
        metered = frozenset(
            place
            for places in wanted.values()
            for place in places
            if self.client.repository(place).profile.metered_reads
        )
        subjects = [self.scene.subject(name, view, metered) for name, view in views.items()]
        return looker, subjects if self.request.bases_only else self._known(subjects)

    def _known(self, subjects: Sequence[Subject]) -> list[Subject]:
        """With what has to be asked where something looks wrong: holds, and what `prune` does."""
        holds = self.runner.run(ask_holds(subjects, self.client))
        scene = self.scene
        return [
            replace(each, holds=holds, let_go=tags_let_go(each, scene.project, scene.refs))
            for each in subjects
        ]

    def _mend(self, subjects: Sequence[Subject]) -> tuple[Outcome, ...]:
        """One transaction for all images; each registry is mended as far as it goes."""
        with self.reach.blocking() as registries:
            workshop = Workshop(
                store=registries.store,
                profile=lambda repository: self.client.repository(repository).profile,
                holds=Holds(),
            )
            work: list[Submission] = []
            for subject in subjects:
                work += submissions(subject, workshop)
            if not work or self.run is None:
                return ()
            outcomes = act(
                work,
                Terms(on_failure=OnRegistryFailure.CONTINUE),
                run=self.run,
                runner=self.runner,
                client=self.client,
                listen=self.world.listen,
            )
        for subject in subjects:
            own = tuple(each for each in outcomes if each.image == subject.name)
            if own:
                self.done.append(MovedImage(name=subject.name, outcomes=own))
        return outcomes

    def _judged(self, subject: Subject, uses: Sequence[BaseUse]) -> WatchedImage:
        found: list[Finding] = []
        errors = [error for sight in subject.view.sights for error in sight.errors[:1]]
        samples: tuple[Sample, ...] = ()
        if not self.request.bases_only:
            for judge in (judge_whole, judge_same, judge_newest, judge_platforms, judge_fresh):
                found += judge(subject)
            samples = choose(subject, self.request.sample)
        found += judge_bases(uses)
        outcomes = self._proven(samples)
        found += judge_samples(samples, outcomes)
        silent = [each.error for each in outcomes if each.error]
        return WatchedImage(
            view=subject.view,
            report=_report(subject, found, silent),
            tags=tuple(
                WatchedTag(
                    sort=subject.sorts[tag],
                    platforms=tuple(sorted(expected(subject, tag), key=str)),
                )
                for tag in subject.tags
            ),
            bases=tuple(uses),
            sampled=tuple(
                sample.to_json(each) for sample, each in zip(samples, outcomes, strict=True)
            ),
            errors=(*errors, *silent),
        )

    def _proven(self, samples: Sequence[Sample]) -> tuple[VerifyOutcome, ...]:
        """Each sample read whole, as `verify` does it."""
        found: list[VerifyOutcome] = []
        for sample in samples:
            request = VerifyRequest(
                subjects=(sample.place,), platforms=(sample.platform,), level=Level.DEEP
            )
            result = verify_places(
                request, self.reach, self.world, project=self.project, folder=self.project.root
            )
            found += result.outcomes
        return tuple(found)


def _report(subject: Subject, found: Iterable[Finding], silent: Iterable[PolyarchError]) -> Report:
    """What was found, worst first, and how much was looked at in all registries together."""
    findings = sorted(found, key=lambda each: list(Severity).index(each.severity))
    unknown = [each.message for each in findings if each.code == NOT_ASKED.code]
    unknown += [f"a sample: {why(error)}" for error in silent]
    platforms, blobs = 0, dict[tuple[object, object], int]()
    for sight in subject.view.sights:
        for digest, node in subject.view.below(subject.shown(sight)).items():
            manifest = subject.view.manifests.get(digest)
            if digest in sight.absent or digest in sight.lacking:
                continue
            if manifest is None:
                blobs[sight.repository, digest] = node.size
            elif isinstance(manifest, ImageManifest):
                platforms += 1
    return Report(
        subject=subject.name,
        findings=tuple(dict.fromkeys(findings)),
        platforms=platforms,
        layers=len(blobs),
        bytes=sum(blobs.values()),
        unknown="; ".join(dict.fromkeys(unknown)),
        left_out="" if subject.view.sights else "it is published nowhere",
    )
