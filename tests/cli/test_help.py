"""What a newcomer types first."""

from pathlib import Path

import pytest

from polyarch._version import __version__
from polyarch.cli.app import VERBS
from tests.support.golden import compare, session
from tests.support.tiny_project import TinyProject

GOLDEN = Path(__file__).parent / "golden" / "help"

RUNS = ("show", "logs", "report", "import", "who")
CALLS = (
    "",
    "--help",
    "config",
    "config show --help",
    *(f"{verb} --help" for verb in VERBS),
    *(f"runs {verb} --help" for verb in RUNS),
)


@pytest.mark.parametrize("command", CALLS)
def test_help(project: TinyProject, command: str):
    said = project.run(*command.split())
    assert "\\b" not in said.stdout + said.stderr
    compare(GOLDEN / f"{command or 'nothing'}.txt", session(project, command, said))


@pytest.mark.parametrize("verb", VERBS)
def test_the_short_form_is_the_same(project: TinyProject, verb: str):
    assert project.run(verb, "-h") == project.run(verb, "--help")


def test_help_needs_no_project(tmp_path: Path):
    nowhere = TinyProject.make(tmp_path / "nowhere", {}, git=False)
    assert nowhere.run("--help").code == 0
    assert nowhere.run("publish", "--help").code == 0


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_version(project: TinyProject, word: str):
    assert project.process(word).stdout == f"polyarch {__version__}\n"
    assert project.run(word).stdout == f"polyarch {__version__}\n"


def test_no_word_at_all_is_told_as_json_where_that_was_asked(project: TinyProject):
    said = project.run("config", "--json")
    assert said.code == 2
    assert said.document["exit_code"] == 2
