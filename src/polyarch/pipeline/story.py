"""The verbs that do something: build, and publish. Read this file first."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from polyarch.config.project import Project
from polyarch.errors import PartialPublishError, PolyarchError
from polyarch.host.ci_event import CiEvent
from polyarch.metadata.policy import may_publish
from polyarch.oci.digest import Digest
from polyarch.pipeline.aftermath import Aftermath, run_aftermath
from polyarch.pipeline.build import BuiltPart
from polyarch.pipeline.commands import Commands
from polyarch.pipeline.destinations import destinations
from polyarch.pipeline.elsewhere import Elsewhere
from polyarch.pipeline.gates import Gates
from polyarch.pipeline.job import Job, ProvenImage, job
from polyarch.pipeline.journals import journal_for, warn_of_dead
from polyarch.pipeline.loading import check_stores, load
from polyarch.pipeline.outcomes import STANDS
from polyarch.pipeline.plan import ImagePlan, Plan, PlannedDestination
from polyarch.pipeline.prepare import prepare
from polyarch.pipeline.pushed import push_places
from polyarch.pipeline.records import RecordSource
from polyarch.pipeline.refusals import key_of, refusals
from polyarch.pipeline.result import BuildResult, BuiltImage, PublishedImage, PublishResult
from polyarch.pipeline.staging import build_and_stage
from polyarch.pipeline.world import Ask, World
from polyarch.transaction.values import OnRegistryFailure, Options, Outcome, Status

REFUSED = "a destination was ruled out before anything was built"
NOWHERE = "no destination has taken it"
DRY_RUN = "`--dry-run`: all but the push was done"


def plan_project(project: Project, event: CiEvent, ask: Ask, world: World) -> Plan:
    """What would be done.

    Raises:
        ConfigError, HostError, NothingSelectedError: as `prepare` says.
    """
    with ExitStack() as stack:
        return prepare(project, event, ask, world, stack).plan


def build_project(
    project: Project,
    event: CiEvent,
    ask: Ask,
    world: World,
    *,
    into_engine: bool = False,
    stage: bool = False,
) -> BuildResult:
    """Build and prove every image that is asked for, and load them where `into_engine`.

    With `stage` the parts go to registries by digest, if this event may publish.

    When a build fails after parts of others are done, these are in the result, with the error.

    Raises:
        PolyarchError: what planning, building or proving met, with nothing to show.
    """
    with job(project, event, ask, world) as work:
        if into_engine:
            check_stores(work)
        plan = work.prepared.plan
        try:
            images, staging = build_and_stage(work) if stage else (work.build(), None)
        except PolyarchError as error:
            if not work.finished:
                raise
            return BuildResult(
                run=work.run.id, plan=plan, parts=_in_order(plan, work.finished), error=error
            )
        loaded = load(work, images) if into_engine else {}
        return BuildResult(
            run=work.run.id,
            plan=plan,
            parts=_in_order(plan, work.finished),
            images=tuple(
                BuiltImage(
                    name=image.plan.name,
                    digest=image.index.descriptor.digest,
                    loaded=loaded.get(image.plan.name),
                )
                for image in images
            ),
            staging=staging,
        )


def _in_order(plan: Plan, parts: Sequence[BuiltPart]) -> tuple[BuiltPart, ...]:
    places = [(image.name, each.platform) for image in plan.images for each in image.platforms]

    def place(built: BuiltPart) -> int:
        return places.index((built.part.image, built.part.platform))

    return tuple(sorted(parts, key=place))


def publish_project(
    project: Project,
    event: CiEvent,
    ask: Ask,
    world: World,
    *,
    dry_run: bool = False,
    parts: RecordSource | None = None,
    rollback: bool = True,
    deadline_s: float | None = None,
) -> PublishResult:
    """The main job: plan, log in everywhere, build, prove, publish to every registry or to none.

    With `parts` nothing is built: these are joined. Without `rollback` tags that have moved stay
    where they are when others cannot follow. Within `deadline_s` seconds of the first upload the
    tags have moved or nothing has. A registry's refusal is an outcome in the result, not an
    exception.

    Raises:
        PartialPublishError: only some of an image's platforms were asked for.
        ProgramNotFoundError: a gate, or what is to run after publishing, is not there.
        NoPartsGivenError, PartsError: `parts` are not what the plan says.
        PolyarchError: what planning, building or proving met; no tag has moved then.
    """
    if parts:
        ask = replace(ask, elsewhere=True)
    ask = replace(ask, converge=True)
    if not may_publish(event, project.publish.on, sandbox=ask.sandbox).publish:
        # What tags have now changes nothing then, unless they are what is proven.
        ask = replace(ask, unpublished=not ask.from_tags)
    with job(project, event, ask, world) as work:
        warn_of_dead(work.run.path.parent, work.world.listen, rehearsed=ask.sandbox)
        plan = work.prepared.plan
        going = [image for image in plan.images if image.publish]
        if not ask.keep_others:
            _refuse_less(going)
        commands = Commands.of(project, work.world)
        for image in going:
            commands.check_image(project.images[image.name], rehearsed=ask.sandbox)
        joining = Elsewhere.of(work, parts) if parts else None
        if not going:
            return _result(work, () if joining else work.build(), (), _why_not(plan))
        policy = OnRegistryFailure(project.publish.on_registry_failure)
        with destinations(work, going) as there:
            blocked = refusals(going, work.world.listen)
            checked = [blocked.get(key_of(each), each) for each in there.check_logins(going)]
            enough = any if policy is OnRegistryFailure.ABORT else all
            if enough(each.error for each in checked):
                return _result(work, (), checked, REFUSED)
            free = [(each.image, each.repository) for each in checked if not each.error]
            places = {} if dry_run else push_places(free, ask)
            images = joining.build(there.store) if joining else work.build(places)
            if dry_run:
                return _result(work, images, (), DRY_RUN)
            published = [image for image in images if image.plan.publish]
            options = Options(rollback=rollback, deadline_s=deadline_s, owner=work.run.id)
            if gates := Gates.of(work, published, there.reached):
                options = replace(options, prove=gates, stop_proving=gates.stop)
            with journal_for(
                work.run.path, work.world.listen, rehearsed=ask.sandbox, warned=True
            ) as opened:
                done = there.publish(published, policy, options, opened.journal, without=blocked)
                opened.settle(done)
            outcomes = (*done, *blocked.values())
        after = run_aftermath(work, published, outcomes)
        stands = any(outcome.status in STANDS for outcome in outcomes)
        return _result(work, images, outcomes, going[0].reason if stands else NOWHERE, after)


def _refuse_less(images: Sequence[ImagePlan]) -> None:
    """A tag points to a complete index, never to less."""
    for image in images:
        if image.missing:
            raise PartialPublishError(image.name, [str(platform) for platform in image.missing])


def _why_not(plan: Plan) -> str:
    reasons = dict.fromkeys(image.reason for image in plan.images)
    return "; ".join(reasons) or plan.reason


def _result(
    work: Job,
    images: Sequence[ProvenImage],
    outcomes: Sequence[Outcome],
    reason: str,
    after: Sequence[Aftermath] = (),
) -> PublishResult:
    built = {image.plan.name: image for image in images}
    known = {key_of(each): each for each in outcomes}
    return PublishResult(
        run=work.run.id,
        plan=work.prepared.plan,
        reason=reason,
        usage=work.prepared.reach.usage(),
        images=tuple(
            PublishedImage(
                name=plan.name,
                digest=_digest(plan, built.get(plan.name), outcomes),
                parts=built[plan.name].parts if plan.name in built else (),
                proof=built[plan.name].proof if plan.name in built else None,
                outcomes=tuple(
                    known.get((plan.name, each.repository)) or _skipped(plan, each)
                    for each in plan.destinations
                ),
                after=tuple(each for each in after if each.image == plan.name),
            )
            for plan in work.prepared.plan.images
        ),
    )


def _digest(
    plan: ImagePlan, built: ProvenImage | None, outcomes: Sequence[Outcome]
) -> Digest | None:
    """Of the whole index; where others' platforms are kept, of what came of it, if that is one."""
    if not plan.missing:
        return built.index.descriptor.digest if built else None
    mine = [each for each in outcomes if each.image == plan.name and each.status in STANDS]
    found = {each.digest for each in mine}
    return found.pop() if len(found) == 1 else None


def _skipped(image: ImagePlan, destination: PlannedDestination) -> Outcome:
    return Outcome(
        image=image.name,
        repository=destination.repository,
        status=Status.SKIPPED,
        digest=None,
        tags=(),
    )
