"""Looks for what was built from the same inputs: under tags of the project, in its repositories.

Only what this run publishes is looked for. What stands under a tag of a pull request is anybody's,
and so is every repository that is not the image's own: neither is asked.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.config.project import ImageSettings
from polyarch.content.layout import LayoutStore
from polyarch.engines.base import Built
from polyarch.errors import PolyarchError
from polyarch.metadata.tagname import is_valid_tag, sanitise
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG, DigestReference, Repository, TagReference
from polyarch.pipeline.claims import Claim
from polyarch.pipeline.current import Answers
from polyarch.pipeline.keys import Ground, Keys
from polyarch.pipeline.unchanged import Candidate
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Reusable:
    """An image that is published: all of it but its layers, which were seen to be there."""

    reference: DigestReference
    manifest: ImageManifest
    config: ImageConfig
    attestations: tuple[ImageManifest, ...] = ()

    @property
    def seen(self) -> frozenset[Digest]:
        """What was seen to be there."""
        images = (self.manifest, *self.attestations)
        blobs = (blob.digest for image in images for blob in image.blobs)
        return frozenset((*blobs, *(image.descriptor.digest for image in images)))


def tags_of(settings: ImageSettings, ground: Ground) -> tuple[str, ...]:
    """Where an image is looked for, the nearest tag first."""
    event, wording = ground.event, ground.wording
    own = () if event.is_pull_request else wording.names(settings).tags
    branches = (event.branch, event.default_branch or wording.repository.default_branch)
    named = (sanitise(branch) for branch in branches if branch)
    every = (*own, *named, DEFAULT_TAG, settings.cache_tag)
    return tuple(tag for tag in dict.fromkeys(every) if tag and is_valid_tag(tag))


def references_of(settings: ImageSettings, ground: Ground) -> Iterator[tuple[TagReference, ...]]:
    """The tags to ask for, for each of the image's repositories."""
    for repository in settings.repositories:
        yield tuple(repository.tag(tag) for tag in tags_of(settings, ground))


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Looks for all builds of a plan; `told` is what stands under the tags of `references_of`."""

    client: RegistryClient
    ground: Ground
    keys: Keys
    told: Answers

    async def __call__(
        self,
    ) -> tuple[dict[tuple[str, Platform], tuple[Candidate, ...]], dict[str, Reusable]]:
        """The candidates for each build, the nearest first; never raises for a registry."""
        wanted = [key for key in self.keys if key not in self.ground.existing]
        found = await asyncio.gather(*(self._of(*each) for each in wanted))
        reusable = {str(one.reference): one for _, one in found if one}
        return {key: each for key, (each, _) in zip(wanted, found, strict=True)}, reusable

    async def _of(
        self, image: str, platform: Platform
    ) -> tuple[tuple[Candidate, ...], Reusable | None]:
        """The candidates of one build, and the first that has its key and is all there."""
        settings, key = self.ground.project.images[image], self.keys[image, platform]
        found: dict[Digest, Candidate] = {}
        reusable: Reusable | None = None
        for tag, index, entry in self._entries(settings, platform):
            if entry.digest in found:
                continue
            claim, missing = Claim.of(entry), ""
            one: Reusable | str | None = None
            if claim.key == key and reusable is None:
                remote = self.client.repository(tag.repository)
                one = await _proven(remote, index, entry, as_it_is=settings.reuse == "digest")
                reusable = one if isinstance(one, Reusable) else None
                missing = one if isinstance(one, str) else ""
            found[entry.digest] = Candidate(
                claim=claim,
                reuse="digest" if settings.reuse == "digest" else "layers",
                where=f"`{tag}`",
                source=str(tag.repository.at(entry.digest)),
                config=one.config if isinstance(one, Reusable) else None,
                missing=missing,
            )
        return tuple(found.values()), reusable

    def _entries(
        self, settings: ImageSettings, platform: Platform
    ) -> Iterator[tuple[TagReference, ImageIndex, Descriptor]]:
        """What stands for the platform under each tag, in the first repository that has any."""
        for references in references_of(settings, self.ground):
            found = False
            for reference in references:
                index = self.told[reference].manifest if reference in self.told else None
                if not isinstance(index, ImageIndex):
                    continue
                for each in index.images:
                    if each.platform == platform:
                        found = True
                        yield reference, index, each
            if found:
                return


async def _proven(
    remote: RemoteRepository, index: ImageIndex, entry: Descriptor, *, as_it_is: bool
) -> Reusable | str:
    """The image, if all of it is there; else what is not."""
    about = index.attestations_of(entry)
    if about and not as_it_is:
        return "attestations are about its digest, which new labels would change"
    try:
        images = await asyncio.gather(*(_read(remote, each.digest) for each in (entry, *about)))
        configs = await asyncio.gather(*(_whole(remote, each) for each in images))
        manifests = [each for each in images if each]
        if len(manifests) < len(images) or not all(configs) or not configs[0]:
            return "not all of it is there any more"
        config = ImageConfig.parse(configs[0], manifests[0].config.media_type)
    except PolyarchError as error:
        return error.message.partition("\n")[0]
    if config.platform != entry.platform:
        return f"it is an image for {config.platform}"
    return Reusable(
        reference=remote.repository.at(entry.digest),
        manifest=manifests[0],
        config=config,
        attestations=tuple(manifests[1:]),
    )


def take_again(found: Reusable, layout: LayoutStore) -> Built:
    """Lay an image into a layout; its layers are borrowed from where it was found."""
    layout.add(found.config.descriptor.media_type, found.config.raw)
    for each in (found.manifest, *found.attestations):
        layout.add(each.descriptor.media_type, each.raw)
    return Built(
        manifest=found.manifest.descriptor.with_platform(found.config.platform),
        attestations=tuple(each.descriptor for each in found.attestations),
        borrowed=(str(found.reference),),
    )


async def _read(remote: RemoteRepository, digest: Digest) -> ImageManifest | None:
    found = await remote.standing_manifest(digest)
    return found if isinstance(found, ImageManifest) else None


async def _whole(remote: RemoteRepository, image: ImageManifest | None) -> bytes | None:
    """The config's bytes, if the layers are there, too."""
    if image is None:
        return None
    layers = asyncio.gather(*(remote.blob_exists(layer) for layer in image.layers))
    config, there = await asyncio.gather(remote.read_blob(image.config), layers)
    return config if all(there) else None


async def config_of(
    client: RegistryClient, repository: Repository, digest: Digest, platform: Platform
) -> ImageConfig | None:
    """The config of an image, or of that of an index for the platform; None where it is unknown."""
    remote = client.repository(repository)
    try:
        found = await remote.standing_manifest(digest)
        if isinstance(found, ImageIndex):
            entry = found.image_for(platform)
            found = await remote.standing_manifest(entry.digest) if entry else None
        if not isinstance(found, ImageManifest):
            return None
        return ImageConfig.parse(await remote.read_blob(found.config), found.config.media_type)
    except PolyarchError:
        return None
