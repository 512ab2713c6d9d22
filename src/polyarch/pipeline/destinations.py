"""The registries that a run publishes to, from synchronous code, on one event loop."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from polyarch.events import Listener
from polyarch.oci.reference import Repository
from polyarch.pipeline.job import Job, ProvenImage, borrowed
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.rehearsal import rehearsal
from polyarch.registry.client import RegistryClient
from polyarch.transaction.run import check_logins, publish
from polyarch.transaction.values import OnRegistryFailure, Outcome, Submission, Target


class Destinations:
    """Takes images to where they go; an interrupt ends what is under way as `transaction` says."""

    def __init__(self, runner: asyncio.Runner, client: RegistryClient, listen: Listener) -> None:
        self._runner = runner
        self._client = client
        self._listen = listen

    def check_logins(self, images: Sequence[ImagePlan]) -> tuple[Outcome, ...]:
        """See that every destination takes pushes; one outcome each."""
        targets = [(image.name, target) for image in images for target in _targets(image)]
        return self._runner.run(check_logins(targets, self._client, self._listen))

    def publish(
        self, images: Sequence[ProvenImage], policy: OnRegistryFailure
    ) -> tuple[Outcome, ...]:
        """Publish all images as one transaction; one outcome for each destination of each."""
        submissions = [
            Submission(
                name=image.plan.name,
                index=image.index,
                source=image.source,
                targets=_targets(image.plan),
                mount_from=tuple(Repository.parse(name) for name in borrowed(image)),
            )
            for image in images
        ]
        work = publish(submissions, self._client, self._listen, on_failure=policy)
        return self._runner.run(work)


@contextmanager
def destinations(work: Job, images: Sequence[ImagePlan]) -> Iterator[Destinations]:
    """Reach the destinations of these images: the real ones, or with `--sandbox` stand-ins.

    Raises:
        StorageError: the stand-ins cannot be made.
    """
    with ExitStack() as stack:
        make_client = work.prepared.reach.client
        if work.prepared.ask.sandbox:
            repositories = [target.repository for image in images for target in _targets(image)]
            make_client = stack.enter_context(rehearsal(repositories, work.world)).client
        runner = stack.enter_context(asyncio.Runner())
        client = make_client()
        stack.callback(lambda: runner.run(client.close()))
        yield Destinations(runner, client, work.world.listen)


def _targets(image: ImagePlan) -> tuple[Target, ...]:
    return tuple(
        Target(repository=destination.repository, tags=image.tags)
        for destination in image.destinations
    )
