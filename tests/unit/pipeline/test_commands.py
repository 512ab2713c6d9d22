import os
from pathlib import Path

import pytest

from polyarch.errors import ProgramNotFoundError, StorageError
from polyarch.pipeline.commands import Commands, Ended

ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(root=tmp_path, environment=ENVIRONMENT)


def script(commands: Commands, text: str, *, mode: int = 0o755) -> str:
    path = commands.root / "run.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return "./run.sh"


def run(commands: Commands, *words: str, timeout_s: float = 60) -> Ended:
    log = commands.root / "log"
    return commands.run(words, log, {"MORE": "more"}, timeout_s=timeout_s)


def test_it_runs_in_the_root_and_sees_what_it_is_given(commands: Commands):
    word = script(commands, 'pwd; echo "$1 $MORE"')
    ended = run(commands, word, "a b; echo c")
    assert ended.problem == ""
    assert ended.last_lines == (str(commands.root), "a b; echo c more")
    assert (commands.root / "log").read_text() == (
        f"$ ./run.sh 'a b; echo c'\n{commands.root}\na b; echo c more\n# done\n"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("exit 3", "ended with status 3"),
        ("kill -9 $$", "was ended by signal 9"),
        ("exec sleep 60", "was ended: no end within 0.5 s"),
    ],
)
def test_what_goes_wrong_is_told_in_words(commands: Commands, text: str, problem: str):
    word = script(commands, f"echo before\n{text}")
    ended = run(commands, word, timeout_s=0.5 if "sleep" in text else 60)
    assert ended.problem == problem
    assert ended.last_lines == ("before",)
    assert (commands.root / "log").read_text().endswith(f"# {problem}\n")


def test_a_program_that_has_gone(commands: Commands):
    ended = run(commands, "no-such-program")
    assert ended.problem == "cannot be run: the program `no-such-program` is not on PATH"


@pytest.mark.parametrize(("mode", "told"), [(None, "is not there"), (0o644, "may not be executed")])
def test_a_script_that_cannot_run_is_told_beforehand(
    commands: Commands, mode: int | None, told: str
):
    word = "./run.sh" if mode is None else script(commands, "", mode=mode)
    with pytest.raises(ProgramNotFoundError) as raised:
        commands.check([word], "`images.app.gates`")
    assert raised.value.message == f"the program `./run.sh` {told}"
    assert raised.value.where == "`images.app.gates`, on this machine"


def test_a_name_with_a_placeholder_is_known_later(commands: Commands):
    commands.check(["./{platform}.sh"], "gates")


def test_a_log_that_cannot_be_written(commands: Commands):
    (commands.root / "log").mkdir()
    with pytest.raises(StorageError):
        run(commands, "true")
