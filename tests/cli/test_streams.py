"""stdout is data, stderr is for people; colours, terminals and pipes."""

import errno
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.tiny_project import COMMAND, NOTHING, TinyProject

ESCAPE = "\x1b"
COLOUR = re.compile("\x1b\\[(?:[0-9];)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])")
"""Not bold or dim, which NO_COLOR does not speak of (no-color.org)."""


def on_terminal(
    project: TinyProject, *words: str, more: Mapping[str, str] = NOTHING
) -> tuple[int, str]:
    """Run with stdout and stderr on a terminal, and give what it shows."""
    ours, theirs = pty.openpty()
    environment = {**project.environment, "TERM": "xterm-256color", "COLUMNS": "120", **more}
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=project.root, env=environment, stdin=theirs, stdout=theirs,
        stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([ours], [], [], 0.2)
        try:
            chunk = os.read(ours, 65536) if ready else b""
        except OSError:  # Linux: the other side is closed
            break
        if not chunk and process.poll() is not None:
            break
        shown += chunk
    os.close(ours)
    return process.wait(timeout=10), shown.decode()


class TestColour:
    def test_none_into_a_pipe(self, project: TinyProject):
        said = project.process("publish", "--sandbox")
        assert said.code == 0
        assert ESCAPE not in said.stdout + said.stderr

    def test_forced_into_a_pipe(self, project: TinyProject):
        said = project.process("plan", "--offline", more={"FORCE_COLOR": "1"})
        assert COLOUR.search(said.stdout)

    def test_no_color_wins(self, project: TinyProject):
        more = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
        assert ESCAPE not in project.process("plan", "--offline", more=more).stdout
        code, shown = on_terminal(project, "plan", "--offline", more={"NO_COLOR": "1"})
        assert code == 0
        assert not COLOUR.search(shown)

    def test_json_never_has_any(self, project: TinyProject):
        said = project.process("plan", "--offline", "--json", more={"FORCE_COLOR": "1"})
        assert said.document["schema"] == "polyarch.plan/v1"


class TestTerminal:
    def test_a_board_that_vanishes_and_tables_that_stay(self, project: TinyProject):
        code, shown = on_terminal(project, "publish", "--sandbox")
        assert code == 0, shown
        assert "\x1b[?25l" in shown, "the cursor is hidden while the board is drawn"
        assert "\x1b[?25h" in shown, "and comes back"
        assert "published" in shown
        assert "ghcr.io/team/app@sha256:" in shown

    def test_plain_lines_in_ci(self, project: TinyProject):
        code, shown = on_terminal(project, "build", more={"CI": "true"})
        assert code == 0
        assert "\x1b[?25l" not in shown
        assert "app linux/s390x: built" in shown

    def test_plain_lines_on_a_dumb_terminal(self, project: TinyProject):
        code, shown = on_terminal(project, "build", more={"TERM": "dumb"})
        assert code == 0
        assert "\x1b[?25l" not in shown
        assert "app linux/s390x: built" in shown

    def test_an_error_stands_below_the_board(self, project: TinyProject):
        project.write({"make.sh": "echo no room; exit 1\n"})
        code, shown = on_terminal(project, "build")
        assert code == 1
        assert "error: cannot build `app`" in shown.rpartition("\x1b[?25h")[2]


class TestQuiet:
    @pytest.mark.parametrize(
        "words", ["plan --offline", "build", "publish --sandbox", "doctor --offline"]
    )
    def test_stderr_is_silent_and_stdout_the_same(self, project: TinyProject, words: str):
        project.run(*words.split())  # so that both find the same
        loud, quiet = project.run(*words.split()), project.run(*words.split(), "--quiet")
        assert quiet.stderr == ""
        assert quiet.stdout == loud.stdout
        assert quiet.code == loud.code

    def test_warnings_stay(self, project: TinyProject):
        project.toml('+[images.app.platform.arm64]\nbuild-args = { X = "1" }\n')
        said = project.run("build", "--quiet", "--json")
        assert said.stderr.startswith("warning: ")
        assert said.document["schema"] == "polyarch.build/v1"


class TestPipes:
    def test_a_reader_that_goes_away(self, project: TinyProject):
        """`polyarch schema | head -1`: no traceback, whatever the status."""
        line = " ".join((*COMMAND, "schema", "|", "head", "-c", "1"))
        done = subprocess.run(
            ["sh", "-c", line], env={**project.environment, "PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""

    @pytest.mark.parametrize("words", ["schema", "plan --offline", "plan --offline --json"])
    def test_a_full_disk_behind_stdout(self, project: TinyProject, words: str):
        if not Path("/dev/full").exists():
            pytest.skip("this system has no /dev/full")
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*COMMAND, *words.split()], cwd=project.root, env=dict(project.environment),
                stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 4
        lines = done.stderr.splitlines()
        assert lines[0] == "error: cannot write: No space left on device"
        assert lines[1] == "  where: standard output"
        assert len(lines) == 3

    def test_closed_streams(self, project: TinyProject):
        shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", *COMMAND]
        done = subprocess.run(
            [*shell, "plan", "nowhere", "--json"], cwd=project.root, env=dict(project.environment),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3
        assert done.stdout.startswith("{")
        assert done.stdout.endswith("}\n")
        shell[2] = 'exec "$@" >&-'
        done = subprocess.run(
            [*shell, "plan", "--offline"], cwd=project.root, env=dict(project.environment),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
    def test_any_encoding(self, project: TinyProject, encoding: str):
        more = {"PYTHONIOENCODING": encoding}
        name = "größe-😀"
        drawn = project.process("plan", "--offline", more=more, encoding=encoding)
        assert drawn.code == 0, drawn
        said = project.process("plan", "--json", name, more=more, encoding=encoding)
        assert said.code == 3
        assert name in said.document["message"]
        assert encoding == "utf-8" or said.stdout.isascii()


def test_a_refusal_that_no_seam_expected(project: TinyProject, monkeypatch: pytest.MonkeyPatch):
    """Its own words are told, not a bug; what else the system says is one."""
    for number, code in ((errno.EMFILE, 4), (errno.ENOSPC, 4), (errno.EBADF, 70)):

        def refuse(*_: object, number: int = number, **__: object) -> None:
            raise OSError(number, os.strerror(number), "/some/file")

        monkeypatch.setattr("polyarch.cli.projects.load_project", refuse)
        said = project.run("plan", "--offline", "--json")
        assert (said.code, said.document["exit_code"]) == (code, code)
        assert code == 70 or said.document["where"] == "/some/file"
        assert os.strerror(number) in said.document["message"]
