"""Artifacts about an image: found where it is copied from, carried to where that is possible.

What a registry does not take of them is told, and does not fail the copy of the image.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.content.entries import CONTAINERD_NAME
from polyarch.content.graph import walk
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, PolyarchError, SpecError
from polyarch.events import Listener, Warned
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import Repository
from polyarch.pipeline.copy_choice import Root
from polyarch.pipeline.copy_result import Carried
from polyarch.pipeline.copy_source import Source
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.body import Body
from polyarch.registry.referrers import entry_of
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.hold import ARTIFACT as HOLD

MAX_REFERRERS = 1000
_MAX_DEPTH = 3
"""A signature of an SBOM of an image; deeper than that nobody looks."""

_EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
_NAMES = (annotation.REF_NAME, CONTAINERD_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrer:
    """An artifact and the manifest that it is about."""

    manifest: Root
    subject: Digest

    @property
    def entry(self) -> Descriptor:
        """How a layout lists it: never under a name, whatever it says of itself."""
        entry = entry_of(self.manifest)
        kept = {key: text for key, text in entry.annotations.items() if key not in _NAMES}
        return replace(entry, annotations=kept)

    def told(self, reason: str = "") -> Carried:
        """What became of it."""
        return Carried(
            digest=self.manifest.descriptor.digest,
            kind=self.entry.artifact_type,
            subject=self.subject,
            reason=reason,
        )


def find_referrers(
    source: Source,
    root: Root,
    registries: BlockingRegistries,
    listen: Listener,
    *,
    holds: bool = False,
) -> tuple[Referrer, ...]:
    """All artifacts about what is copied of an image, and about these artifacts.

    `holds`: those that say why tags were put back to it, too. They say nothing of other places.
    A source that cannot be asked has none; that is warned of.
    """
    found: dict[Digest, Referrer] = {}
    try:
        _find(source, root, registries, found)
    except PolyarchError as error:
        told = error.message.partition("\n")[0]
        listen(Warned(text=f"{source.place.name}: no signature or SBOM is looked for: {told}"))
    return tuple(found.values())[:MAX_REFERRERS] if holds else _carried(found)


def every_referrer(
    source: Source, root: Root, registries: BlockingRegistries
) -> tuple[Referrer, ...]:
    """The same where none may be left behind.

    Raises:
        RegistryError: the source did not say.
    """
    found: dict[Digest, Referrer] = {}
    _find(source, root, registries, found)
    return _carried(found)


def _carried(found: Mapping[Digest, Referrer]) -> tuple[Referrer, ...]:
    """Those that say something of other places as well."""
    return tuple(each for each in found.values() if not _is_hold(each))[:MAX_REFERRERS]


def _find(
    source: Source, root: Root, registries: BlockingRegistries, found: dict[Digest, Referrer]
) -> None:
    """Add what is found, in the order in which it is listed."""
    images = root.images if isinstance(root, ImageIndex) else ()
    subjects = [root.descriptor.digest, *(child.digest for child in images)]
    for _ in range(_MAX_DEPTH):
        listed = [each for each in _about(source, subjects, registries) if each]
        new = {each.manifest.descriptor.digest: each for each in listed}
        subjects = [digest for digest in new if digest not in found]
        found |= new
        if not subjects or len(found) >= MAX_REFERRERS:
            break


def _is_hold(referrer: Referrer) -> bool:
    return referrer.entry.artifact_type == HOLD


async def carry(
    remote: RemoteRepository,
    referrers: Sequence[Referrer],
    store: Fetcher,
    mount_from: Sequence[Repository],
    *,
    told_only: type[PolyarchError] | tuple[type[PolyarchError], ...] = PolyarchError,
) -> tuple[Carried, ...]:
    """Bring artifacts to a repository that holds what they are about; one value each.

    Errors of `told_only` are told there.

    Raises:
        PolyarchError: one of another kind.
    """
    told: list[Carried] = []
    for referrer in referrers:
        if _has_empty_config(referrer.manifest) and not remote.profile.empty_config:
            reason = f"{remote.profile.title} takes no manifest whose config is empty"
            told.append(referrer.told(reason))
            continue
        try:
            await bring_below(remote, referrer.manifest, store, mount_from)
            await remote.push_referrer(referrer.manifest)
        except told_only as error:
            told.append(referrer.told(error.message.partition("\n")[0]))
        else:
            told.append(referrer.told())
    return tuple(told)


async def bring_below(
    remote: RemoteRepository, manifest: Root, store: Fetcher, mount_from: Sequence[Repository]
) -> None:
    """Bring a repository all that an artifact consists of, but for its own manifest.

    Raises:
        RegistryError, ContentError, SpecError: it cannot be had, or is not taken.
    """
    nodes = await asyncio.to_thread(lambda: list(walk(store, manifest.descriptor)))
    for node in nodes[:-1]:
        if mediatype.is_index(node.media_type) or mediatype.is_manifest(node.media_type):
            raw = await asyncio.to_thread(read_small, store, node)
            await remote.put_manifest(parse_any(raw, node.media_type))
        else:
            await remote.push_blob(node.bare(), _body(store, node), mount_from=mount_from)


def _body(store: Fetcher, blob: Descriptor) -> Body:
    return Body(size=blob.size, open=lambda offset: store.open(blob, offset))


def _about(
    source: Source, subjects: Sequence[Digest], registries: BlockingRegistries
) -> Iterator[Referrer | None]:
    if source.repository is None:
        yield from (_read(source, subjects, each) for each in source.listed[:MAX_REFERRERS])
        return
    remote = registries.remote(source.repository)

    async def ask() -> list[Descriptor]:
        lists = await asyncio.gather(*(remote.referrers(subject) for subject in subjects))
        return [entry for each in lists for entry in each.entries]

    for entry in registries.run(ask()):
        yield _read(source, subjects, entry)


def _read(source: Source, subjects: Sequence[Digest], entry: Descriptor) -> Referrer | None:
    """What is listed, if it is about one of these; what is absent or damaged is about none."""
    try:
        manifest = parse_any(read_small(source.store, entry), entry.media_type)
    except (ContentError, SpecError):
        return None
    about = manifest.subject
    if about is None or about.digest not in subjects:
        return None
    return Referrer(manifest=manifest, subject=about.digest)


def _has_empty_config(manifest: Root) -> bool:
    return isinstance(manifest, ImageManifest) and manifest.config.media_type == _EMPTY_CONFIG
