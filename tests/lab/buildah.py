"""Buildah with a storage of its own, in the isolation that needs the least of a machine."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run
from tests.lab.mounts import remove_tree
from tests.lab.reasons import Missing

STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{home}/graph"
runroot = "{home}/run"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildah:
    """Buildah, and what a program needs to use the same storage.

    Attributes:
        env: CONTAINERS_STORAGE_CONF, BUILDAH_ISOLATION, REGISTRY_AUTH_FILE, TMPDIR.
        version: Buildah's version.
    """

    env: Mapping[str, str]
    version: str

    def buildah(self, *words: str | Path, cwd: Path | None = None) -> str:
        """Return what `buildah WORDS…` prints.

        Raises:
            CommandFailedError: It failed; the error's `output` has its words.
        """
        return run("buildah", *words, env=self.env, cwd=cwd)


@contextmanager
def own_buildah(folder: Path) -> Iterator[Buildah]:
    """Give Buildah a storage in `folder`, which is emptied afterwards.

    Raises:
        Missing: It is not installed.
    """
    if not shutil.which("buildah"):
        raise Missing("no `buildah` here", "as root: apt-get install buildah crun")
    home = folder / "buildah"
    (home / "tmp").mkdir(parents=True)
    (home / "storage.conf").write_text(STORAGE.format(home=home))
    (home / "auth.json").write_text('{"auths": {}}')
    env = {
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
        "BUILDAH_ISOLATION": "chroot",
        "REGISTRY_AUTH_FILE": str(home / "auth.json"),
        "TMPDIR": str(home / "tmp"),
    }
    try:
        yield Buildah(env=env, version=run("buildah", "--version").split()[2])
    finally:
        remove_tree(home)
