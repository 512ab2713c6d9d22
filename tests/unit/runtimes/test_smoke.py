"""How an end is judged: what is expected, what explains another end, and what never passes."""

import pytest

from polyarch.host.watched import Cut
from polyarch.runtimes.base import Ended
from polyarch.runtimes.outcome import How, Outcome, Reason, Status
from polyarch.runtimes.smoke import SmokeTest, judge
from polyarch.runtimes.symptoms import Circumstances

QEMU_11 = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"


def judged(
    status: int | None = 0,
    output: str = "",
    *,
    test: SmokeTest | None = None,
    how: How = "emulated",
    cut: Cut | None = None,
    load: float | None = None,
    quiet_s: float = 9,
    fault: str = "",
    killed: bool = False,
    java: bool = False,
    foreign: tuple[str, ...] = (),
) -> Outcome:
    ended = Ended(
        status=status, output=output, seconds=10, cut=cut, load=load, fault=fault, quiet_s=quiet_s,
        out_of_memory=killed,
    )  # fmt: skip
    about = Circumstances(
        platform="linux/arm64", how=how, runtime="docker", is_java=java, foreign=foreign
    )
    return judge(test or SmokeTest(), ("/app",), ended, about)


class TestExpected:
    def test_a_status(self) -> None:
        assert judged(0).passed
        assert judged(3, test=SmokeTest(exit=3)).passed
        assert judged(0, test=SmokeTest(exit=3)).reason is Reason.EXIT

    def test_an_output(self) -> None:
        test = SmokeTest(matches=r"^version \d")
        assert judged(0, "hello\nversion 1\n", test=test).passed
        other = judged(0, "no version\n", test=test)
        assert (other.status, other.reason) == (Status.FAILED, Reason.OUTPUT)
        assert "printed nothing" in judged(0, "", test=test).message
        assert judged(1, "version 1", test=test).reason is Reason.EXIT

    def test_words_of_trouble_in_a_good_end(self) -> None:
        """A program may print what it likes."""
        for said in (QEMU_11, "error while loading shared libraries: x: y", "Exec format error"):
            assert judged(0, said).passed


@pytest.mark.parametrize(
    ("status", "output", "how", "expected"),
    [
        (139, "", "native", Reason.SEGMENTATION_FAULT),
        (139, QEMU_11, "emulated", Reason.EMULATOR_CRASH),
        (139, "", "emulated", Reason.EMULATOR_CRASH),
        (1, QEMU_11, "emulated", Reason.EMULATOR_CRASH),
        (139, "QEMU internal SIGSEGV {code=MAPERR, addr=0x20}", "emulated", Reason.EMULATOR_CRASH),
        (134, "**\nERROR:../tcg/tcg.c:1:x: assertion failed", "emulated", Reason.EMULATOR_CRASH),
        (132, "", "native", Reason.ILLEGAL_INSTRUCTION),
        (1, "qemu: uncaught target signal 4 (x)", "emulated", Reason.ILLEGAL_INSTRUCTION),
        (134, "qemu: uncaught target signal 6 (Aborted)", "emulated", Reason.SIGNAL),
        (134, "", "native", Reason.SIGNAL),
        (137, "", "native", Reason.OUT_OF_MEMORY),
        (127, "/a: error while loading shared libraries: libz.so.1: cannot open", "native",
         Reason.MISSING_LIBRARY),
        (127, "Error loading shared library libz.so.1: No such file (needed by /a)", "native",
         Reason.MISSING_LIBRARY),
        (1, "/a: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /a)", "native",
         Reason.MISSING_LIBRARY),
        (127, "Error relocating /a: foo: symbol not found", "native", Reason.MISSING_LIBRARY),
        (127, "/a: symbol lookup error: /a: undefined symbol: foo", "native",
         Reason.MISSING_LIBRARY),
        (255, "qemu-aarch64-static: Could not open '/lib/ld-linux-aarch64.so.1': No such file",
         "emulated", Reason.MISSING_LOADER),
        (255, "qemu-arm-static: /x: Invalid ELF image for this architecture", "emulated",
         Reason.WRONG_ARCHITECTURE),
        (126, "sh: /x: cannot execute binary file: Exec format error", "native",
         Reason.EXEC_FORMAT),
        (126, "sh: /foreign: Permission denied", "native", Reason.WRONG_ARCHITECTURE),
        (126, "sh: /x: Permission denied", "native", Reason.PERMISSION_DENIED),
        (127, "sh: x: not found", "native", Reason.COMMAND_NOT_FOUND),
        (2, "usage: app", "native", Reason.EXIT),
    ],
)  # fmt: skip
def test_causes(status: int, output: str, how: How, expected: Reason) -> None:
    found = judged(status, output, how=how, foreign=("/foreign",))
    assert (found.status, found.reason) == (Status.FAILED, expected)
    assert found.message
    assert found.hint


class TestNeverPassed:
    @pytest.mark.parametrize("cut", list(Cut))
    def test_what_was_ended(self, cut: Cut) -> None:
        for expected in (0, 137, 143):
            test = SmokeTest(exit=expected)
            assert judged(None, QEMU_11, cut=cut, test=test).status is Status.FAILED

    def test_what_did_not_start(self) -> None:
        found = judged(1, fault="bwrap: execvp /a: x", test=SmokeTest(exit=1))
        assert (found.status, found.reason) == (Status.NOT_RUN, Reason.RUNTIME_FAILED)
        found = judged(1, fault="exec /a: exec format error", test=SmokeTest(exit=1))
        assert (found.status, found.reason) == (Status.NOT_RUN, Reason.NO_EMULATOR)

    def test_what_could_not_be_loaded_although_a_failure_is_expected(self) -> None:
        said = "error while loading shared libraries: libz.so.1: cannot open"
        assert judged(127, said, test=SmokeTest(exit=127)).reason is Reason.MISSING_LIBRARY

    def test_a_crash_under_qemu_although_it_is_expected(self) -> None:
        assert not judged(139, QEMU_11, test=SmokeTest(exit=139)).passed

    def test_what_was_killed_for_its_memory(self) -> None:
        found = judged(137, killed=True, test=SmokeTest(exit=137))
        assert found.reason is Reason.OUT_OF_MEMORY


class TestHanging:
    def test_idle_and_busy(self) -> None:
        idle = judged(None, cut=Cut.TIME, load=0.01)
        busy = judged(None, cut=Cut.TIME, load=0.9)
        unknown = judged(None, cut=Cut.TIME)
        assert judged(None, cut=Cut.TIME, load=0.01, quiet_s=0).reason is Reason.TIMEOUT
        assert [each.reason for each in (idle, busy, unknown)] == [
            Reason.HANG,
            Reason.TIMEOUT,
            Reason.TIMEOUT,
        ]
        assert "server" in idle.hint
        assert "emulation is slow" in busy.hint

    def test_java_under_qemu(self) -> None:
        assert "Java" in judged(None, cut=Cut.TIME, load=0, java=True).hint
        assert "Java" not in judged(None, cut=Cut.TIME, load=0, java=True, how="native").hint


def test_words_for_people() -> None:
    assert str(judged(0)) == "passed in 10.0 s (emulated, docker)"
    assert str(judged(3)).startswith("failed: it ended with exit code 3")
    assert str(judged(1, fault="x")).startswith("inspected only: ")
