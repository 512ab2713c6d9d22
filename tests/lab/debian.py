"""Debian packages of this machine's own mirror, without touching the machine's apt state."""

import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cache import work_folder
from tests.lab.commands import CommandFailedError, run
from tests.lab.reasons import Missing

APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The place that this machine takes its Debian packages from."""

    uri: str
    keyring: Path = KEYRING

    def line(self, suite: str, *, kind: str = "deb") -> str:
        """Return the line of a sources.list for a suite of this mirror."""
        return f"{kind} [signed-by={self.keyring}] {self.uri} {suite} main"


def own_mirror() -> Mirror:
    """Return the mirror that the machine's own list names for its release.

    Raises:
        Missing: This is no Debian, or its list names no mirror.
    """
    release = os_release()
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not shutil.which("apt-get"):
        raise Missing(
            "this is no Debian machine", "run the tests on Debian, or in a container of it"
        )
    for uri, suites in _entries():
        if codename in suites:
            return Mirror(uri=_resolve(uri))
    raise Missing(f"no list in {APT} names a mirror of `{codename}`", "add one, then try again")


def os_release() -> dict[str, str]:
    """Return the fields of os-release, none where there is no such file (macOS)."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _entries() -> Iterator[tuple[str, list[str]]]:
    """Yield each binary source as URI and suites, from classic lists and deb822 files."""
    for classic in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*.list"))]:
        if classic.is_file():
            yield from parse_list(classic.read_text())
    for modern in sorted((APT / "sources.list.d").glob("*.sources")):
        yield from parse_sources(modern.read_text())


def parse_list(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield URI and suite of each `deb` line of a classic list that has component main."""
    for line in text.splitlines():
        found = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.partition("#")[0])
        if found and "main" in found[3].split():
            yield found[1], [found[2]]


def parse_sources(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield URIs and suites of each enabled binary stanza of a deb822 file that has main."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        found = re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.MULTILINE)
        fields = {key.lower(): value.split() for key, value in found}
        if fields.get("enabled") == ["no"] or "deb" not in fields.get("types", []):
            continue
        if "main" in fields.get("components", []):
            yield from ((uri, fields.get("suites", [])) for uri in fields.get("uris", []))


def _resolve(uri: str) -> str:
    """Return the first mirror of a `mirror+file:` list, or the URI as it is."""
    if not uri.startswith("mirror+file:"):
        return uri
    lines = Path(uri.removeprefix("mirror+file:")).read_text().splitlines()
    return next(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


class Apt:
    """An apt with its own lists and cache: other suites and architectures, and no installing."""

    def __init__(self, folder: Path, lines: Iterable[str], architectures: Sequence[str]) -> None:
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("".join(f"{line}\n" for line in lines))
        self._options = [
            f"-oDir::Etc::sourcelist={folder}/sources.list",
            "-oDir::Etc::sourceparts=/dev/null",
            f"-oDir::State::lists={folder}/lists",
            f"-oDir::State::status={folder}/status",
            f"-oDir::Cache={folder}/cache",
            # Files of root's cache folder cannot be read by the user `_apt`.
            "-oAPT::Sandbox::User=root",
            *(f"-oAPT::Architectures::={name}" for name in architectures),
        ]
        run("apt-get", *self._options, "-qq", "update")

    def download(self, packages: Iterable[str], folder: Path) -> list[Path]:
        """Fetch the named packages (`name` or `name:arch`) and return their files."""
        run("apt-get", *self._options, "-qq", "download", *packages, cwd=folder)
        return sorted(folder.glob("*.deb"))

    def download_with_dependencies(self, packages: Iterable[str], folder: Path) -> list[Path]:
        """Fetch packages and all that they need, as a system with nothing on it would need it."""
        quiet = ("-qq", "--yes", "--no-install-recommends", "--download-only")
        place = f"-oDir::Cache::Archives={folder}/"
        (folder / "partial").mkdir(exist_ok=True)
        run("apt-get", *self._options, place, *quiet, "install", *packages)
        shutil.rmtree(folder / "partial")
        (folder / "lock").unlink(missing_ok=True)
        return sorted(folder.glob("*.deb"))

    def download_source(self, package: str, folder: Path) -> list[Path]:
        """Fetch the files of a source package."""
        run("apt-get", *self._options, "-qq", "--download-only", "source", package, cwd=folder)
        return sorted(folder.iterdir())


@contextmanager
def separate_apt(lines: Iterable[str], architectures: Sequence[str] = ()) -> Iterator[Apt]:
    """Give an `Apt` whose state is gone afterwards."""
    with work_folder() as work:
        yield Apt(work, lines, architectures)


def unpack(debs: Iterable[Path], folder: Path) -> None:
    """Unpack packages into a folder, without running anything of theirs."""
    for deb in debs:
        run("dpkg-deb", "--extract", deb, folder)


def versions_of(debs: Iterable[Path]) -> dict[str, str]:
    """Return the version of each package file by its name."""
    show = "--showformat=${Package} ${Version}"
    return dict(run("dpkg-deb", "--show", show, deb).strip().split(" ", 1) for deb in debs)


def not_installed(packages: Iterable[str]) -> list[str]:
    """Return those of the packages that this machine does not have."""
    wanted = list(packages)
    try:
        known = run("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n")
    except CommandFailedError:
        return wanted
    have = {line.split()[0] for line in known.splitlines() if line.endswith(" installed")}
    return [package for package in wanted if package not in have]


def install(packages: Sequence[str]) -> None:
    """Install packages on this machine.

    Raises:
        Missing: Not root, no apt, or apt refused.
    """
    if not shutil.which("apt-get"):
        raise Missing("this machine has no apt-get", f"install {' '.join(packages)} by other means")
    if os.geteuid() != 0:
        raise Missing("not root", f"as root: apt-get install {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run("apt-get", "-qq", "update", env=quiet)
        run("apt-get", "-qq", "install", "--no-install-recommends", *packages, env=quiet)
    except CommandFailedError as error:
        raise Missing(str(error), "mend what apt-get says, then run the set-up again") from error
