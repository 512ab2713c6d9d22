"""The registries that a run publishes to, from synchronous code, on one event loop."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import current_of
from polyarch.pipeline.guard import judge, ours
from polyarch.pipeline.job import Job, ProvenImage, borrowed
from polyarch.pipeline.plan import Action, ImagePlan
from polyarch.pipeline.prepare import Prepared
from polyarch.pipeline.reached import Reached, places_of, reached
from polyarch.transaction.run import check_logins, publish
from polyarch.transaction.values import (
    Guard,
    OnRegistryFailure,
    Outcome,
    Submission,
    Target,
    Verdict,
)

_MAY: Mapping[Action, Literal["move", "keep", "refuse"]] = {
    Action.CREATE: "move",
    Action.MOVE: "move",
    Action.KEEP: "keep",
}


class Destinations:
    """Takes images to where they go; an interrupt ends what is under way as `transaction` says."""

    def __init__(self, there: Reached, prepared: Prepared) -> None:
        self.store = there.store
        self._runner = there.runner
        self._client = there.client
        self._prepared = prepared

    def check_logins(self, images: Sequence[ImagePlan]) -> tuple[Outcome, ...]:
        """See that every destination takes pushes; one outcome each."""
        targets = [(image.name, target) for image in images for target in self._targets(image)]
        return self._runner.run(check_logins(targets, self._client, self._prepared.world.listen))

    def publish(
        self,
        images: Sequence[ProvenImage],
        policy: OnRegistryFailure,
        *,
        without: Collection[tuple[str, Repository]] = (),
    ) -> tuple[Outcome, ...]:
        """Publish all images as one transaction; one outcome for each destination of each.

        Those of `without`, by image and repository, are left out.
        """
        submissions = [
            Submission(
                name=image.plan.name,
                root=image.index,
                source=image.source,
                targets=tuple(
                    target
                    for target in self._targets(image.plan)
                    if (image.plan.name, target.repository) not in without
                ),
                mount_from=tuple(Repository.parse(name) for name in borrowed(image)),
            )
            for image in images
        ]
        work = publish(submissions, self._client, self._prepared.world.listen, on_failure=policy)
        return self._runner.run(work)

    def _targets(self, image: ImagePlan) -> tuple[Target, ...]:
        guard = _guard(image, self._prepared)
        return tuple(
            Target(repository=destination.repository, tags=image.tags, guard=guard)
            for destination in image.destinations
        )


@contextmanager
def destinations(work: Job, images: Sequence[ImagePlan]) -> Iterator[Destinations]:
    """Reach the destinations of these images: the real ones, or with `--sandbox` stand-ins.

    Raises:
        StorageError: the stand-ins cannot be made.
    """
    project = work.prepared.project
    with reached(work, [each for image in images for each in places_of(project, image)]) as there:
        yield Destinations(there, work.prepared)


def _guard(image: ImagePlan, prepared: Prepared) -> Guard:
    """The tag policy as the transaction asks it: what was planned may not hold any more."""
    settings = prepared.project.images[image.name]
    names = prepared.facts.wording.names(settings)
    mine = ours(names, prepared.event)

    def guard(tag: str, standing: ImageIndex | ImageManifest | None) -> Verdict:
        current = current_of(standing)
        judgement = judge(
            names.version.kinds[tag],
            mine,
            current,
            policy=settings.tag_policy,
            descends=prepared.ancestry.descends(current.revision) if current.revision else None,
        )
        return Verdict(may=_MAY.get(judgement.action, "refuse"), reason=judgement.reason)

    return guard
