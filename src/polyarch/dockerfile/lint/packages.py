"""Packages that commands install, and which of them are compilers or are linked with."""

import re
from collections.abc import Iterable, Mapping

from polyarch.dockerfile.shell.script import Command

_INSTALLS: Mapping[str, frozenset[str]] = {
    "apk": frozenset({"add"}),
    "apt": frozenset({"install"}),
    "apt-get": frozenset({"install", "build-dep"}),
    "aptitude": frozenset({"install"}),
    "dnf": frozenset({"install", "groupinstall"}),
    "microdnf": frozenset({"install"}),
    "yum": frozenset({"install", "groupinstall"}),
    "tdnf": frozenset({"install"}),
    "zypper": frozenset({"install", "in"}),
    "pacman": frozenset(),
}
MANAGERS = frozenset(
    {*_INSTALLS, "apt-key", "apt-mark", "apt-cache", "apt-config", "add-apt-repository", "dpkg",
     "rpm", "rpmkeys", "emerge", "opkg", "xbps-install", "dpkg-reconfigure", "subscription-manager"}
)  # fmt: skip
"""Programs that manage packages, whatever they are asked to do."""

_VALUED = frozenset(
    {"-t", "--virtual", "-o", "-X", "--repository", "-p", "--root", "--target-release", "-c",
     "--releasever", "--installroot", "--setopt", "--keys-dir", "--default-release"}
)  # fmt: skip
_OTHER_ROOT = frozenset({"-p", "--root", "--installroot", "-r", "-R"})
_COMPILERS = re.compile(
    r"build-base|alpine-sdk|build-essential|gcc(?:-\d[\d.]*)?|g\+\+(?:-\d[\d.]*)?|gcc-c\+\+"
    r"|clang\d*(?:-\d+)?|musl-tools|crossbuild-essential-.*|base-devel|development-tools"
)
_LINKED = re.compile(r"(?!linux-libc-dev|libc6?-dev|musl-dev|libc-dev|glibc-dev).*-(?:dev|devel)")
_VERSION = re.compile(r"[=~<>@].*|:(?:any|native)$", re.DOTALL)
_EMBEDS = re.compile(r"(?:python\d?(?:\.\d+)?|ruby|perl|php\d*|nodejs)-(?:dev|devel)")


def installed(command: Command) -> tuple[str, ...]:
    """The packages that a command installs, without versions; empty where it installs none.

    Alpine's `--virtual NAME` is no package. Words that only a shell can know are left out.
    """
    verbs = _INSTALLS.get(command.name)
    if verbs is None:
        return ()
    words = command.arguments
    if command.name == "pacman":
        if not any(word.startswith("-S") for word in words):
            return ()
        return tuple(word for word in words if not word.startswith("-"))
    plain = list(_plain(words, manager=command.name))
    if not plain or plain[0] not in verbs:
        return ()
    found = (_VERSION.sub("", word) for word in plain[1:] if "$" not in word)
    return tuple(word for word in found if word)


def is_compiler(package: str) -> bool:
    """Whether a package brings a C compiler."""
    return _COMPILERS.fullmatch(package) is not None


def is_linked_with(package: str) -> bool:
    """Whether a package is there to compile against it; the C library's own does not count."""
    return _LINKED.fullmatch(package) is not None


def embeds_runtime(package: str) -> bool:
    """Whether a package is there to build a language's runtime in."""
    return _EMBEDS.fullmatch(package) is not None


def fills_another_root(command: Command) -> bool:
    """Whether packages go to another root filesystem, whose scripts then run in the stage."""
    if command.name in {"debootstrap", "mmdebstrap", "multistrap", "pacstrap", "chroot"}:
        return True
    if command.name not in _INSTALLS or command.name in {"apt", "apt-get", "pacman"}:
        return False
    flags = {word.partition("=")[0] for word in command.arguments}
    return bool(flags & _OTHER_ROOT) and bool(installed(command))


def compilers(commands: Iterable[Command]) -> tuple[str, ...]:
    """The C compilers among the packages that commands install."""
    return tuple(name for one in commands for name in installed(one) if is_compiler(name))


def _plain(words: Iterable[str], *, manager: str) -> Iterable[str]:
    """The words that are neither options nor their values."""
    # `-t` is a release to apt and a virtual package to apk; for the others it takes no value.
    valued = _VALUED if manager in {"apk", "apt", "apt-get"} else _VALUED - {"-t", "-c", "-o", "-p"}
    skips = False
    for word in words:
        if skips:
            skips = False
        elif word.startswith("-"):
            skips = word in valued
        else:
            yield word
