"""Programs that nobody trusts, kept within bounds; nothing of them is left."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from polyarch.errors import ProgramNotFoundError
from polyarch.host.kin import Process, kin
from polyarch.host.watched import MEBIBYTE, Bounds, Cut, Watched, watch
from tests.support.running import processes_with

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def watched(
    script: str,
    last_words: re.Pattern[bytes] | None = None,
    *,
    timeout_s: float = 60,
    output_bytes: int = 100_000,
    file_bytes: int = MEBIBYTE,
    processes: int = 100,
) -> Watched:
    bounds = Bounds(
        timeout_s=timeout_s, output_bytes=output_bytes, file_bytes=file_bytes, processes=processes
    )
    words = ["sh", "-c", script]
    return watch(words, environment=ENVIRONMENT, bounds=bounds, last_words=last_words)


def test_a_good_end():
    found = watched("echo said; echo told >&2; exit 3")
    assert (found.status, found.output, found.cut) == (3, b"said\ntold\n", None)
    assert found.dropped == 0


def test_a_signal():
    assert watched("kill -SEGV $$").status == -11


def test_an_end_without_output():
    found = watched("exec >&- 2>&-; sleep 0.2; exit 4")
    assert (found.status, found.output) == (4, b"")


def test_all_that_was_said_comes():
    for _ in range(20):
        assert watched("seq 1 2000").output.endswith(b"\n1999\n2000\n")


def test_time():
    began = time.monotonic()
    found = watched("echo started; sleep 73210 & sleep 73210", timeout_s=0.5)
    assert (found.cut, found.output) == (Cut.TIME, b"started\n")
    assert found.load is not None
    assert found.load < 0.05
    assert time.monotonic() - began < 10
    assert not processes_with("73210")


def test_a_busy_end():
    found = watch(
        [sys.executable, "-c", "while True: pass"],
        environment=ENVIRONMENT,
        bounds=Bounds(timeout_s=1),
    )
    assert found.load is not None
    assert found.load > 0.05


def test_deaf_programs_that_left_the_session():
    script = "trap '' TERM; setsid sh -c \"trap '' TERM; sleep 73211; :\" & sleep 73211; :"
    assert watched(script, timeout_s=1).cut is Cut.TIME
    assert not processes_with("73211")


def test_daemons():
    """Without session, parents or anything but their environment."""
    daemon = "(setsid sh -c 'sleep 73213; :' >&- 2>&- &)"
    assert watched(f"{daemon}; {daemon}; exit 6").status == 6
    assert not processes_with("73213")


def test_what_a_good_end_leaves_behind():
    found = watched("setsid sleep 73212 & sleep 0.5; echo done")
    assert found.output == b"done\n"
    assert not processes_with("73212")


def test_a_flood():
    found = watched("yes", timeout_s=0.5, output_bytes=1000)
    assert found.cut is Cut.TIME
    assert len(found.output) < 1100
    assert found.dropped > 1000


def test_a_flood_of_what_outlives_its_program():
    began = time.monotonic()
    assert watched("setsid yes & exit 5").status == 5
    assert time.monotonic() - began < 10


def test_memory():
    found = watch(
        [sys.executable, "-c", "kept = [b'x' * (1 << 20) for _ in range(400)]; input()"],
        environment=ENVIRONMENT,
        bounds=Bounds(memory_bytes=200 * MEBIBYTE, timeout_s=60),
    )
    assert found.cut is Cut.MEMORY or b"MemoryError" in found.output


def test_processes():
    found = watched("for i in $(seq 20); do sleep 30 & done; wait", processes=10)
    assert found.cut is Cut.PROCESSES


def test_files(tmp_path: Path):
    script = f"head -c 3000000 /dev/zero > {tmp_path}/big; wc -c < {tmp_path}/big"
    assert watched(script, file_bytes=1 << 20).output.split()[-1] == b"1048576"


def test_last_words():
    began = time.monotonic()
    found = watched("echo farewell; sleep 60", re.compile(b"farewell"), timeout_s=60)
    assert found.cut is Cut.LAST_WORDS
    assert time.monotonic() - began < 20
    assert watched("echo farewell; exit 7", re.compile(b"farewell")).status == 7


def test_no_such_program():
    with pytest.raises(ProgramNotFoundError):
        watch(["polyarch-no-such-program"], environment=ENVIRONMENT, bounds=Bounds())


def test_kin():
    own = Process.read(os.getpid())
    assert own
    assert own.parent == os.getppid()
    assert own.memory_bytes > MEBIBYTE
    assert own.tracer == 0
    assert os.getpid() in {each.pid for each in kin(os.getpid())}
    assert not kin(2**22 + 1)
    assert Process.read(2**22 + 1) is None
