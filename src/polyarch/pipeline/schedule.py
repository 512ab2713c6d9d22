"""The plan's builds in their order: each image after those it stands on, its platforms at once.

The first build that fails ends the others. One whose builder is lost goes to another that may do it
as well; a step that failed is never tried again.
"""

from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace

from polyarch.errors import BuilderLostError, InterruptedByUserError
from polyarch.events import Warned
from polyarch.pipeline.build import BuiltPart, PartsByImage, Workshop, make_part
from polyarch.pipeline.lanes import Lanes
from polyarch.pipeline.plan import ImagePlan, Plan, PlannedPlatform

_ENDED = "ended because another build failed"


@dataclass(slots=True, kw_only=True)
class _Build:
    """A build; another builder may take it over.

    `after` is one that has to be over first; `future` is None until it is handed out.
    """

    image: ImagePlan
    planned: PlannedPlatform
    bases: PartsByImage
    after: "_Build | None" = None
    future: Future[BuiltPart] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it was handed out and has ended, in whatever way."""
        return self.future is not None and self.future.done()

    @property
    def may_begin(self) -> bool:
        """Whether it is to be handed out now."""
        return self.future is None and (self.after is None or self.after.is_over)

    def __str__(self) -> str:
        return f"{self.image.name} {self.planned.platform}"


def build_all(plan: Plan, workshop: Workshop) -> PartsByImage:
    """Build what the plan says; the result has every platform of every image, in plan order.

    Raises:
        BuildFailedError, EngineUnusableError: the first that failed; the others were ended.
        BuilderLostError: a builder went away, and no other may do what it was to build.
        StorageError: no room for what was built.
    """
    with Lanes(workshop.parallel, workshop.listen) as lanes:
        try:
            return _Course(plan, workshop, lanes).run()
        except BaseException as error:
            failed = isinstance(error, Exception) and not isinstance(error, InterruptedByUserError)
            workshop.stopped.append(_ENDED if failed else InterruptedByUserError().message)
            lanes.end()
            raise


def successor(planned: PlannedPlatform, lost: Collection[str]) -> PlannedPlatform | None:
    """The same build on the next builder that is still there; None where there is none."""
    for number, name in enumerate(planned.alternatives, start=1):
        if name not in lost:
            return replace(planned, builder=name, alternatives=planned.alternatives[number:])
    return None


class _Course:
    """One way through a plan."""

    def __init__(self, plan: Plan, workshop: Workshop, lanes: Lanes) -> None:
        self._plan = plan
        self._workshop = workshop
        self._lanes = lanes
        self._started: dict[str, list[_Build]] = {}
        self._done: PartsByImage = {}

    def run(self) -> PartsByImage:
        """All of it."""
        while len(self._done) < len(self._plan.images):
            with self._lanes.filling():
                for image in self._plan.images:
                    ready = self._done.keys() >= set(image.bases)
                    if image.name not in self._started and ready:
                        self._started[image.name] = list(self._builds_of(image))
                for build in self._builds():
                    if build.may_begin:
                        self._submit(build)
            self._wait_for_one()
            self._collect()
        return {image.name: self._done[image.name] for image in self._plan.images}

    def _builds_of(self, image: ImagePlan) -> Iterator[_Build]:
        """Those of an image; what a builder gets once lets them wait for one another."""
        bases = dict(self._done)
        last: dict[tuple[str, str], _Build] = {}
        for planned in image.platforms:
            build = _Build(image=image, planned=planned, bases=bases)
            if shared := self._workshop.shared(image, planned):
                build.after = last.get((planned.builder, shared))
                last[planned.builder, shared] = build
            yield build

    def _submit(self, build: _Build) -> None:
        image, planned, bases, lanes = build.image, build.planned, build.bases, self._lanes
        builder = planned.builder

        def work() -> BuiltPart:
            if lost := lanes.lost(builder):
                raise lost
            return make_part(image, planned, self._workshop, bases, lambda: lanes.begun(builder))

        build.future = lanes.submit(builder, work)

    def _wait_for_one(self) -> None:
        begun = [build.future for build in self._builds() if build.future]
        running = [future for future in begun if not future.done()]
        if running:
            wait(running, return_when=FIRST_COMPLETED)

    def _builds(self) -> Iterator[_Build]:
        """Those of images that are not whole yet."""
        for name, builds in self._started.items():
            if name not in self._done:
                yield from builds

    def _collect(self) -> None:
        """Move the images that are whole to `done`; the first failure is raised at once."""
        for name, builds in self._started.items():
            if name in self._done:
                continue
            ended = tuple(part for build in builds if (part := self._see(build)))
            if len(ended) == len(builds):
                self._done[name] = ended

    def _see(self, build: _Build) -> BuiltPart | None:
        """What came of a build so far; a failure comes out, a lost builder's goes on elsewhere."""
        if build.future is None or not build.future.done():
            return None
        try:
            return build.future.result()
        except BuilderLostError as error:
            planned = successor(build.planned, self._lanes.all_lost)
            if planned is None:
                raise self._stranded(error) from error
            text = f"builder `{error.engine}` was lost ({error.problem}): {build} goes to"
            self._workshop.listen(Warned(text=f"{text} `{planned.builder}`"))
            build.planned = planned
            self._submit(build)
            return None

    def _stranded(self, error: BuilderLostError) -> BuilderLostError:
        """The error with all that only this builder may do and that is not done."""
        stranded = [
            str(build)
            for build in self._builds()
            if build.planned.builder == error.engine
            and not _is_done(build)
            and successor(build.planned, self._lanes.all_lost) is None
        ]
        return BuilderLostError(error.engine, stranded, error.problem, advice=error.advice)


def _is_done(build: _Build) -> bool:
    future = build.future
    return future is not None and future.done() and future.exception() is None
