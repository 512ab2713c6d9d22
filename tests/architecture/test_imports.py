"""What is imported when: rooms downward only, and heavy libraries only where they are used."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.tiny_project import TinyProject

ROOT = Path(__file__).parents[2]

_REPORT = """\
import atexit, sys
def report():
    names = {name.partition(".")[0] for name in sys.modules}
    sys.stderr.write("MODULES " + " ".join(sorted(names)) + "\\n")
atexit.register(report)
from polyarch.__main__ import main
sys.exit(main())
"""


def modules(project: TinyProject, *words: str) -> set[str]:
    """The packages that a call has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT, *words],
        cwd=project.root,
        env=dict(project.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    return set(line.split()[1:])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    return TinyProject.make(tmp_path_factory.mktemp("imports") / "project")


LOCAL: Sequence[str] = (
    "--help",
    "plan --help",
    "publish --help",
    "sandbox --help",
    "schema",
    "config show",
    "completion bash",
    "plan --offline",
    "plan --offline --json",
    "build",
    "build --json --force",
    "doctor --offline",
    "inspect oci:.polyarch/parts/app/linux-s390x",
)


@pytest.mark.parametrize("words", LOCAL)
def test_only_verbs_that_talk_to_a_registry_import_aiohttp(project: TinyProject, words: str):
    if words.startswith("inspect"):
        assert project.run("build").code == 0
    assert "aiohttp" not in modules(project, *words.split())


def test_a_verb_that_does_talk_imports_it(project: TinyProject):
    """Or the test above would prove nothing."""
    assert "aiohttp" in modules(project, "publish", "--sandbox")


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_told_before_the_framework_is_there(project: TinyProject, word: str):
    assert not {"click", "rich", "msgspec", "asyncio", "typing"} & modules(project, word)


@pytest.mark.parametrize(
    "words", ["--help", "schema", "config show", "plan --offline --json", "build"]
)
def test_tables_are_drawn_by_those_who_show_some(project: TinyProject, words: str):
    assert "rich" not in modules(project, *words.split())


@pytest.mark.parametrize("words", ["--help", "publish --help", "completion bash", "schema"])
def test_help_and_completion_are_quick(project: TinyProject, words: str):
    assert not {"asyncio", "ssl", "rich", "regress"} & modules(project, *words.split())


def test_rooms_import_downward_only():
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("import-linter is not installed")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
