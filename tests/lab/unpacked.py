"""Programs used from unpacked Debian packages, so that no service of theirs starts here."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cache import keyed, make_once
from tests.lab.debian import os_release, own_mirror, separate_apt, unpack, versions_of
from tests.lab.reasons import Missing

FOLDERS = ("usr/bin", "usr/sbin")
PLUGIN_FOLDERS = (
    "usr/libexec/docker/cli-plugins",
    "usr/lib/docker/cli-plugins",
    "usr/local/lib/docker/cli-plugins",
    "usr/local/libexec/docker/cli-plugins",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """Some packages of one suite, unpacked into a folder of the cache.

    Attributes:
        name: What the folder is called.
        packages: The packages, without their dependencies.
        program: The program that is wanted of them.
        suite: Where they are from; empty means the machine's own release.
    """

    name: str
    packages: tuple[str, ...]
    program: str
    suite: str = ""

    @property
    def place(self) -> Path:
        """The folder that holds them, once they were fetched."""
        suite = self.suite or os_release().get("VERSION_CODENAME", "")
        return keyed(self.name, self.packages, suite, os.uname().machine)

    def fetch(self) -> None:
        """Fetch and unpack them unless they are there.

        Raises:
            Missing: There is no Debian mirror to fetch them from.
        """
        make_once(self.place, self._unpack)

    def _unpack(self, folder: Path) -> None:
        suite = self.suite or os_release().get("VERSION_CODENAME", "")
        with separate_apt([own_mirror().line(suite)]) as apt:
            packed = folder / "packed"
            packed.mkdir()
            debs = apt.download(self.packages, packed)
            unpack(debs, folder)
            (folder / "versions.json").write_text(json.dumps(versions_of(debs)))
            shutil.rmtree(packed)

    def search_path(self) -> str:
        """Return a PATH that finds the program.

        Raises:
            Missing: It is neither unpacked nor installed.
        """
        own = [str(self.place / folder) for folder in FOLDERS if self.place.exists()]
        path = os.pathsep.join([*own, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
        if not shutil.which(self.program, path=path):
            raise Missing(f"no `{self.program}` here", "run `python -m tests.lab setup`")
        return path

    def version(self) -> str:
        """Return the version of the first package, for programs that do not know their own.

        Raises:
            Missing: It is neither unpacked nor installed.
        """
        self.search_path()
        known = self.place / "versions.json"
        if not known.exists():
            return "?"
        versions: dict[str, str] = json.loads(known.read_bytes())
        return versions[self.packages[0]]

    def plugin(self, name: str) -> Path:
        """Return the file of a plugin of the Docker command line.

        Raises:
            Missing: It is neither unpacked nor installed.
        """
        for root in (self.place, Path("/")):
            for folder in PLUGIN_FOLDERS:
                if (found := root / folder / name).is_file():
                    return found
        raise Missing(f"no Docker plugin `{name}` here", "run `python -m tests.lab setup`")


# Debian 12's own Docker has neither buildx nor the containerd image store.
DOCKER = Unpacked(
    name="docker",
    packages=("containerd", "docker-buildx", "docker-cli", "docker.io"),
    program="dockerd",
    suite="trixie",
)
REGISTRY = Unpacked(name="registry", packages=("docker-registry",), program="docker-registry")
# The fastest of the other clients, to measure against; bookworm has neither, and theirs run on it.
CRANE = Unpacked(name="crane", packages=("crane",), program="crane", suite="sid")
ORAS = Unpacked(name="oras", packages=("oras",), program="oras", suite="sid")
