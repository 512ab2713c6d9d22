"""Mended Dockerfiles build for real, and their images hold what they held before.

BuildKit builds each project as it is written, which emulates a foreign platform, and as `--fix`
leaves it. The images are compared file by file: kind, mode, owner, link and content; only times
may differ, and where another compiler was asked for, the program's own bytes. The short form builds
one project that is compiled and those that no compiler is needed for; it mends all of them.
"""

import functools
import hashlib
import io
import platform as host
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from polyarch.dockerfile.fix.fix import Fixed, fix_file
from polyarch.dockerfile.lint.lint import findings_in
from polyarch.dockerfile.lint.view import view_of
from polyarch.dockerfile.parse import parse
from polyarch.oci.platform import Platform
from tests.lab.engine import DockerEngine
from tests.lab.foreign import run_in_root
from tests.lab.registries import Registry
from tests.support.built_files import BuiltFile, BuiltImage, build_image
from tests.support.elf import Elf
from tests.support.fix_cases import BASES, CASES, FixCase

NATIVE, FOREIGN = "linux/amd64", "linux/arm64"
PLATFORMS = (NATIVE, FOREIGN)
MACHINES = {NATIVE: "x86-64", FOREIGN: "aarch64"}
EMULATED_IN_SECONDS = frozenset({"chmod", "chown", "download"})
"""What is built under emulation in the short form too: no compiler runs in it."""

BUILT_IN_SHORT = EMULATED_IN_SECONDS | {"web"}

pytestmark = pytest.mark.skipif(
    host.machine() != "x86_64", reason="the cross compilers of the bases run on amd64"
)


@dataclass(frozen=True)
class Project:
    """A case laid into a folder, as it is and mended."""

    case: FixCase
    engine: DockerEngine
    folder: Path
    dockerfile: str
    fixed: Fixed

    def before(self, platform: str) -> BuiltImage:
        return self._build("before", self.dockerfile, platform)

    def after(self, platform: str) -> BuiltImage:
        return self._build("after", self.fixed.text, platform)

    def _build(self, name: str, dockerfile: str, platform: str) -> BuiltImage:
        tar = self.folder / f"{name}-{platform.replace('/', '-')}.tar"
        return build_image(self.engine, self.folder / "context", dockerfile, platform, tar)


@pytest.fixture(scope="session")
def downloads() -> Iterator[tuple[str, bytes]]:
    """The address of a server on loopback, and the one archive that it has."""
    archive = _archive()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(archive)))
            self.end_headers()
            self.wfile.write(archive)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", archive
        server.shutdown()


@pytest.fixture
def project(
    request: pytest.FixtureRequest,
    docker_engine: DockerEngine,
    base_registry: Registry,
    downloads: tuple[str, bytes],
    tmp_path: Path,
) -> Project:
    case: FixCase = request.param
    address, archive = downloads
    names = {name: base_registry.reference(base) for name, base in BASES.items()}
    text = case.dockerfile.format(**names, files=address)
    sums = f"{hashlib.sha256(archive).hexdigest()}  data.tar.gz\n"
    for name, content in case.files.items():
        path = tmp_path / "context" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("{sums}", sums))
    return Project(case, docker_engine, tmp_path, text, mended(text, case))


def mended(text: str, case: FixCase) -> Fixed:
    """The Dockerfile as `--fix` leaves it; it is not touched a second time."""
    first, second = _fix(text, case), None
    second = _fix(first.text, case)
    assert (second.text, second.applied) == (first.text, ())
    return first


def _fix(text: str, case: FixCase) -> Fixed:
    file = parse(text)
    platforms = tuple(map(Platform.parse, PLATFORMS))
    view = view_of(file, platforms=platforms, build_platform=platforms[0])
    return fix_file(file, findings_in(view), view, allow=case.allow)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_is_mended_and_what_stays(case: FixCase) -> None:
    text = case.dockerfile.format(**BASES, files="http://127.0.0.1:1")
    fixed = mended(text, case)
    assert {one.rule for one in fixed.applied} == set(case.rules)
    assert all(line in fixed.text for line in case.stays)
    assert not case.program or f"/{case.program}" in fixed.outputs_to_check


@pytest.mark.parametrize(
    "project",
    [
        pytest.param(
            case, id=case.name, marks=() if case.name in BUILT_IN_SHORT else pytest.mark.long
        )
        for case in CASES
    ],
    indirect=True,
)
def test_a_mended_file_gives_the_same_image(project: Project) -> None:
    """Where a compiler runs, only the builder's own platform is built twice."""
    case = project.case
    for platform in PLATFORMS:
        after = project.after(platform)
        if platform == NATIVE or case.name in EMULATED_IN_SECONDS:
            compare(project.before(platform), after, case)
        prove(after, project)


@pytest.mark.long
@pytest.mark.parametrize("project", CASES, ids=[case.name for case in CASES], indirect=True)
def test_a_mended_file_gives_what_emulation_gave(project: Project) -> None:
    """The whole build under emulation beside the one that cross-compiles."""
    after = project.after(FOREIGN)
    compare(project.before(FOREIGN), after, project.case)
    prove(after, project)


def compare(before: BuiltImage, after: BuiltImage, case: FixCase) -> None:
    """Hold two images against each other."""
    files = [shown(image.files(), case) for image in (before, after)]
    assert files[0].keys() == files[1].keys()
    assert {name: (files[0][name], files[1][name]) for name in files[0]} == {
        name: (files[0][name], files[0][name]) for name in files[0]
    }


def shown(files: Mapping[str, BuiltFile], case: FixCase) -> dict[str, BuiltFile]:
    """What has to be the same: all, without the bytes of a program of another compiler."""
    found = dict(files)
    if not case.same_bytes:
        found[case.program] = replace(found[case.program], digest="")
    return found


def prove(image: BuiltImage, project: Project) -> None:
    """See that the program is the platform's own, and run it."""
    case = project.case
    if not case.program:
        return
    assert f"/{case.program}" in project.fixed.outputs_to_check
    assert Elf.parse(image.content(case.program)).machine == MACHINES[image.platform]
    root = image.unpacked(project.folder / f"root-{image.platform.replace('/', '-')}")
    said = run_in_root(root, [f"/{case.program}"])
    assert said == case.says.format(arch=image.platform.partition("/")[2])


@functools.cache
def _archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("one.json", "deep/two.json"):
            content = f'{{"name": "{name}"}}\n'.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
