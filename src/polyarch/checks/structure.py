"""Whether an index is whole and says of itself what is true.

Every manifest and config is read and its digest proven, every layer is there in its size, each
child's config names the platform that the index names, and the planned platforms are all there,
each once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, SpecError
from polyarch.findings import Finding, Report, Severity
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation
from polyarch.oci.platform import Platform


@dataclass(slots=True)
class _Counts:
    """What was looked at; each blob counts once."""

    seen: set[Digest] = field(default_factory=set)
    layers: int = 0
    bytes: int = 0
    platforms: int = 0

    def add(self, descriptor: Descriptor, *, layer: bool = False) -> None:
        if descriptor.digest not in self.seen:
            self.seen.add(descriptor.digest)
            self.bytes += descriptor.size
            self.layers += layer


def check_structure(
    store: Fetcher, index: ImageIndex, planned: Sequence[Platform], *, subject: str
) -> Report:
    """Check an index against the platforms that it should have.

    `store` need not hold layers that were taken over by reference; it answers `exists` for them.
    """
    counts = _Counts()
    findings = [
        *_platform_set(index, planned, subject),
        *(f for child in index.images for f in _image(store, child, subject, counts)),
        *_attestations(store, index, subject, counts),
    ]
    return Report(
        subject=subject,
        findings=tuple(findings),
        platforms=counts.platforms,
        layers=counts.layers,
        bytes=counts.bytes,
    )


def _platform_set(
    index: ImageIndex, planned: Sequence[Platform], subject: str
) -> Iterator[Finding]:
    found = Counter(index.platforms)
    for platform in planned:
        if platform not in found:
            yield _error("platform-missing", subject, "it is planned and not there", platform)
    for platform, times in found.items():
        if times > 1:
            text = f"it stands {times} times in the index"
            yield _error("platform-twice", subject, text, platform)
        if platform not in planned:
            yield _error("platform-unplanned", subject, "it is there and not planned", platform)
    for child in index.images:
        if child.platform is None:
            text = f"the child {child.digest.short} names no platform"
            yield _error("platform-unnamed", subject, text)


def _image(store: Fetcher, child: Descriptor, subject: str, counts: _Counts) -> Iterator[Finding]:
    try:
        manifest = ImageManifest.parse(read_small(store, child), child.media_type)
        config = ImageConfig.parse(read_small(store, manifest.config), manifest.config.media_type)
    except (ContentError, SpecError) as error:
        yield _error("unreadable", subject, error.message, child.platform)
        return
    counts.platforms += 1
    counts.add(child)
    counts.add(manifest.config)
    yield from _same_platform(child, config, subject)
    if len(config.diff_ids) != len(manifest.layers):
        text = f"{len(manifest.layers)} layers and {len(config.diff_ids)} diff_ids in its config"
        yield _error("layer-count", subject, text, child.platform)
    for layer in manifest.layers:
        counts.add(layer, layer=True)
        if mediatype.is_distributed(layer.media_type) and not store.exists(layer):
            text = f"the layer {layer.digest} is not there"
            yield _error("layer-missing", subject, text, child.platform)


def _same_platform(child: Descriptor, config: ImageConfig, subject: str) -> Iterator[Finding]:
    if child.platform and config.platform.slug != child.platform.slug:
        text = f"its config says {config.platform}"
        yield _error("platform-mismatch", subject, text, child.platform)


def _attestations(
    store: Fetcher, index: ImageIndex, subject: str, counts: _Counts
) -> Iterator[Finding]:
    of_images = {item.digest for image in index.images for item in index.attestations_of(image)}
    for child in index.manifests:
        if not is_attestation(child):
            continue
        if child.digest not in of_images:
            text = f"the attestation {child.digest.short} is about no image of this index"
            yield _error("attestation-stray", subject, text)
        if not store.exists(child):
            text = f"the attestation {child.digest.short} is not there"
            yield _error("attestation-missing", subject, text)
        counts.add(child)


def _error(code: str, subject: str, message: str, platform: Platform | None = None) -> Finding:
    return Finding(
        code=code, severity=Severity.ERROR, subject=subject, message=message, platform=platform
    )
