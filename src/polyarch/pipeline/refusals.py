"""Destinations that a plan rules out: a tag must not move there, or nobody knows what it has."""

from collections.abc import Iterator, Sequence

from polyarch.errors import PolyarchError, TagRefusedError
from polyarch.events import DestinationFailed, Listener
from polyarch.oci.reference import Repository
from polyarch.pipeline.plan import Action, ImagePlan, PlannedDestination
from polyarch.transaction.values import Outcome, Status

Key = tuple[str, Repository]


def key_of(outcome: Outcome) -> Key:
    """The image and the repository that an outcome is about."""
    return outcome.image, outcome.repository


def refusals(images: Sequence[ImagePlan], listen: Listener) -> dict[Key, Outcome]:
    """The failed outcome of each destination that must not be published to, by image and place."""
    found: dict[Key, Outcome] = {}
    for image in images:
        for destination in image.destinations:
            error = next(_errors(destination), None)
            if error is None:
                continue
            repository = destination.repository
            listen(DestinationFailed(repository=str(repository), reason=error.message))
            found[image.name, repository] = Outcome(
                image=image.name,
                repository=repository,
                status=Status.FAILED,
                digest=None,
                tags=(),
                error=error,
            )
    return found


def _errors(destination: PlannedDestination) -> Iterator[PolyarchError]:
    for planned in destination.tags:
        if planned.action is Action.REFUSE:
            tag = str(destination.repository.tag(planned.tag))
            yield TagRefusedError(tag, planned.reason)
        elif planned.current.error:
            yield planned.current.error
