"""Whether an image is whole and says of itself what is true.

Every manifest and config is read and its digest proven, every layer is there in its size, each
child's config names the platform that the index names; and the planned platforms, where there is a
plan, are all there, each once.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.checks.structure_census import Census, Root, take_census
from polyarch.checks.structure_faults import fault
from polyarch.checks.structure_media import CONFIGS, image_media
from polyarch.checks.structure_platform import compare_platforms
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, SpecError
from polyarch.findings import Finding, Report, Severity
from polyarch.findings.report import joined
from polyarch.oci import annotation, mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform


@dataclass(slots=True)
class Counts:
    """What was looked at; each blob counts once, whichever thread is first."""

    seen: set[Digest] = field(default_factory=set)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, blob: Descriptor) -> int:
        """Its size, or 0 where it was counted before."""
        with self.guard:
            is_new = blob.digest not in self.seen
            self.seen.add(blob.digest)
        return blob.size if is_new else 0


def check_structure(
    store: Fetcher, root: Root, planned: Sequence[Platform] | None = None, *, subject: str
) -> Report:
    """Check an image, against the platforms that it should have where these are planned.

    `store` need not hold layers that were taken over by reference; it answers `exists` for them.

    Raises:
        RegistryError: the store's registry could not be asked.
    """
    census = take_census(store, root, subject=subject)
    counts = Counts()
    reports = [check_image(store, each, counts, subject=subject) for each in census.images]
    told = [*census.findings, *check_platforms(census, planned, subject=subject)]
    whole = joined(
        subject,
        [
            Report(subject=subject, findings=tuple(told)),
            *reports,
            check_attestations(store, census, counts, subject=subject),
        ],
    )
    return explain_sparse(whole, census)


def check_platforms(
    census: Census, planned: Sequence[Platform] | None, *, subject: str
) -> tuple[Finding, ...]:
    """Whether each platform stands there once, and the planned ones are all there and alone."""
    return tuple(_platform_set(census, planned, subject))


def check_image(store: Fetcher, image: Descriptor, counts: Counts, *, subject: str) -> Report:
    """Check the image of one platform: its manifest and config, and that its layers are there."""
    read = _read(store, image, subject)
    if isinstance(read, Finding):
        return Report(subject=subject, findings=(read,))
    manifest, config = read
    findings = [*image_media(manifest, image.platform, subject)]
    size = counts.add(image)
    if config:
        findings += _told_by(config, image, manifest, subject)
        size += counts.add(manifest.config)
    layers = 0
    for layer in dict.fromkeys(manifest.layers):
        added = counts.add(layer)
        size, layers = size + added, layers + bool(added)
        if mediatype.is_distributed(layer.media_type) and not store.exists(layer):
            text = f"the layer {layer.digest} is not there with its {layer.size} bytes"
            findings.append(_error("layer-missing", subject, text, image.platform))
    return Report(
        subject=subject,
        findings=tuple(findings),
        platforms=int(config is not None),
        layers=layers,
        bytes=size,
    )


def check_attestations(store: Fetcher, census: Census, counts: Counts, *, subject: str) -> Report:
    """Whether attestations are there and about images of this index."""
    images = {str(each.digest) for each in census.images}
    findings: list[Finding] = []
    size = 0
    for child in census.attestations:
        if child.annotations.get(annotation.DOCKER_REFERENCE_DIGEST) not in images:
            text = f"the attestation {child.digest.short} is about no image of this index"
            findings.append(_error("attestation-stray", subject, text))
        if store.exists(child):
            size += counts.add(child)
        else:
            text = f"the attestation {child.digest.short} is not there"
            findings.append(_error("attestation-missing", subject, text))
    return Report(subject=subject, findings=tuple(findings), bytes=size)


def explain_sparse(report: Report, census: Census) -> Report:
    """Say so where an index has lost some of its children and not all."""
    missing = [each for each in report.findings if each.code == "manifest-missing"]
    if not missing or len(missing) >= len(census.images):
        return report
    told = Finding(
        code="index-sparse",
        severity=Severity.INFO,
        subject=report.subject,
        message=f"the index names {len(census.images)} images, of which {len(missing)} are not "
        "in this place",
        hint="a copy took some platforms only, or a clean-up deleted untagged manifests; copy it "
        "again from where it is whole",
    )
    return joined(report.subject, [report, Report(subject=report.subject, findings=(told,))])


def _platform_set(
    census: Census, planned: Sequence[Platform] | None, subject: str
) -> Iterator[Finding]:
    found = Counter(census.platforms)
    for platform in planned or ():
        if platform not in found:
            yield _error("platform-missing", subject, "it is planned and not there", platform)
    for platform, times in found.items():
        if times > 1:
            text = f"it stands {times} times in the index"
            yield _error("platform-twice", subject, text, platform)
        if planned is not None and platform not in planned:
            yield _error("platform-unplanned", subject, "it is there and not planned", platform)
    for child in census.images:
        if child.platform is None and child.digest != census.root.descriptor.digest:
            text = f"the child {child.digest.short} names no platform"
            yield _error("platform-unnamed", subject, text)


def _read(
    store: Fetcher, image: Descriptor, subject: str
) -> tuple[ImageManifest, ImageConfig | None] | Finding:
    """The manifest with its config, which an artifact does not have; or why there is none."""
    what = "manifest"
    try:
        manifest = ImageManifest.parse(read_small(store, image), image.media_type)
        if manifest.config.media_type not in CONFIGS:
            return manifest, None
        what = "config"
        raw = read_small(store, manifest.config)
        return manifest, ImageConfig.parse(raw, manifest.config.media_type)
    except (ContentError, SpecError) as error:
        return fault(error, what, subject, image.platform)


def _told_by(
    config: ImageConfig, image: Descriptor, manifest: ImageManifest, subject: str
) -> Iterator[Finding]:
    if image.platform:
        yield from compare_platforms(image.platform, config, subject)
    if len(config.diff_ids) != len(manifest.layers):
        text = f"{len(manifest.layers)} layers and {len(config.diff_ids)} diff_ids in its config"
        yield _error("layer-count", subject, text, image.platform)


def _error(code: str, subject: str, message: str, platform: Platform | None = None) -> Finding:
    return Finding(
        code=code, severity=Severity.ERROR, subject=subject, message=message, platform=platform
    )
