"""What a platform is called in the worlds that meet in a Dockerfile, and where a text names one.

`armhf` is v7 to Debian and v6 to Alpine, `ppc64el` and `ppc64le` are one machine, `386` is `i386`,
`x86` or `i686`: a word means something only in a world. Sources: Go's GOARCH list, Debian's
`dpkg --print-architecture` table (cputable), Alpine's arch list, `platform.machine` of Linux, the
target list of rustc, .NET's RID catalog, `process.arch` of Node.js, conda's subdirs.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from polyarch.oci.platform import Platform

AMD64 = Platform.of("linux", "amd64")
ARM64 = Platform.of("linux", "arm64")
ARM_V7 = Platform.of("linux", "arm", "v7")
ARM_V6 = Platform.of("linux", "arm", "v6")
I386 = Platform.of("linux", "386")
PPC64LE = Platform.of("linux", "ppc64le")
S390X = Platform.of("linux", "s390x")
RISCV64 = Platform.of("linux", "riscv64")

KNOWN = (AMD64, ARM64, ARM_V7, ARM_V6, I386, PPC64LE, S390X, RISCV64)
"""The platforms that the tables know."""


class World(StrEnum):
    """Who speaks. The value names it in messages."""

    DOCKER = "Docker's TARGETARCH"
    GO = "Go"
    DEBIAN = "Debian"
    ALPINE = "Alpine"
    RPM = "RPM"
    KERNEL = "uname -m"
    MULTIARCH = "Debian's library folders"
    RUST = "Rust's triples"
    DOTNET = ".NET"
    NODE = "Node.js"
    CONDA = "conda"


_COLUMNS = (AMD64, ARM64, ARM_V7, ARM_V6, I386, PPC64LE, S390X, RISCV64)

# fmt: off
_ROWS: Mapping[World, tuple[str, ...]] = {
    World.DOCKER: ("amd64", "arm64", "arm", "arm", "386", "ppc64le", "s390x", "riscv64"),
    World.GO: ("amd64", "arm64", "arm", "arm", "386", "ppc64le", "s390x", "riscv64"),
    World.DEBIAN: ("amd64", "arm64", "armhf", "armel", "i386", "ppc64el", "s390x", "riscv64"),
    World.ALPINE: ("x86_64", "aarch64", "armv7", "armhf", "x86", "ppc64le", "s390x", "riscv64"),
    World.RPM: ("x86_64", "aarch64", "armv7hl", "", "i686", "ppc64le", "s390x", "riscv64"),
    World.KERNEL: ("x86_64", "aarch64", "armv7l", "armv6l", "i686", "ppc64le", "s390x", "riscv64"),
    World.MULTIARCH: (
        "x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "arm-linux-gnueabi",
        "i386-linux-gnu", "powerpc64le-linux-gnu", "s390x-linux-gnu", "riscv64-linux-gnu",
    ),
    World.RUST: (
        "x86_64", "aarch64", "armv7", "arm", "i686", "powerpc64le", "s390x", "riscv64gc",
    ),
    World.DOTNET: ("x64", "arm64", "arm", "", "", "ppc64le", "s390x", "riscv64"),
    World.NODE: ("x64", "arm64", "arm", "arm", "ia32", "ppc64", "s390x", "riscv64"),
    World.CONDA: (
        "linux-64", "linux-aarch64", "linux-armv7l", "linux-armv6l", "linux-32", "linux-ppc64le",
        "linux-s390x", "linux-riscv64",
    ),
}
# fmt: on

_BY_PLATFORM: Mapping[World, Mapping[Platform, str]] = MappingProxyType(
    {world: dict(zip(_COLUMNS, row, strict=True)) for world, row in _ROWS.items()}
)

_ON_64_BIT_HOST: Mapping[Platform, str] = MappingProxyType(
    {ARM_V7: "aarch64", ARM_V6: "aarch64", I386: "x86_64"}
)


def name_in(platform: Platform, world: World) -> str | None:
    """The platform's name there; None where that world does not have it.

    For a kernel it is the name that a machine of the platform itself gives, or an emulator.
    """
    return _BY_PLATFORM[world].get(platform) or None


def name_on_64_bit_host(platform: Platform) -> str | None:
    """What `uname -m` says where a 64-bit kernel runs the 32-bit platform natively.

    BuildKit sets no 32-bit personality (docker/buildx#198); None where there is no such host.
    """
    return _ON_64_BIT_HOST.get(platform)


def platforms_of(word: str, world: World | None = None) -> tuple[Platform, ...]:
    """What a word means in a world, or in any of them; nothing where it is no name of a platform.

    `arm` is both v7 and v6 to Docker; without a world `armhf` is both, too. Case does not count.
    """
    word = word.lower()
    if world is None:
        return MEANINGS.get(word, ())
    return tuple(one for one in KNOWN if _BY_PLATFORM[world].get(one) == word)


_MORE_WORDS: Mapping[str, tuple[Platform, ...]] = {
    **dict.fromkeys(
        ("x86-64", "linux64", "64bit", "64-bit", "amd64v1", "amd64v2", "amd64v3", "amd64v4"),
        (AMD64,),
    ),
    **dict.fromkeys(
        ("arm64v8", "arm64/v8", "aarch_64", "armv8", "armv8l", "arm64-v8", "arm64-v8a"),
        (ARM64,),
    ),
    **dict.fromkeys(
        ("arm32v7", "arm/v7", "arm-v7", "arm_v7", "arm7", "armv7a", "armv7hf", "armhfp", "armv7h"),
        (ARM_V7,),
    ),
    **dict.fromkeys(
        ("arm32v6", "arm/v6", "arm-v6", "arm_v6", "arm6", "armv6", "armv6hf"),
        (ARM_V6,),
    ),
    **dict.fromkeys(
        ("arm32", "armhf"),
        (ARM_V7, ARM_V6),
    ),
    **dict.fromkeys(
        ("arm32v5", "arm/v5", "arm-v5", "arm_v5", "arm5", "armv5", "armv5l", "armv5te"),
        (),
    ),
    **dict.fromkeys(
        ("i486", "i586", "x86_32", "x86-32", "linux32", "32bit", "32-bit", "x86"), (I386,)
    ),
    **dict.fromkeys(("ppcle_64", "powerpc64el", "ppc64", "powerpc64"), (PPC64LE,)),
    "s390_64": (S390X,),
    **dict.fromkeys(("loong64", "loongarch64", "mips64le", "mips64el", "mipsle", "mipsel"), ()),
}


def _meanings() -> Mapping[str, tuple[Platform, ...]]:
    found: dict[str, tuple[Platform, ...]] = {}
    for row in _BY_PLATFORM.values():
        for platform, word in row.items():
            if word and platform not in found.setdefault(word, ()):
                found[word] = (*found[word], platform)
    return MappingProxyType({**found, **_MORE_WORDS})


MEANINGS = _meanings()
"""Every word, in lower case, with the platforms that it may name in some world; none for those
that no table has, as `mips64le`."""
