"""A folder of Debian packages that apt installs from with no network: a mirror inside an image."""

import hashlib
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab.cache import keyed, make_once, work_folder
from tests.lab.commands import run
from tests.lab.debian import own_mirror, separate_apt
from tests.lab.machines import MACHINES

PLACE = "srv/packages"
LIST = "etc/apt/sources.list"
HOST = "linux/amd64"


def packages_layer(platform: str, packages: tuple[str, ...]) -> Path:
    """Return the tar of a layer with these packages and all that they need, made on first use.

    A package of another architecture is written `name:arch`. What apt of the image knows is this
    folder alone.
    """
    machine = MACHINES[platform]
    place = keyed(f"packages-{machine.debian}", machine.suite, packages, 2)
    return make_once(place, lambda folder: _lay(platform, packages, folder)) / "root.tar"


def _lay(platform: str, packages: Sequence[str], folder: Path) -> None:
    machine = MACHINES[platform]
    foreign = sorted({name.partition(":")[2] for name in packages} - {"", machine.debian})
    with work_folder() as work:
        repository = work / PLACE
        repository.mkdir(parents=True)
        lines = [own_mirror().line(machine.suite)]
        if packages:
            with separate_apt(lines, (machine.debian, *foreign)) as apt:
                debs = apt.download_with_dependencies(packages, repository)
            (repository / "Packages").write_text("\n".join(map(_stanza, debs)))
        else:
            (repository / "Packages").touch()
        (work / LIST).parent.mkdir(parents=True)
        (work / LIST).write_text(f"deb [trusted=yes] file:/{PLACE} ./\n")
        with tarfile.open(folder / "root.tar", "w") as tar:
            for name in (PLACE, LIST):
                tar.add(work / name, name, filter=_plain)


def _stanza(deb: Path) -> str:
    fields = run("dpkg-deb", "--field", deb).rstrip("\n")
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    size = deb.stat().st_size
    return f"{fields}\nFilename: ./{deb.name}\nSize: {size}\nSHA256: {digest}\n"


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry
