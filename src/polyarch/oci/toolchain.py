"""What toolchains call a platform: Go, zig, Rust, Debian and uname.

Sources of the columns:

* Go: GOOS and GOARCH are the platform's own fields (image-spec v1.1 image-index.md); GOARM, GO386
  and the other feature levels as in `go help environment`, empty where Go ignores them.
* zig: the C libraries that `zig targets` lists (0.13 to 0.17). The bare target
  `arm-linux-musleabihf` makes ARMv7 code, so older ARM names its processor; `baseline` keeps zig
  from using what only newer machines have.
* Rust: doc.rust-lang.org/rustc/platform-support.html; `rust` links musl (static), `rust-gnu` glibc.
* Debian: `dpkg-architecture`, that is dpkg's cputable and tupletable: `gnu` is DEB_HOST_GNU_TYPE
  (the prefix of cross compilers), `multiarch` DEB_HOST_MULTIARCH (the folder of libraries). Debian
  has no ARMv6 with hardware floating point: `armel` is what runs there.
* uname: `uname -m`, from UTS_MACHINE of the kernels.
"""

from collections.abc import Mapping
from types import MappingProxyType

from polyarch.oci.package_names import COLUMNS, GORELEASER, package_names
from polyarch.oci.platform import Platform

_Names = tuple[str | None, ...]

_COLUMNS = ("zig", "zig-cpu", "rust", "rust-gnu", "debian", "gnu", "multiarch", "uname")

_LINUX: Mapping[str, _Names] = {
    "amd64": ("x86_64-linux-musl", "baseline", "x86_64-unknown-linux-musl",
              "x86_64-unknown-linux-gnu", "amd64", "x86_64-linux-gnu", "x86_64-linux-gnu",
              "x86_64"),
    "arm64": ("aarch64-linux-musl", "baseline", "aarch64-unknown-linux-musl",
              "aarch64-unknown-linux-gnu", "arm64", "aarch64-linux-gnu", "aarch64-linux-gnu",
              "aarch64"),
    "arm/v8": ("arm-linux-musleabihf", "baseline", "armv7-unknown-linux-musleabihf",
               "armv7-unknown-linux-gnueabihf", "armhf", "arm-linux-gnueabihf",
               "arm-linux-gnueabihf", "armv8l"),
    "arm/v7": ("arm-linux-musleabihf", "baseline", "armv7-unknown-linux-musleabihf",
               "armv7-unknown-linux-gnueabihf", "armhf", "arm-linux-gnueabihf",
               "arm-linux-gnueabihf", "armv7l"),
    "arm/v6": ("arm-linux-musleabihf", "arm1176jzf_s", "arm-unknown-linux-musleabihf",
               "arm-unknown-linux-gnueabihf", "armel", "arm-linux-gnueabi", "arm-linux-gnueabi",
               "armv6l"),
    "arm/v5": ("arm-linux-musleabi", "arm926ej_s", "armv5te-unknown-linux-musleabi",
               "armv5te-unknown-linux-gnueabi", "armel", "arm-linux-gnueabi", "arm-linux-gnueabi",
               "armv5tel"),
    "386": ("x86-linux-musl", "baseline", "i686-unknown-linux-musl", "i686-unknown-linux-gnu",
            "i386", "i686-linux-gnu", "i386-linux-gnu", "i686"),
    "ppc64le": ("powerpc64le-linux-musl", "baseline", "powerpc64le-unknown-linux-musl",
                "powerpc64le-unknown-linux-gnu", "ppc64el", "powerpc64le-linux-gnu",
                "powerpc64le-linux-gnu", "ppc64le"),
    "ppc64": ("powerpc64-linux-musl", "baseline", "powerpc64-unknown-linux-musl",
              "powerpc64-unknown-linux-gnu", "ppc64", "powerpc64-linux-gnu",
              "powerpc64-linux-gnu", "ppc64"),
    "s390x": ("s390x-linux-musl", "baseline", "s390x-unknown-linux-musl",
              "s390x-unknown-linux-gnu", "s390x", "s390x-linux-gnu", "s390x-linux-gnu", "s390x"),
    "riscv64": ("riscv64-linux-musl", "baseline", "riscv64gc-unknown-linux-musl",
                "riscv64gc-unknown-linux-gnu", "riscv64", "riscv64-linux-gnu",
                "riscv64-linux-gnu", "riscv64"),
    "loong64": ("loongarch64-linux-musl", "baseline", "loongarch64-unknown-linux-musl",
                "loongarch64-unknown-linux-gnu", "loong64", "loongarch64-linux-gnu",
                "loongarch64-linux-gnu", "loongarch64"),
    "mips64le": ("mips64el-linux-muslabi64", "baseline", "mips64el-unknown-linux-muslabi64",
                 "mips64el-unknown-linux-gnuabi64", "mips64el", "mips64el-linux-gnuabi64",
                 "mips64el-linux-gnuabi64", "mips64"),
}  # fmt: skip

