"""A platform: operating system, architecture and variant.

Names follow Go's GOOS and GOARCH as image-spec asks; the names that people, Debian and uname use
are understood and normalised.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from polyarch.errors import InvalidPlatformError

ARCHITECTURE_ALIASES: Mapping[str, tuple[str, str]] = {
    # containerd's platforms package, "normalizeArch", and the names of Debian and uname.
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "x64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armv8": ("arm64", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "x86": ("386", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv5": ("arm", "v5"),
    "armv6": ("arm", "v6"),
    "armv6l": ("arm", "v6"),
    "armv7": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "ppc64el": ("ppc64le", ""),
    "powerpc64le": ("ppc64le", ""),
    "loongarch64": ("loong64", ""),
    "mips64el": ("mips64le", ""),
    "mipsel": ("mipsle", ""),
}

KNOWN_OS = ("linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "wasip1", "js", "unknown")

KNOWN_ARCHITECTURES = (
    "amd64", "arm64", "arm", "386", "ppc64le", "ppc64", "s390x", "riscv64", "loong64",
    "mips", "mipsle", "mips64", "mips64le", "wasm", "unknown",
)  # fmt: skip

_ARCHITECTURES = (*KNOWN_ARCHITECTURES, *ARCHITECTURE_ALIASES)

_ARM_BASELINE = "v7"
"""`linux/arm` without a variant means v7 (containerd platforms, "normalizeArch")."""

_DEFAULT_VARIANT = {"arm64": "v8", "amd64": "v1"}
"""Variants that say nothing: arm64 = arm64/v8, amd64 = amd64/v1; normalised away."""

_VARIANTS = {
    "arm": re.compile(r"v[5-8]"),
    "arm64": re.compile(r"v8|v8\.[0-9]|v9|v9\.[0-9]"),
    "amd64": re.compile(r"v[1-4]"),
}

_WORD = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Platform:
    """What a program was compiled for.

    `variant` is empty where the architecture needs none; `os_version` and `os_features` are used by
    Windows images only. Values made by `parse` and `of` are normalised, so equality means the same
    platform.
    """

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a person writes: `linux/arm64`, `linux/arm/v7`, `arm/v7`, `x86_64`, `armhf`.

        Raises:
            InvalidPlatformError: wrong form, or an os or architecture that nobody knows.
        """
        parts = text.strip().split("/")
        if not all(_WORD.fullmatch(part) for part in parts):
            raise InvalidPlatformError(text, "a part of it is empty or has forbidden characters")
        first = parts[0].lower()
        if first not in KNOWN_OS and (len(parts) == 1 or _is_architecture(first)):
            parts = ["linux", *parts]
        if len(parts) == 1:
            raise InvalidPlatformError(text, "the architecture is missing")
        if len(parts) > 3:  # noqa: PLR2004 - os, architecture, variant
            raise InvalidPlatformError(text, "it has more than three parts")
        platform = cls.of(*parts)
        _check(platform, text)
        return platform

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> Self:
        """Normalise fields as found in images; unknown names pass through."""
        os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
        os = {"macos": "darwin"}.get(os, os)
        alias = ARCHITECTURE_ALIASES.get(architecture)
        if alias:
            architecture, implied = alias
            variant = variant or implied
        if architecture in {"arm", "arm64"} and re.fullmatch(r"[5-9](\.[0-9])?", variant):
            variant = f"v{variant}"
        if architecture == "arm":
            variant = variant or _ARM_BASELINE
        if variant == _DEFAULT_VARIANT.get(architecture):
            variant = ""
        return cls(os=os, architecture=architecture, variant=variant)

    def satisfies(self, wanted: Self) -> bool:
        """Whether an image of this platform runs where `wanted` is asked for.

        One-directional: an image for arm/v6 runs on an arm/v7 machine, not the other way round; an
        image for amd64 runs on amd64/v3. Nothing crosses architectures: that a 64-bit machine may
        execute 32-bit code is a fact of machines, not of images.
        """
        if (self.os, self.architecture) != (wanted.os, wanted.architecture):
            return False
        if self.os_version and wanted.os_version and self.os_version != wanted.os_version:
            return False
        return _rank(self) <= _rank(wanted)

    @property
    def slug(self) -> str:
        """The name as part of a file name: slashes become `-`."""
        return str(self).replace("/", "-")

    @property
    def word(self) -> str:
        """Architecture and variant in one word, as tags have them: `amd64`, `armv7`."""
        return f"{self.architecture}{self.variant}"

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that tags have for it, its own first; several platforms may share one.

        Beside the names of Debian and uname those of docker-library's repositories, as `arm32v7`.
        """
        others = [word for word, of in ARCHITECTURE_ALIASES.items() if self == _of_alias(of, self)]
        bits = {"arm": f"arm32{self.variant}", "arm64": "arm64v8", "386": "i386"}
        more = [f"{self.architecture}-{self.variant}"] if self.variant else []
        known = bits.get(self.architecture)
        bare = [self.architecture] if self == Platform.of(self.os, self.architecture) else []
        return tuple(dict.fromkeys([self.word, *bare, *more, *([known] if known else []), *others]))

    def __str__(self) -> str:
        parts = (self.os, self.architecture, self.variant)
        return "/".join(part for part in parts if part)


UNKNOWN = Platform(os="unknown", architecture="unknown")
"""What BuildKit writes beside an attestation manifest: not a platform of the image."""


def unique(platforms: Iterable[Platform]) -> tuple[Platform, ...]:
    """Drop repetitions, first one kept."""
    return tuple(dict.fromkeys(platforms))


def nearest(offered: Sequence[Platform], wanted: Platform) -> Platform | None:
    """What a runtime takes for `wanted` of what is offered: its own, else the newest that fits."""
    if wanted in offered:
        return wanted
    fitting = [found for found in offered if found.satisfies(wanted)]
    # The newest variant is the one that all the others satisfy.
    return max(
        fitting,
        key=lambda found: sum(other.satisfies(found) for other in fitting),
        default=None,
    )


def _of_alias(named: tuple[str, str], platform: Platform) -> Platform:
    return Platform.of(platform.os, *named)


def _is_architecture(word: str) -> bool:
    return word in KNOWN_ARCHITECTURES or word in ARCHITECTURE_ALIASES


def _rank(platform: Platform) -> tuple[int, ...]:
    variant = platform.variant or _DEFAULT_VARIANT.get(platform.architecture, "v0")
    return tuple(int(number) for number in re.findall(r"\d+", variant)) or (0,)


def _nearest(platform: Platform) -> str | None:
    os = difflib.get_close_matches(platform.os, KNOWN_OS, n=1)
    near = difflib.get_close_matches(platform.architecture, _ARCHITECTURES, n=len(_ARCHITECTURES))
    if not (os and near):
        return None
    meant = max(near, key=lambda name: _likeness(name, platform.architecture))
    return str(Platform.of(os[0], meant, platform.variant))


def _likeness(name: str, written: str) -> tuple[bool, float, bool]:
    """Letters swapped count most (`arm46`), and an architecture's own name before an alias."""
    swapped = sorted(name) == sorted(written)
    ratio = difflib.SequenceMatcher(None, name, written).ratio()
    return swapped, ratio, name in KNOWN_ARCHITECTURES


def _check(platform: Platform, text: str) -> None:
    if platform.os not in KNOWN_OS:
        raise InvalidPlatformError(
            text, f"unknown operating system `{platform.os}`", nearest=_nearest(platform)
        )
    if platform.architecture not in KNOWN_ARCHITECTURES:
        reason = f"unknown architecture `{platform.architecture}`"
        raise InvalidPlatformError(text, reason, nearest=_nearest(platform))
    known = _VARIANTS.get(platform.architecture)
    if platform.variant and known and not known.fullmatch(platform.variant):
        reason = f"`{platform.architecture}` has no variant `{platform.variant}`"
        raise InvalidPlatformError(text, reason)
