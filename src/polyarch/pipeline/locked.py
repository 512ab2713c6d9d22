"""What a project's lock means for one plan: names that are pinned, that moved, that it lacks."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.config.project import Project
from polyarch.errors import InvalidReferenceError, PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DigestReference, TagReference, parse_reference
from polyarch.pipeline.base_digests import Names
from polyarch.pipeline.base_names import frontend_of
from polyarch.pipeline.lock import LOCK_FILE, Lock, pins
from polyarch.pipeline.material import Sources
from polyarch.registry.client import RegistryClient

PATIENCE_S = 10.0
"""For one name: whether a tag has moved on is good to know, and no more."""

UPDATE = "polyarch doctor --update-lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """`pins` are the names of a lock, each as it is taken; empty without a lock."""

    lock: Lock | None = None
    pins: Mapping[str, DigestReference] = field(default_factory=dict)

    @classmethod
    def of(cls, lock: Lock | None) -> "Locked":
        """What a lock pins."""
        return cls(lock=lock, pins=pins(lock))

    def names(self, wanted: Names) -> Names:
        """The names to ask for; one that is pinned is asked by its digest."""
        return tuple(str(self.pins[name]) if name in self.pins else name for name in wanted)

    def told(self, wanted: Iterable[str], today: Mapping[str, Digest]) -> Iterator[str]:
        """A line for each name that a plan takes and that is not as in the lock.

        `today` are the digests of tags now, as far as they were asked.
        """
        if self.lock is None:
            return
        for name in dict.fromkeys(wanted):
            pin, now = self.pins.get(name), today.get(name)
            if pin is None:
                yield f"`{name}` is not in {LOCK_FILE}: `{UPDATE} {name}` pins it"
            elif now and now != pin.digest:
                yield (
                    f"`{name}` has moved on to {now.short}, and {LOCK_FILE} has {pin.digest.short}:"
                    f" `{UPDATE} {name}` takes it"
                )


async def ask_today(client: RegistryClient, names: Iterable[str]) -> dict[str, Digest]:
    """The digests that tags have now; those are absent of which nobody said anything."""
    wanted = tuple(dict.fromkeys(names))
    answers = await asyncio.gather(*(_today(client, name) for name in wanted))
    return {name: each for name, each in zip(wanted, answers, strict=True) if each}


async def _today(client: RegistryClient, name: str) -> Digest | None:
    reference = parse_reference(name)
    if not isinstance(reference, TagReference):
        return None
    try:
        async with asyncio.timeout(PATIENCE_S):
            found = await client.repository(reference.repository).head(reference.tag)
    except (PolyarchError, TimeoutError):
        return None
    return found.digest if found else None


def lockable(
    project: Project, scope: Mapping[str, Sequence[Platform]], sources: Sources
) -> tuple[dict[str, Platform], dict[str, Platform]]:
    """The images and the frontends that builds take by a tag, with a platform that is taken."""
    images: dict[str, Platform] = {}
    frontends: dict[str, Platform] = {}
    for image, platforms in scope.items():
        for platform in platforms:
            source = sources[image, platform]
            for each in source.outside:
                if has_tag(each.reference):
                    images.setdefault(each.reference, each.platform)
            frontend = frontend_of(source, project.images[image].for_platform(platform))
            if has_tag(frontend):
                frontends.setdefault(frontend, platform)
    return images, frontends


def has_tag(text: str) -> bool:
    """Whether it is a reference by a tag, which may be another image tomorrow."""
    try:
        return isinstance(parse_reference(text), TagReference)
    except InvalidReferenceError:
        return False
