import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from polyarch.errors import ProcessFailedError, ProgramNotFoundError
from polyarch.host import process

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(pid: int) -> bool:
    """Whether it is gone soon: a signal takes a moment."""
    deadline = threading.Event()
    return any(not alive(pid) or deadline.wait(0.05) for _ in range(200))


def test_only_the_environment_that_is_handed_in(monkeypatch):
    monkeypatch.setenv("CANARY", "secret")
    done = process.run(python("import os; print(sorted(os.environ))"), environment={"ONLY": "1"})
    assert "CANARY" not in done.stdout
    assert "ONLY" in done.stdout


def test_a_failed_program_tells_its_last_lines():
    with pytest.raises(ProcessFailedError) as caught:
        process.run(
            python("import sys; print('why', file=sys.stderr); sys.exit(3)"),
            environment=ENVIRONMENT,
        )
    assert caught.value.status == 3
    assert caught.value.last_lines == ("why",)


def test_a_program_that_is_not_there():
    with pytest.raises(ProgramNotFoundError, match="no-such-program"):
        process.run(["no-such-program"], environment=ENVIRONMENT)
    assert process.find_program("no-such-program", ENVIRONMENT) is None


def test_a_program_that_cannot_be_started_is_not_said_to_be_absent(tmp_path):
    for folder, argument in ((tmp_path / "gone", ""), (tmp_path, "x" * 5_000_000)):
        with pytest.raises(ProgramNotFoundError) as caught:
            process.run(["true", argument], environment=ENVIRONMENT, folder=folder)
        assert "cannot be started" in caught.value.message
        assert "PATH" not in caught.value.message


def test_a_program_that_says_nothing_is_given_up():
    with pytest.raises(ProcessFailedError, match="no answer"):
        process.run(python("import time; time.sleep(60)"), environment=ENVIRONMENT, timeout_s=0.2)


def test_arguments_are_data_not_shell(tmp_path):
    hostile = f"$(touch {tmp_path}/made); `id` && echo 'x' | \"y\" \n*"
    done = process.run(
        [*python("import sys; print(sys.argv[1], end='')"), hostile], environment=ENVIRONMENT
    )
    assert done.stdout == hostile
    assert not (tmp_path / "made").exists()


def test_lines_come_as_they_are_printed():
    lines: list[str] = []
    code = "import sys; print('one'); print('two', file=sys.stderr)"
    process.stream(
        python(code),
        environment={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        on_line=lines.append,
    )
    assert lines == ["one", "two"]


def test_a_failed_stream_carries_the_end_of_its_output():
    code = "import sys\nfor n in range(100): print(n)\nsys.exit(4)"
    with pytest.raises(ProcessFailedError) as caught:
        process.stream(python(code), environment=ENVIRONMENT, on_line=lambda _line: None)
    assert caught.value.status == 4
    assert caught.value.last_lines[-1] == "99"
    assert len(caught.value.last_lines) == process.LAST_LINES


@pytest.mark.parametrize(
    "code",
    [
        "import time; print('at work', flush=True); time.sleep(600)",
        "import subprocess; print('at work', flush=True); subprocess.Popen(['sleep', '600'])",
    ],
    ids=["itself", "a child that holds its output"],
)
def test_a_stream_that_takes_too_long_is_ended(code: str):
    lines: list[str] = []
    with pytest.raises(ProcessFailedError) as caught:
        process.stream(python(code), environment=ENVIRONMENT, on_line=lines.append, timeout_s=1.5)
    assert lines == ["at work"]
    assert caught.value.last_lines == ("at work", "no end within 1.5 s")


def test_a_stream_that_falls_silent_is_ended_with_all_that_it_started():
    """Also a child that has a session of its own and holds the output."""
    code = (
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    lines: list[str] = []
    with pytest.raises(ProcessFailedError) as caught:
        process.stream(
            python(code),
            environment=ENVIRONMENT,
            on_line=lines.append,
            timeout_s=500,
            silent_s=2,
        )
    assert caught.value.is_silent
    assert not caught.value.is_late
    assert caught.value.last_lines == (lines[0], "silent for 2 s")
    assert ends(int(lines[0]))


def test_a_stream_that_speaks_is_not_silent():
    """It lives longer than it may be silent, and never is as long as that."""
    code = "import time\nfor n in range(8): print(n, flush=True); time.sleep(0.5)"
    lines: list[str] = []
    process.stream(python(code), environment=ENVIRONMENT, on_line=lines.append, silent_s=3)
    assert len(lines) == 8


def test_lines_that_say_nothing_are_no_sign_of_life():
    code = "import time\nwhile True: print('tick', flush=True); time.sleep(0.05)"
    with pytest.raises(ProcessFailedError) as caught:
        process.stream(
            python(code),
            environment=ENVIRONMENT,
            on_line=lambda line: line != "tick",
            timeout_s=500,
            silent_s=1,
        )
    assert caught.value.is_silent
    assert caught.value.last_lines[-2:] == ("tick", "silent for 1 s")


def test_an_interrupt_ends_the_program_and_its_children():
    """The listener raises as Ctrl-C would; the grandchild must be gone too."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.stream(python(code), environment=ENVIRONMENT, on_line=interrupt)
    assert ends(pids[0])


def test_what_runs_in_other_threads_is_ended_and_followed_by_nothing(tmp_path):
    started, failures = threading.Event(), []

    def work() -> None:
        try:
            process.stream(
                python("print('up', flush=True); import time; time.sleep(600)"),
                environment=ENVIRONMENT,
                on_line=lambda _line: started.set(),
            )
        except ProcessFailedError as error:
            failures.append(error.status)
        try:
            process.stream(touch, environment=ENVIRONMENT, on_line=lambda _line: None)
        except ProcessFailedError as error:
            failures.append(error.status)

    touch = python(f"open({str(tmp_path / 'next')!r}, 'w')")
    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    with process.ending_all():
        thread.join(30)
    assert failures == [-signal.SIGTERM, -signal.SIGTERM]
    assert not (tmp_path / "next").exists()
    process.stream(touch, environment=ENVIRONMENT, on_line=lambda _line: None)
    assert (tmp_path / "next").exists()


def test_all_get_the_same_few_seconds_to_end(monkeypatch):
    monkeypatch.setattr(process, "_GRACE_S", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{deaf}; print('up', flush=True); time.sleep(600)"
    ready, statuses = threading.Semaphore(0), []

    def work() -> None:
        try:
            process.stream(
                python(code), environment=ENVIRONMENT, on_line=lambda _line: ready.release()
            )
        except ProcessFailedError as error:
            statuses.append(error.status)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert ready.acquire(timeout=30)
    with process.ending_all():
        for thread in threads:
            thread.join(30)
    assert statuses == [-signal.SIGKILL] * 3


def test_a_child_that_outlives_its_program_is_ended_too(monkeypatch):
    """It hears no SIGTERM, and its program is gone before anybody asks again."""
    monkeypatch.setattr(process, "_GRACE_S", 5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = f"{deaf}; print('up', flush=True); time.sleep(600)"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.stream(python(code), environment=ENVIRONMENT, on_line=interrupt)
    moment = threading.Event()
    for _ in range(100):
        if not alive(pids[0]):
            break
        moment.wait(0.05)
    assert not alive(pids[0])
