"""The registries that a run publishes to, from synchronous code, on one event loop."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from polyarch.oci.reference import Repository
from polyarch.pipeline.job import Job, ProvenImage, borrowed
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.prepare import Prepared
from polyarch.pipeline.reached import Reached, places_of, reached
from polyarch.pipeline.targets import targets_of
from polyarch.transaction.journal import Journal
from polyarch.transaction.logins import check_logins
from polyarch.transaction.run import publish
from polyarch.transaction.values import OnRegistryFailure, Options, Outcome, Submission


class Destinations:
    """Takes images to where they go; an interrupt ends what is under way as `transaction` says."""

    def __init__(self, there: Reached, prepared: Prepared) -> None:
        self.reached = there
        self.store = there.store
        self._runner = there.runner
        self._client = there.client
        self._prepared = prepared

    def check_logins(self, images: Sequence[ImagePlan]) -> tuple[Outcome, ...]:
        """See that every destination takes pushes; one outcome each."""
        targets = [
            (image.name, target) for image in images for target in targets_of(image, self._prepared)
        ]
        return self._runner.run(check_logins(targets, self._client, self._prepared.world.listen))

    def publish(
        self,
        images: Sequence[ProvenImage],
        policy: OnRegistryFailure,
        options: Options,
        journal: Journal,
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
                    for target in targets_of(image.plan, self._prepared, image, self._client)
                    if (image.plan.name, target.repository) not in without
                ),
                mount_from=tuple(Repository.parse(name) for name in borrowed(image)),
            )
            for image in images
        ]
        work = publish(
            submissions,
            self._client,
            self._prepared.world.listen,
            on_failure=policy,
            options=options,
            journal=journal,
        )
        return self._runner.run(work)


@contextmanager
def destinations(work: Job, images: Sequence[ImagePlan]) -> Iterator[Destinations]:
    """Reach the destinations of these images: the real ones, or with `--sandbox` stand-ins.

    Raises:
        StorageError: the stand-ins cannot be made.
    """
    project = work.prepared.project
    with reached(work, [each for image in images for each in places_of(project, image)]) as there:
        yield Destinations(there, work.prepared)
