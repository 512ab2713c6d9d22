"""Packages and downloads that exist for a few platforms only.

Source: the architecture lists of the packages at packages.debian.org, and the vendors' repositories
and release pages.
"""

import re
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import AMD64, ARM64, I386
from polyarch.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarity:
    """A package or a file, the platforms that have it, and what serves the others.

    `has_others`: the project has files of other names for other platforms.
    """

    pattern: re.Pattern[str]
    platforms: tuple[Platform, ...]
    instead: str
    has_others: bool


def _rarity(
    pattern: str, *platforms: Platform, instead: str = "", has_others: bool = False
) -> Rarity:
    return Rarity(
        pattern=re.compile(pattern), platforms=platforms, instead=instead, has_others=has_others
    )


_PACKAGES = (
    _rarity(
        r"google-chrome-(?:stable|beta|unstable)",
        AMD64,
        instead="the package `chromium` of the distribution is there for most platforms",
    ),
    _rarity(r"microsoft-edge-(?:stable|beta|dev)", AMD64),
    _rarity(r"wine(?:32|64|-stable|-staging|-devel)?|winehq-(?:stable|staging|devel)", AMD64, I386),
    _rarity(r"lib32\w[\w+.-]*|libc6-i386|libc6-x32", AMD64),
    _rarity(r"steam|steamcmd", AMD64, I386),
    _rarity(
        r"intel-media-va-driver(?:-non-free)?|intel-opencl-icd|intel-level-zero-gpu|libigdgmm\d+"
        r"|intel-igc-\w[\w-]*",
        AMD64,
        instead="install drivers of Intel's graphics in a branch for amd64",
    ),
    _rarity(r"i965-va-driver(?:-shaders)?", AMD64, I386),
    _rarity(r"intel-(?:oneapi|mkl|hpckit|basekit)[\w.-]*|libmkl-\w[\w-]*", AMD64),
    _rarity(
        r"(?:nvidia|cuda|libcudnn|libnccl|libnvinfer|tensorrt|libcublas)\d*(?:-\w[\w.+-]*)?",
        AMD64,
        ARM64,
    ),
    _rarity(r"msodbcsql\d*|mssql-tools\d*", AMD64, ARM64),
    _rarity(r"mongodb-(?:org|mongosh|database-tools)[\w-]*", AMD64, ARM64),
    _rarity(r"oracle-instantclient[\w.-]*", AMD64, ARM64),
    _rarity(r"brave-browser|1password-cli", AMD64, ARM64),
)

_RELEASE = r"/releases/(?:download/[^/\s]{1,80}|latest/download)/"
_END = r"(?=[\"'\s?#;)]|$)"

_FILES = (
    _rarity(
        rf"github\.com/krallin/tini{_RELEASE}tini(?:-static)?{_END}",
        AMD64,
        instead="take `tini-amd64` and its like for each platform, by Debian's names",
        has_others=True,
    ),
    _rarity(rf"github\.com/apangin/jattach{_RELEASE}jattach{_END}", AMD64),
    _rarity(
        rf"github\.com/(?:mozilla|getsops)/sops{_RELEASE}sops-[^/\s]{{1,40}}\.linux{_END}",
        AMD64,
        instead="take the file with `.amd64` and its like at the end, which newer versions have",
        has_others=True,
    ),
    _rarity(
        rf"github\.com/sgerrand/alpine-pkg-glibc{_RELEASE}glibc-[^/\s]{{1,60}}\.apk{_END}",
        AMD64,
        instead="an image that stands on glibc, or the package `gcompat`",
    ),
    _rarity(
        rf"openshift-(?:client|install)-linux(?:-\d[\w.]{{0,30}})?\.tar\.gz{_END}",
        AMD64,
        instead="the files of the other platforms have `-arm64` and their like in the name",
        has_others=True,
    ),
)

_BROWSERS = {
    "playwright": (AMD64, ARM64),
    "playwright-core": (AMD64, ARM64),
    "patchright": (AMD64, ARM64),
    "puppeteer": (AMD64,),
}
_LONGEST = 2048


def rare_package(name: str) -> Rarity | None:
    """What is known of a package by its name, without version and architecture."""
    return next((one for one in _PACKAGES if one.pattern.fullmatch(name)), None)


def rare_file(address: str) -> Rarity | None:
    """What is known of a download whose name says no platform, and that is for few."""
    if len(address) > _LONGEST:
        return None
    return next((one for one in _FILES if one.pattern.search(address)), None)


def rare_browser(program: str, words: tuple[str, ...]) -> tuple[Platform, ...]:
    """The platforms whose browsers a command can fetch (puppeteer/puppeteer#7740); else none."""
    verbs = tuple(word for word in words if not word.startswith("-"))
    if program != "puppeteer" and verbs[:1] == ("install",):
        return _BROWSERS.get(program, ())
    if program == "puppeteer" and verbs[:2] == ("browsers", "install"):
        return _BROWSERS[program]
    return ()