_OTHERS: Mapping[str, _Names] = {
    "windows/amd64": ("x86_64-windows-gnu", "baseline", None, "x86_64-pc-windows-gnu"),
    "windows/arm64": ("aarch64-windows-gnu", "baseline", None, "aarch64-pc-windows-gnullvm"),
    "freebsd/amd64": ("x86_64-freebsd", "baseline", None, None, None, None, None, "amd64"),
    "freebsd/arm64": ("aarch64-freebsd", "baseline", None, None, None, None, None, "arm64"),
    "wasip1/wasm": ("wasm32-wasi", "baseline", "wasm32-wasip1"),
}

_UNIVERSAL = ("platform", "slug", "os", "arch", "variant", "word", "exe")
_GO = (
    "goos", "goarch", "goarm", "go386", "goamd64", "goarm64", "goppc64", "goriscv64",
)  # fmt: skip

PLATFORM_PLACEHOLDERS = (*_UNIVERSAL, *_GO, *_COLUMNS, *COLUMNS, GORELEASER)
"""Names that stand for something that a platform is called."""

BUILD_PLACEHOLDERS = ("image", "project", "out")
"""Names that stand for something of one build; the direct engine knows their values."""

PLACEHOLDERS = (*PLATFORM_PLACEHOLDERS, *BUILD_PLACEHOLDERS)
"""Every name that may stand in the direct engine's command and in its files' sources."""

IMAGE_PLACEHOLDERS = (*PLATFORM_PLACEHOLDERS, "image")
"""Those that may stand in paths inside the image, where no folder of this machine belongs."""


def names_of(platform: Platform) -> Mapping[str, str | None]:
    """Every name of `PLATFORM_PLACEHOLDERS` with its value.

    None: the toolchain has no name for this platform. Empty: there is nothing to say, as `goarm` on
    another architecture than ARM.
    """
    universal = {
        "platform": str(platform),
        "slug": platform.slug,
        "os": platform.os,
        "arch": platform.architecture,
        "variant": platform.variant,
        "word": platform.word,
        "exe": ".exe" if platform.os == "windows" else "",
    }
    go = _go(platform)
    levels = {name: value for name, value in go.items() if name not in {"goos", "goarch"}}
    names = {**_toolchains(platform), **package_names(platform, levels)}
    return MappingProxyType({**universal, **go, **names})


def _go(platform: Platform) -> dict[str, str]:
    architecture, variant = platform.architecture, platform.variant
    return {
        "goos": platform.os,
        "goarch": architecture,
        # Go knows GOARM 5 to 7; a 32-bit program for ARMv8 is one for ARMv7.
        "goarm": min(variant.removeprefix("v") or "7", "7") if architecture == "arm" else "",
        "go386": "sse2" if architecture == "386" else "",
        "goamd64": variant or "v1" if architecture == "amd64" else "",
        "goarm64": _goarm64(variant) if architecture == "arm64" else "",
        "goppc64": variant or "power8" if architecture in {"ppc64", "ppc64le"} else "",
        "goriscv64": variant or "rva20u64" if architecture == "riscv64" else "",
    }


def _goarm64(variant: str) -> str:
    version = variant or "v8"
    return version if "." in version else f"{version}.0"


def _toolchains(platform: Platform) -> dict[str, str | None]:
    linux = platform.os == "linux"
    table = _LINUX if linux else _OTHERS
    bare = platform.architecture if linux else f"{platform.os}/{platform.architecture}"
    exact = f"{bare}/{platform.variant}" if platform.variant else bare
    # Variants of amd64 and arm64 are the same target; those of arm each have a row.
    row = table.get(exact) or (table.get(bare) if platform.architecture != "arm" else None) or ()
    names = dict.fromkeys(_COLUMNS) | dict(zip(_COLUMNS, row, strict=False))
    if platform.architecture == "amd64" and platform.variant and names["zig-cpu"]:
        names["zig-cpu"] = f"x86_64_{platform.variant}"
    return names
