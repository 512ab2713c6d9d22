"""What emulation costs each stage for each platform, as far as experience tells.

Factors compare a step under QEMU's user mode with the same step without. They are ranges, because
the kind of work and the machine matter more than the platform.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of, platforms_of
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.oci.platform import Platform

_REPORTS = "https://docs.docker.com/build/building/multi-platform/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """How many times as long a step takes: the usual range, and a measured value.

    `usual` is None where nothing was measured; `source` says where the values come from.
    """

    low: float
    high: float
    usual: float | None
    source: str

    def __str__(self) -> str:
        return f"{self.low:.0f} to {self.high:.0f} times as long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One kind of work of one stage on one platform.

    `work` is None for packages and files; `factor` is None where the work is short, or does not
    come to an end: `fails` then says so. `line` is that of `command`.
    """

    stage: str
    stage_line: int
    platform: Platform
    work: Work | None
    command: str
    line: int
    factor: Factor | None
    fails: bool = False

    @property
    def text(self) -> str:
        """One line for people."""
        what = f"`{self.command}` (line {self.line}) for {self.platform}"
        if self.fails:
            return f"{what} hangs or crashes under emulation"
        if self.factor is None:
            return f"{what} takes seconds to minutes more under emulation"
        usual = (
            f", {self.factor.usual:.0f} times where it was measured" if self.factor.usual else ""
        )
        return f"{what} takes {self.factor} under emulation{usual}"

    def __str__(self) -> str:
        return self.text


# A program with about 20 packages, vendored, for amd64 and arm64 on one machine with two cores:
# 334 s of 338 s were the emulated step, and both platforms together took 51 s when crossed; so one
# took about 25 s.
_GO = Factor(low=5, high=40, usual=13, source="measured with BuildKit and QEMU 7.2, arm64 on amd64")
_COMPILES = Factor(low=5, high=40, usual=None, source=_REPORTS)

FACTORS: Mapping[Work, Factor] = MappingProxyType(
    {
        Work.GO: _GO,
        **dict.fromkeys(
            (Work.RUST, Work.C, Work.NODE, Work.JAVA, Work.PYTHON, Work.OTHER), _COMPILES
        ),
    }
)
"""By kind of work. .NET has none: its runtime is not supported under QEMU."""


def costs(view: FileView) -> tuple[Cost, ...]:
    """What emulation costs, by stage in file order, then platform, then kind of work."""
    emulation = emulation_of(view)
    return tuple(
        cost
        for site in emulation.emulated
        for platform in platforms_of(view, site.stage)
        for cost in _of(emulation, site, platform)
    )


def dearest(found: tuple[Cost, ...]) -> Cost | None:
    """The one to name where there is room for one: what fails, else what takes longest."""
    return max(found, key=_weight, default=None)


def _weight(cost: Cost) -> tuple[bool, float]:
    factor = cost.factor
    return cost.fails, (factor.usual or factor.low) if factor else 0


def _of(emulation: Emulation, site: Site, platform: Platform) -> Iterator[Cost]:
    text = emulation.view.file.text
    found: dict[Work | None, Deed] = {work: site.of(work)[0] for work in sorted(site.work)}
    if not found and site.deeds:
        found[None] = site.deeds[0]
    for work, deed in found.items():
        yield Cost(
            stage=site.stage.name,
            stage_line=site.stage.line,
            platform=platform,
            work=work,
            command=str(deed.call),
            line=deed.line(text),
            factor=FACTORS.get(work) if work else None,
            fails=work is Work.DOTNET,
        )
