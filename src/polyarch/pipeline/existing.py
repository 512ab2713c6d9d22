"""Images that exist already and stand in for builds: named by the config, by tags, or published.

Nothing is built for such a platform: its manifest is taken as it is, by digest, and proven like one
that was built.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.config.project import ImageSettings, Project
from polyarch.content.layout import LayoutStore
from polyarch.engines.base import Built
from polyarch.errors import ExistingMisfitError, TagNotThereError
from polyarch.events import Listener, Warned
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DigestReference, parse_reference
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository

ENGINE = "existing"
"""What a plan says in the place of an engine, and of a strategy."""

ARCH = "{arch}"

Scope = Mapping[str, Sequence[Platform]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """An image, or an index that holds it, by digest; `reason` says why it is taken.

    `whole`: that index is to be published as it stands.
    """

    reference: DigestReference
    reason: str
    whole: bool = False


ExistingImages = Mapping[tuple[str, Platform], Existing]
"""By image and platform."""


def pinned(project: Project, scope: Scope) -> dict[tuple[str, Platform], Existing]:
    """What the config names with `from`."""
    found: dict[tuple[str, Platform], Existing] = {}
    for name, platforms in scope.items():
        for platform in platforms:
            text = project.images[name].for_platform(platform).source
            reference = parse_reference(text) if text else None
            if isinstance(reference, DigestReference):
                why = "polyarch.toml takes this image in place of a build"
                found[name, platform] = Existing(reference=reference, reason=why)
    return found


async def tagged(
    client: RegistryClient, project: Project, scope: Scope, pattern: str, listen: Listener
) -> dict[tuple[str, Platform], Existing]:
    """The images of single platforms that stand under tags such as `latest-{arch}`.

    They are looked for in the first repository of each image, under every word that tags have for a
    platform; of several the first counts, and that is told where they are not one image.

    Raises:
        TagNotThereError: a platform has none.
        RegistryError: a registry did not say.
    """
    wanted = [(project.images[name], platform) for name in scope for platform in scope[name]]
    asked = (_tagged(client, *each, pattern, listen) for each in wanted)
    found: dict[tuple[str, Platform], Existing] = {}
    ended = await asyncio.gather(*asked, return_exceptions=True)
    for (image, platform), each in zip(wanted, ended, strict=True):
        if isinstance(each, BaseException):
            raise each  # the first in the project's order, whichever came first
        found[image.name, platform] = each
    return found


async def _tagged(
    client: RegistryClient,
    image: ImageSettings,
    platform: Platform,
    pattern: str,
    listen: Listener,
) -> Existing:
    tags = [pattern.replace(ARCH, word) for word in platform.words]
    if not image.repositories:
        raise TagNotThereError(image.name, str(platform), "(no repository)", tags)
    repository = image.repositories[0]
    remote = client.repository(repository)
    heads = await asyncio.gather(*(remote.head(tag) for tag in tags))
    standing = [(tag, head.digest) for tag, head in zip(tags, heads, strict=True) if head]
    if not standing:
        raise TagNotThereError(image.name, str(platform), str(repository), tags)
    tag, digest = standing[0]
    for other, differs in standing[1:]:
        if differs != digest:
            text = f"{image.name} {platform}: `{tag}` is taken; `{other}` is another image"
            listen(Warned(text=text))
    return Existing(reference=repository.at(digest), reason=f"stands under the tag `{tag}`")


async def take(
    remote: RemoteRepository, taken: Existing, platform: Platform, layout: LayoutStore
) -> Built:
    """Bring manifest, config and attestations of one platform into a layout; layers are borrowed.

    Raises:
        ExistingMisfitError: it is for another platform, whatever its tag says.
        RegistryError, ContentError: it cannot be had.
    """
    reference = taken.reference
    manifest, attestations = await _find(remote, taken, platform)
    config = await remote.read_blob(manifest.config)
    has = ImageConfig.parse(config, manifest.config.media_type).platform
    if (has.os, has.architecture, has.variant) != (
        platform.os, platform.architecture, platform.variant,
    ):  # fmt: skip
        raise _misfit(taken, platform, (has,))
    layout.add(manifest.config.media_type, config)
    layout.add(manifest.descriptor.media_type, manifest.raw)
    for each in attestations:
        about = await remote.get_manifest(each.digest)
        layout.add(about.descriptor.media_type, about.raw)
    return Built(
        manifest=replace(manifest.descriptor, platform=has),
        attestations=tuple(each.bare() for each in attestations),
        borrowed=(str(reference.repository.at(manifest.descriptor.digest)),),
    )


async def _find(
    remote: RemoteRepository, taken: Existing, platform: Platform
) -> tuple[ImageManifest, tuple[Descriptor, ...]]:
    found = await remote.get_manifest(taken.reference.digest)
    if isinstance(found, ImageManifest):
        return found, ()
    child = next((each for each in found.images if each.platform == platform), None)
    if child is None:
        raise _misfit(taken, platform, found.platforms)
    manifest = await remote.get_manifest(child.digest)
    if isinstance(manifest, ImageIndex):
        raise _misfit(taken, platform, ())
    return manifest, found.attestations_of(child)


def _misfit(taken: Existing, platform: Platform, has: Sequence[Platform]) -> ExistingMisfitError:
    names = [str(each) for each in has]
    return ExistingMisfitError(str(taken.reference), str(platform), names, why=taken.reason)
