"""What a run was to do, read from its `plan.json`: for runs that came to no result."""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.errors import SpecError
from polyarch.oci.fields import decode_object
from polyarch.runs.outcome import MOST_DESTINATIONS, MOST_IMAGES, MOST_PLATFORMS
from polyarch.runs.reading import PLAN, objects_of, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBuild:
    """One platform, and how it was to be built."""

    platform: str
    engine: str
    strategy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImage:
    """One image of a plan, and where it was to go; nowhere where the event does not publish it."""

    name: str
    platforms: tuple[PlannedBuild, ...]
    repositories: tuple[str, ...]


def planned_images(raw: bytes) -> tuple[PlannedImage, ...]:
    """The images of a plan; none where it cannot be read."""
    return tuple(_images(raw))


def _images(raw: bytes) -> Iterator[PlannedImage]:
    try:
        plan = decode_object(raw, PLAN)
    except SpecError:
        return
    for image in objects_of(plan, "images", MOST_IMAGES):
        places = objects_of(image, "destinations", MOST_DESTINATIONS)
        yield PlannedImage(
            name=text_of(image, "name"),
            platforms=tuple(
                PlannedBuild(
                    platform=text_of(each, "platform"),
                    engine=text_of(each, "engine"),
                    strategy=text_of(each, "strategy"),
                )
                for each in objects_of(image, "platforms", MOST_PLATFORMS)
            ),
            repositories=tuple(text_of(each, "repository") for each in places)
            if image.get("publish") is True
            else (),
        )
