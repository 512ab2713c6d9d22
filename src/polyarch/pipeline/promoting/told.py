"""What a promotion comes to, image by image."""

from collections.abc import Sequence

from polyarch.pipeline.moving.result import MovedImage
from polyarch.pipeline.promoting.evidence import Evidence
from polyarch.pipeline.promoting.targets import Promotion
from polyarch.transaction.values import Outcome


def moved(
    image: Promotion, proof: Evidence, outcomes: Sequence[Outcome], notes: Sequence[str]
) -> MovedImage:
    """One image, of the outcomes of all; the record that proves it is told first."""
    origin = image.origin
    return MovedImage(
        name=origin.name,
        source=origin.pinned,
        digest=origin.digest,
        platforms=origin.root.images,
        outcomes=tuple(each for each in outcomes if each.image == origin.name),
        carried=image.carried,
        notes=(str(proof), *image.given.notes, *origin.notes, *notes),
        proof=proof.to_json(),
        levels=proof.levels,
    )
