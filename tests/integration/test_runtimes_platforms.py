"""Programs of every platform, of glibc and musl, run for real: as root and as nobody."""

import os
import pickle
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyarch.runtimes.catalog import find_runtimes
from polyarch.runtimes.outcome import Outcome, Reason, Status
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.run import run
from polyarch.runtimes.smoke import SmokeTest
from tests.lab.absence import require
from tests.lab.roots import busybox_root, debian_root
from tests.support.running import (
    TARGETS,
    File,
    Recipe,
    Runnable,
    compiled,
    dynamic,
    image,
    image_of,
    layer,
    with_program,
)

pytestmark = pytest.mark.real

NOBODY = 65534
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}

QEMU_ENDER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* QEMU hides itself from a program in /proc/self/maps alone: overwrite the emulator's code. */
int main(void) {
    static char zeros[4096];
    char line[512];
    FILE *maps = fopen("/proc/thread-self/maps", "r");
    int memory = open("/proc/self/mem", O_RDWR);
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long at, end;
        int code = strstr(line, "qemu-") && strstr(line, "r-xp");
        if (code && sscanf(line, "%lx-%lx", &at, &end) == 2)
            for (; at < end; at += sizeof zeros)
                pwrite(memory, zeros, sizeof zeros, (long)at);
    }
    return 0;
}
"""


@pytest.fixture(params=["bubblewrap", "proot"])
def runtime(request: pytest.FixtureRequest) -> str:
    require("qemu", request.param)
    return str(request.param)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that everybody may use, and in which nothing may be left."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scratch")
        Path(folder).chmod(0o755)
        path.mkdir()
        path.chmod(0o777)
        yield path
        assert not list(path.iterdir())


def ran(made: Runnable, scratch: Path, test: SmokeTest | None = None, runtime: str = "") -> Outcome:
    request = RunRequest(
        store=made.store,
        manifest=made.manifest,
        platform=made.platform,
        environment=ENVIRONMENT,
        test=test or SmokeTest(),
        runtime=runtime or "auto",
        scratch=scratch,
    )
    return run(request)


def as_nobody(work: Callable[[], Outcome]) -> Outcome:
    """Do something in a process of an ordinary user."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.chdir("/")
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    outcome = pickle.loads(told)  # noqa: S301 - our own child
    assert isinstance(outcome, Outcome)
    return outcome


@pytest.mark.parametrize("platform", TARGETS)
def test_every_platform(runtime: str, platform: str, scratch: Path) -> None:
    outcome = ran(with_program(platform), scratch, SmokeTest(matches="^hello"), runtime)
    assert outcome.passed, outcome
    native = platform in {"linux/amd64", "linux/386"}
    assert outcome.how == ("native" if native else "emulated")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root to become nobody")
@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_as_an_ordinary_user(runtime: str, platform: str, scratch: Path) -> None:
    """In an image of whose files most are root's, and some for root alone."""
    shut = File(name="root/secret", content=b"x", mode=0o600)
    made = with_program(platform, File(name="root/", mode=0o700), shut, User="7:8")
    who = SmokeTest(run=("/program", "who"), matches=r"^7:8 /$")
    assert ran(made, scratch, who, runtime).passed
    outcome = as_nobody(lambda: ran(made, scratch, who, runtime))
    assert outcome.passed, outcome


def test_qemu_that_crashes_itself(scratch: Path) -> None:
    require("qemu", "bubblewrap")
    platform = "linux/arm64"
    files = [File(name="program", content=compiled(platform, QEMU_ENDER, "-static"))]
    outcome = ran(image(Recipe(platform=platform, layers=[files])), scratch, None, "bubblewrap")
    assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.EMULATOR_CRASH)
    assert "QEMU itself crashed" in outcome.message
    assert "machine of its own" in outcome.hint


def test_a_shell_that_starts_what_is_wrong(runtime: str, scratch: Path) -> None:
    """The shell is right, and so is what it is asked to do: only a run shows what it starts."""
    base = busybox_root("linux/arm64").read_bytes()
    wrong = layer([File(name="app", content=compiled("linux/amd64", "int main(){return 0;}"))])
    config = {"Entrypoint": ["sh", "-c", "/app"], "Env": ["PATH=/bin"]}
    made = image_of(Recipe(platform="linux/arm64", config=config), [base, wrong])
    outcome = ran(made, scratch, None, runtime)
    assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.WRONG_ARCHITECTURE)
    assert "/app" in outcome.message


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
@pytest.mark.parametrize("without", ["", "library", "loader"])
def test_musl(runtime: str, platform: str, without: str, scratch: Path) -> None:
    outcome = ran(dynamic(platform, without=without), scratch, None, runtime)
    expected = {"": Reason.NONE, "library": Reason.MISSING_LIBRARY, "loader": Reason.MISSING_LOADER}
    assert outcome.reason is expected[without], outcome


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_glibc(runtime: str, platform: str, scratch: Path) -> None:
    """In Debian's own root: perl with its libraries, without one of them, without the loader."""
    root = debian_root(platform)
    with tarfile.open(root) as tar:
        names = tar.getnames()
    [library] = [name for name in names if "/libcrypt.so.1." in name]
    loader = "lib64/ld-linux-x86-64.so.2" if platform == "linux/amd64" else "lib/ld-linux-aarch64"
    loaders = [name.removeprefix("./") for name in names if loader in name]
    test = SmokeTest(run=("perl", "-e", "print 6 * 7"), matches="^42$", timeout_s=120)
    base = root.read_bytes()
    recipe = Recipe(platform=platform, config={"Env": ["PATH=/usr/bin:/bin"]})

    def without(*gone: str) -> Outcome:
        hidden = [File(name=whiteout(name.removeprefix("./"))) for name in gone]
        return ran(image_of(recipe, [base, layer(hidden)]), scratch, test, runtime)

    assert without().passed
    found = without(library)
    assert (found.reason, "libcrypt.so.1" in found.message) == (Reason.MISSING_LIBRARY, True)
    assert without(*loaders).reason is Reason.MISSING_LOADER


def whiteout(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return f"{folder}/.wh.{last}"


def test_what_is_here() -> None:
    """Podman does not start containers on every machine; then it says so and is not used."""
    found = {info.name: info for info in find_runtimes(ENVIRONMENT)}
    for info in found.values():
        assert info.usable or (info.problem and info.hint), info
