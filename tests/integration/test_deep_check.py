"""The deep check on images of real Debian roots, and on real programs of every platform."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from polyarch.checks.architecture import check_architecture
from polyarch.checks.program import check_program
from polyarch.content.archivestore import ArchiveStore
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.content.tarindex import TarIndex
from polyarch.findings import Report
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, parse_any
from polyarch.oci.platform import Platform
from polyarch.oci.toolchain import names_of
from tests.lab.absence import require
from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine
from tests.lab.machines import MACHINES
from tests.lab.roots import busybox_root, debian_root

SHORT = ("linux/arm64",)
PROGRAMS = 300
"""The smallest Debian has more."""
ROOTS = tuple(
    pytest.param(name, marks=[] if name in SHORT else pytest.mark.long)
    for name in MACHINES
    if name != "linux/arm/v6"  # Debian's armel is a root for v5
)

DOCKERFILE = """\
FROM scratch AS honest
ADD root.tar /
CMD ["bash"]
FROM honest AS lying
COPY foreign /usr/local/bin/foreign
"""
FOREIGN = "/usr/local/bin/foreign"


def foreign_of(name: str) -> str:
    return "linux/s390x" if name != "linux/s390x" else "linux/amd64"


def context(folder: Path, name: str) -> Path:
    """A build context with a Debian root and a static program of another platform."""
    require("qemu")
    folder.mkdir()
    root = debian_root(name)
    try:
        os.link(root, folder / "root.tar")
    except OSError:
        shutil.copy(root, folder / "root.tar")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    taken = ["tar", "-xOf", str(busybox_root(foreign_of(name))), "bin/busybox"]
    program = subprocess.run(taken, check=True, capture_output=True).stdout
    (folder / "foreign").write_bytes(program)
    (folder / "foreign").chmod(0o755)
    return folder


def checked(store: Fetcher, entry: Descriptor, name: str) -> Report:
    """Check the one image that an engine made."""
    top = parse_any(read_small(store, entry), entry.media_type)
    image = top.images[0] if isinstance(top, ImageIndex) else entry
    return check_architecture(store, image, Platform.parse(name), subject=name)


def expect_honest(report: Report) -> None:
    assert [str(found) for found in report.findings] == []
    assert report.ok
    assert report.binaries > PROGRAMS


def expect_the_foreign_program(report: Report, name: str) -> None:
    (found,) = report.findings
    assert (found.code, found.path, found.severity.value) == (
        "wrong-architecture",
        FOREIGN,
        "error",
    )
    assert foreign_of(name).removeprefix("linux/") in found.message
    assert found.details["layer-number"] == "2"
    assert "foreign" in found.details["step"]


@contextmanager
def built_by_buildkit(
    engine: DockerEngine, folder: Path, name: str, target: str
) -> Iterator[tuple[Fetcher, Descriptor]]:
    archive = folder / f"{target}.tar"
    words = ["buildx", "build", "--platform", name, "--target", target, "--provenance=false"]
    engine.docker(*words, "-o", f"type=oci,dest={archive}", str(folder / "context"))
    with TarIndex.of(archive, folder) as tar:
        store = ArchiveStore(tar)
        yield store, store.entries()[0]


@pytest.mark.parametrize("name", ROOTS)
def test_an_image_of_buildkit(docker_engine: DockerEngine, tmp_path: Path, name: str) -> None:
    context(tmp_path / "context", name)
    with built_by_buildkit(docker_engine, tmp_path, name, "honest") as (store, entry):
        expect_honest(checked(store, entry, name))
    with built_by_buildkit(docker_engine, tmp_path, name, "lying") as (store, entry):
        expect_the_foreign_program(checked(store, entry, name), name)


@pytest.mark.parametrize("name", ROOTS)
def test_an_image_of_buildah(buildah: Buildah, tmp_path: Path, name: str) -> None:
    """The lying one is the honest one with one layer more, of which all findings are."""
    place = context(tmp_path / "context", name)
    reports = {}
    for target in ("lying",) if name in SHORT else ("honest", "lying"):
        image = f"localhost/{target}"
        words = ["build", "--platform", name, "--target", target, "--layers", "--tag", image]
        buildah.buildah(*words, str(place))
        layout = tmp_path / target
        buildah.buildah("push", image, f"oci:{layout}:x")
        store = LayoutStore(layout)
        reports[target] = checked(store, store.entries()[0], name)
        buildah.buildah("rmi", "--force", image)
    if "honest" in reports:
        expect_honest(reports["honest"])
    expect_the_foreign_program(reports["lying"], name)
    assert reports["lying"].binaries > PROGRAMS


COMPILED = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/386",
            "linux/ppc64le", "linux/s390x", "linux/riscv64", "linux/loong64")  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in SHORT else pytest.mark.long) for n in COMPILED],
)
@pytest.mark.parametrize("linked", ["static", "dynamic"])
def test_a_program_of_zig(tmp_path: Path, name: str, linked: str) -> None:
    platform = Platform.parse(name)
    names = names_of(platform)
    source, program = tmp_path / "hello.c", tmp_path / "hello"
    source.write_text('#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n')
    words = [sys.executable, "-m", "ziglang", "cc", "-target", str(names["zig"])]
    words += ["-Os", f"-mcpu={names['zig-cpu']}", f"-{linked}", "-o", str(program), str(source)]
    subprocess.run(words, check=True, capture_output=True)
    report = check_program(program, platform, subject="hello")
    assert report.ok, report.findings
    (told,) = report.findings
    assert ("loader /lib/ld-musl-" in told.message) == (linked == "dynamic")
    for other in COMPILED:
        runs = platform.satisfies(Platform.parse(other))
        assert check_program(program, Platform.parse(other), subject="x").ok == runs, other
