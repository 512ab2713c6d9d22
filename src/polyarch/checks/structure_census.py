"""Which images an index has: nested indexes opened, attestations told from images.

Nothing but indexes is read, and of an image that stands alone its config, because nothing else says
which platform it is for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from polyarch.checks.structure_faults import fault
from polyarch.checks.structure_media import CONFIGS, index_media
from polyarch.checks.structure_platform import written_oddly
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, SpecError
from polyarch.findings import Finding, Severity
from polyarch.oci import annotation, mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject, decode_object, object_list
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation
from polyarch.oci.platform import UNKNOWN, Platform, nearest

MAX_DEPTH = 8
MAX_INDEXES = 64
"""Of nested indexes; whatever has more is not an image of anybody's."""

Root = ImageIndex | ImageManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The images below a root in order, each with its platform where one is named.

    `attestations` are the children of indexes that are about images.
    """

    root: Root
    images: tuple[Descriptor, ...]
    attestations: tuple[Descriptor, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that are named, in order."""
        return tuple(each.platform for each in self.images if each.platform)

    def image_for(self, platform: Platform) -> Descriptor | None:
        """The image to run on `platform`: its own, else the nearest older variant's."""
        found = nearest([_plain(each) for each in self.platforms], platform)
        for each in self.images:
            if found and each.platform and _plain(each.platform) == found:
                return each
        return None


def take_census(store: Fetcher, root: Root, *, subject: str) -> Census:
    """Find the images of a root.

    Raises:
        RegistryError: the store's registry could not be asked.
    """
    if isinstance(root, ImageManifest):
        return _single(store, root, subject)
    taking = _Taking(store=store, subject=subject)
    taking.index(root, 0)
    findings = [*taking.findings, *_explained(taking, subject)]
    return Census(
        root=root,
        images=tuple(taking.images),
        attestations=tuple(taking.attestations),
        findings=tuple(findings),
    )


@dataclass(slots=True, kw_only=True)
class _Taking:
    store: Fetcher
    subject: str
    images: list[Descriptor] = field(default_factory=list)
    attestations: list[Descriptor] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seen: set[Digest] = field(default_factory=set)

    def index(self, index: ImageIndex, depth: int) -> None:
        """Take the children of one index."""
        self.seen.add(index.descriptor.digest)
        self.findings += index_media(index, self.subject)
        for child, written in zip(index.manifests, _written(index), strict=True):
            if is_attestation(child):
                self.attestations.append(child)
            elif mediatype.is_index(child.media_type):
                self._nested(child, depth + 1)
            elif mediatype.is_manifest(child.media_type) and not child.artifact_type:
                self._image(child, written)
            else:
                kind = child.artifact_type or child.media_type
                text = f"the child {child.digest.short} is `{kind}`, and no image"
                self.findings.append(self._found("child-not-an-image", text, Severity.INFO))

    def _image(self, child: Descriptor, written: JsonObject | None) -> None:
        if child.platform and _plain(child.platform) == UNKNOWN:
            text = (
                f"the child {child.digest.short} says `unknown/unknown` and not what it is about: "
                "no machine takes it"
            )
            hint = (
                "attestations of BuildKit look like this and say so in an annotation; this does not"
            )
            self.findings.append(self._found("platform-unknown", text, Severity.WARNING, hint))
            return
        others = [each.platform for each in self.images if each.digest == child.digest]
        if others and child.platform not in others:
            text = f"one image, {child.digest.short}, stands there for {child.platform} and others"
            self.findings.append(self._found("child-repeated", text, Severity.WARNING))
        if child.platform and written is not None:
            self.findings += written_oddly(child.platform, written, self.subject)
        self.images.append(child)

    def _nested(self, child: Descriptor, depth: int) -> None:
        if child.digest in self.seen:
            text = f"the index {child.digest.short} stands there more than once"
            self.findings.append(self._found("child-repeated", text, Severity.WARNING))
            return
        if depth > MAX_DEPTH or len(self.seen) > MAX_INDEXES:
            text = "indexes stand in each other deeper or more often than any image needs"
            self.findings.append(self._found("index-too-deep", text, Severity.ERROR))
            return
        text = f"the child {child.digest.short} is an index itself: some runtimes do not look in it"
        self.findings.append(self._found("index-nested", text, Severity.WARNING))
        try:
            nested = ImageIndex.parse(read_small(self.store, child), child.media_type)
        except (ContentError, SpecError) as error:
            self.findings.append(fault(error, "index", self.subject, child.platform))
            return
        self.index(nested, depth)

    def _found(self, code: str, text: str, severity: Severity, hint: str = "") -> Finding:
        return Finding(code=code, severity=severity, subject=self.subject, message=text, hint=hint)


def _single(store: Fetcher, root: ImageManifest, subject: str) -> Census:
    if root.config.media_type not in CONFIGS:
        return Census(root=root, images=(root.descriptor,))
    try:
        raw = read_small(store, root.config)
        config = ImageConfig.parse(raw, root.config.media_type)
    except (ContentError, SpecError) as error:
        found = fault(error, "config", subject, None)
        return Census(root=root, images=(root.descriptor,), findings=(found,))
    own = config.platform
    told = Finding(
        code="no-index",
        severity=Severity.INFO,
        subject=subject,
        platform=own,
        message="it is one image and no index: every machine gets this one",
    )
    odd = written_oddly(own, decode_object(raw, "image config"), subject)
    image = root.descriptor.with_platform(own)
    return Census(root=root, images=(image,), findings=(told, *odd))


def _explained(taking: _Taking, subject: str) -> Iterator[Finding]:
    """What the entries are that show as `unknown/unknown` in other programs."""
    if not taking.attestations:
        return
    about = {
        each.annotations.get(annotation.DOCKER_REFERENCE_DIGEST) for each in taking.attestations
    }
    named = [str(each.platform) for each in taking.images if str(each.digest) in about]
    count = len(taking.attestations)
    entries = "entry that says" if count == 1 else "entries that say"
    are = "is an attestation" if count == 1 else "are attestations"
    of = f" about {', '.join(dict.fromkeys(named))}" if named else ""
    yield Finding(
        code="attestations",
        severity=Severity.INFO,
        subject=subject,
        message=f"{count} {entries} `unknown/unknown` {are}{of}, and no platform",
    )


def _written(index: ImageIndex) -> Iterable[JsonObject | None]:
    """The `platform` objects as they were written."""
    listed = object_list(decode_object(index.raw, "image index"), "manifests", "image index")
    return (item.get("platform") for item in listed)


def _plain(platform: Platform) -> Platform:
    """Without what only Windows images have: nobody asks for that."""
    return replace(platform, os_version="", os_features=())
