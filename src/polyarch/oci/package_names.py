"""What packages and release folders call a platform: RPM, Alpine, Node, .NET and GoReleaser.

Sources of the columns:

* RPM: `rpm --showrc`, the names that distributions for 32-bit ARM with hardware floating point use.
* Alpine: `apk --print-arch`; it has no ARMv5.
* Node: `process.arch` (nodejs.org/api/process.html), as prebuilt modules and the folders of
  `prebuildify` have it.
* .NET: the runtime identifier (learn.microsoft.com/dotnet/core/rid-catalog), glibc's.
* GoReleaser: the end of a folder of `dist`, which since its version 2 names the feature level of
  every architecture that Go knows one of.
"""

from collections.abc import Mapping
from types import MappingProxyType

from polyarch.oci.platform import Platform

COLUMNS = ("rpm", "alpine", "node", "dotnet")
GORELEASER = "goreleaser"

_LINUX: Mapping[str, tuple[str | None, ...]] = MappingProxyType(
    {
        "amd64": ("x86_64", "x86_64", "x64", "linux-x64"),
        "arm64": ("aarch64", "aarch64", "arm64", "linux-arm64"),
        "arm/v8": ("armv7hl", "armv7", "arm", "linux-arm"),
        "arm/v7": ("armv7hl", "armv7", "arm", "linux-arm"),
        "arm/v6": ("armv6hl", "armhf", "arm", "linux-armv6"),
        "arm/v5": ("armv5tel", None, "arm", None),
        "386": ("i386", "x86", "ia32", "linux-x86"),
        "ppc64le": ("ppc64le", "ppc64le", "ppc64", "linux-ppc64le"),
        "ppc64": ("ppc64", "ppc64", "ppc64", None),
        "s390x": ("s390x", "s390x", "s390x", "linux-s390x"),
        "riscv64": ("riscv64", "riscv64", "riscv64", "linux-riscv64"),
        "loong64": ("loongarch64", "loongarch64", "loong64", "linux-loongarch64"),
        "mips64le": ("mips64el", None, None, None),
    }
)


def package_names(platform: Platform, levels: Mapping[str, str]) -> Mapping[str, str | None]:
    """Every name of `COLUMNS`, and GoReleaser's; `levels` are Go's feature levels by variable."""
    row: tuple[str | None, ...] = ()
    if platform.os == "linux":
        bare = platform.architecture
        row = _LINUX.get(f"{bare}/{platform.variant}") or _LINUX.get(bare) or ()
    names = dict.fromkeys(COLUMNS) | dict(zip(COLUMNS, row, strict=False))
    level = next((value for value in levels.values() if value), "")
    parts = (platform.os, platform.architecture, level)
    return {**names, GORELEASER: "_".join(part for part in parts if part)}
