"""Whether the image of one platform holds what runs there, by reading its files alone.

Every layer is streamed once, nothing is unpacked to a disk and no program is started: what an
emulator would hide is seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from polyarch.checks.allow import NONE, Allowances
from polyarch.checks.bounds import DEFAULT_BOUNDS, Bounds
from polyarch.checks.chain import Chain
from polyarch.checks.filesystem import Filesystem
from polyarch.checks.judging import Judge
from polyarch.checks.memory import LayerMemory
from polyarch.checks.origin import Origins
from polyarch.checks.told import Teller
from polyarch.checks.unpacking import Unpacking
from polyarch.checks.windows import WINDOWS
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, LayerBoundsError, SpecError
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

_ORDER = list(Severity)


@dataclass(slots=True)
class _Image:
    manifest: ImageManifest
    config: ImageConfig
    unpacking: Unpacking
    allow: Allowances

    def findings(self) -> Iterator[Finding]:
        layers = self.manifest.layers
        yield from self.unpacking.findings(layers, self.config.diff_ids)
        files, tell = self.unpacking.files, self.unpacking.tell
        chain = Chain(files, self.config, tell, whole=self.unpacking.whole)
        try:
            yield from chain.findings()
            if tell.platform.os != WINDOWS:
                judge = Judge.of(files, self.config, tell, self.allow)
                yield from judge.findings(files, chain.running)
        except LayerBoundsError as error:
            yield tell.finding(
                "layer-bounds", Severity.ERROR, "", error.message, hint=error.hint or ""
            )


def check_architecture(
    store: Fetcher,
    manifest: Descriptor,
    platform: Platform,
    *,
    subject: str,
    allow: Allowances = NONE,
    seen: LayerMemory | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Report:
    """Check the image of one platform, whose manifest, config and layers `store` has.

    Platforms may be checked at once in threads, which share `seen`: a layer that several have is
    read once. What the store cannot give for other reasons than that it is not there is raised.
    """
    try:
        image = ImageManifest.parse(read_small(store, manifest), manifest.media_type)
        config = ImageConfig.parse(read_small(store, image.config), image.config.media_type)
    except (ContentError, SpecError) as error:
        found = Finding(
            code="unreadable",
            severity=Severity.ERROR,
            subject=subject,
            message=error.message,
            platform=platform,
            hint=error.hint or "",
        )
        return Report(subject=subject, findings=(found,), platforms=1)
    tell = Teller(subject=subject, platform=platform, origins=Origins.of(image.layers, config))
    unpacking = Unpacking(store, Filesystem(bounds), tell, bounds, seen or LayerMemory())
    checked = _Image(image, config, unpacking, allow)
    findings = _ordered(checked.findings(), bounds.findings)
    return Report(
        subject=subject,
        findings=findings,
        platforms=1,
        binaries=unpacking.programs,
        layers=unpacking.read,
        bytes=unpacking.bytes,
    )


def _ordered(findings: Iterable[Finding], most: int) -> tuple[Finding, ...]:
    """Worst first, else in the order in which they were found.

    A layer of another machine gives hundreds that are alike: of each kind and layer only so many
    are told one by one.
    """
    alike: dict[tuple[str, Severity, str], list[Finding]] = {}
    for found in findings:
        key = (found.code, found.severity, found.details.get("layer", ""))
        alike.setdefault(key, []).append(found)
    told = [
        found
        for group in alike.values()
        for found in (*group[:most], *([_more(group, most)] if len(group) > most else []))
    ]
    return tuple(sorted(told, key=lambda found: _ORDER.index(found.severity)))


def _more(group: list[Finding], most: int) -> Finding:
    first = group[0]
    number = first.details.get("layer-number")
    where = f" in layer {number}" if number else ""
    text = f"{len(group) - most} more are like the {most} before{where}"
    return replace(first, path="", message=text, hint="")
