"""What images outside stand for now: for each name that builds take, a digest for each platform.

They are asked before anything is decided, because they are inputs; the builds then take exactly
these. What a registry does not say stays unknown: it is told, and nothing fails by it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.events import Listener, Note
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DigestReference, Reference, parse_reference
from polyarch.pipeline.claims import Claim
from polyarch.registry.client import RegistryClient

PATIENCE_S = 15.0
"""For all tries of one name together: builds can do without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a name stands for: `pinned` as engines take it, `manifest` that of one platform.

    `claim` is what its index says of that manifest.
    """

    pinned: DigestReference
    manifest: Digest
    claim: Claim


Names = tuple[str, ...]
"""Names of one image, of which the first that exists is meant."""

Bases = Mapping[tuple[Names, Platform], Resolved]
"""By names and the platform that is taken; those are absent of which nobody said anything."""


async def ask_bases(
    client: RegistryClient,
    wanted: Iterable[tuple[Names, Platform]],
    listen: Listener,
    meant: Callable[[Names], Names] = lambda names: names,
) -> Bases:
    """Ask for all names at once, for each only once; never raises for a registry.

    `meant` gives the names to ask for in the place of others, such as those that are pinned.
    """
    platforms: dict[Names, dict[Platform, None]] = {}
    for names, platform in wanted:
        platforms.setdefault(names, {})[platform] = None
    asked = await asyncio.gather(*(_ask(client, meant(names)) for names in platforms))
    found: dict[tuple[Names, Platform], Resolved] = {}
    for (names, taken), answer in zip(platforms.items(), asked, strict=True):
        if isinstance(answer, str):
            listen(Note(text=f"what `{names[0]}` stands for now is not known: {answer}"))
            continue
        for platform in taken:
            found.update(_chosen(names, platform, *answer))
    return found


async def _ask(
    client: RegistryClient, names: Names
) -> tuple[Reference, ImageManifest | ImageIndex] | str:
    """The first of the names that exists, or why none is known."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            for name in names:
                reference = parse_reference(name)
                found = await _read(client, reference)
                if found:
                    return reference, found
    except TimeoutError:
        return f"its registry gave no answer within {PATIENCE_S:g} s"
    except PolyarchError as error:
        return error.message.partition("\n")[0]
    return "it does not exist"


async def _read(client: RegistryClient, reference: Reference) -> ImageManifest | ImageIndex | None:
    remote = client.repository(reference.repository)
    if isinstance(reference, DigestReference):
        named = Descriptor(media_type="", digest=reference.digest, size=0)
        return await remote.known_manifest(named)
    return await remote.standing_manifest(reference.tag)


def _chosen(
    names: Names, platform: Platform, reference: Reference, found: ImageManifest | ImageIndex
) -> Iterator[tuple[tuple[Names, Platform], Resolved]]:
    entry = found.image_for(platform) if isinstance(found, ImageIndex) else found.descriptor
    if entry is not None:  # else the build tells that there is none
        pinned = reference.repository.at(found.descriptor.digest)
        yield (
            (names, platform),
            Resolved(pinned=pinned, manifest=entry.digest, claim=Claim.of(entry)),
        )
