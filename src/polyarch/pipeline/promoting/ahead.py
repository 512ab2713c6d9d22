"""What is known of a promotion before it begins: which tags clash, and what becomes of each."""

from collections.abc import Sequence

from polyarch.errors import TagCollisionError
from polyarch.oci.reference import TagReference
from polyarch.pipeline.current import ask_current, with_holds
from polyarch.pipeline.plan import Action, Current
from polyarch.pipeline.promoting.targets import Promotion
from polyarch.registry.client import RegistryClient
from polyarch.transaction.hold import Holds

_WORDS = {
    Action.CREATE: "would be created",
    Action.MOVE: "would move",
    Action.KEEP: "would be kept",
    Action.REFUSE: "would be refused",
    Action.UNKNOWN: "is not known",
}


def refuse_collisions(images: Sequence[Promotion]) -> None:
    """Two images under one tag would overwrite each other.

    Raises:
        TagCollisionError: as the config has it, they would.
    """
    owners: dict[TagReference, str] = {}
    for image in images:
        for repository in image.settings.repositories:
            for tag in (*image.given.tags, *image.given.aliases):
                reference, name = repository.tag(tag), image.origin.name
                if owners.setdefault(reference, name) != name:
                    raise TagCollisionError(str(reference), owners[reference], name)


async def foreseen(image: Promotion, client: RegistryClient, holds: Holds) -> tuple[str, ...]:
    """A line for each tag at each destination."""
    places = image.settings.repositories
    tags = [repository.tag(tag) for repository in places for tag in image.given.tags]
    current = await with_holds(client, await ask_current(client, tags), holds)
    return tuple(f"{tag}: {_line(image, tag.tag, found)}" for tag, found in current.items())


def _line(image: Promotion, tag: str, current: Current) -> str:
    if current.digest == image.origin.digest:
        return "has it already"
    judged = image.judgement(tag, current)
    why = judged.reason or current.reason
    return f"{_WORDS[judged.action]}: {why}" if why else _WORDS[judged.action]
