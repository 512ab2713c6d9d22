"""What stands in files: no private place, no second home for a fact, pages that say what is."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import polyarch
from polyarch.cli.app import VERBS
from polyarch.cli.exit_codes import ExitCode
from polyarch.engines.catalog import ENGINES

ROOT = Path(__file__).parents[2]
SOURCE = Path(polyarch.__file__).parent
README, CHANGELOG, CONTRIBUTING = (
    (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
)


def tracked() -> list[Path]:
    """The files of the project that git knows; all that lie there where there is no git."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("this is no clone")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def python_files() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


PRIVATE = (
    re.compile(r"(?<![\w.])/" + "work/"),
    re.compile(r"(?<![\w.])/" + "home/(?!runner|builder|user)[a-z]+/"),
    re.compile(r"(?<![\w.])/" + "tmp/exp"),
    re.compile("py" + r"env/versions"),
)


def test_no_path_of_one_machine():
    for path, text in texts():
        for pattern in PRIVATE:
            assert not pattern.search(text), f"{path}: {pattern.pattern}"


def test_no_marks_of_unfinished_work():
    marks = re.compile(r"\b(" + "|".join(("FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
    for path, text in texts():
        assert not marks.search(text), path


def test_the_environment_is_read_in_one_place():
    """And the clock, and processes start in one."""
    homes = {
        "os.environ": {"cli/environment.py"},
        "os.getenv": set(),
        "datetime.now": {"cli/invocation.py"},
        "subprocess.run": {"host/process.py"},
        "subprocess.Popen": {"host/process.py"},
        "os.system": set(),
    }
    for path, tree in python_files():
        name = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                used = ast.unparse(node)
                assert used not in homes or name in homes[used], f"{name} uses {used}"


def test_nobody_below_the_command_line_prints():
    for path, tree in python_files():
        name = path.relative_to(SOURCE).as_posix()
        if name.startswith("cli/") or name == "__main__.py":
            continue
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
        assert not [c for c in calls if ast.unparse(c.func) == "print"], name
        assert not [c for c in calls if ast.unparse(c.func).startswith("sys.exit")], name


def test_every_room_says_what_it_is():
    for folder in SOURCE.iterdir():
        if (folder / "__init__.py").is_file():
            text = (folder / "__init__.py").read_text(encoding="utf-8")
            assert ast.get_docstring(ast.parse(text)), folder.name


def test_every_module_has_a_docstring_and_fits_a_sitting():
    for path, tree in python_files():
        assert ast.get_docstring(tree) or path.name == "_version.py", path
        lines = path.read_text(encoding="utf-8").count("\n")
        limits = {"errors/__init__.py": 600}
        name = path.relative_to(SOURCE).as_posix()
        assert lines <= limits.get(name, 310), f"{name} has {lines} lines"


def test_no_grab_bags():
    names = {path.stem for path in SOURCE.rglob("*.py")} | {
        path.name for path in SOURCE.rglob("*") if path.is_dir()
    }
    assert not names & {"utils", "util", "helpers", "helper_functions", "common", "misc", "manager"}


class TestReadme:
    @pytest.mark.parametrize("verb", VERBS)
    def test_every_verb(self, verb: str):
        assert f"`{verb}" in README

    @pytest.mark.parametrize("code", [int(code) for code in ExitCode])
    def test_every_exit_code(self, code: int):
        assert re.search(rf"\b{code} [a-z]", README.replace("\n", " "))

    @pytest.mark.parametrize("engine", ENGINES)
    def test_every_engine(self, engine: str):
        assert engine in README.lower()

    def test_the_two_commands(self):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        for target in ("demo", "test"):
            assert f"make {target}" in README
            assert re.search(rf"^{target}:", makefile, re.MULTILINE)

    def test_its_links_lead_somewhere(self):
        for text in (README, CONTRIBUTING):
            for target in re.findall(r"\]\(([^)#]+)\)", text):
                if "://" not in target:
                    assert (ROOT / target).exists(), target

    def test_its_polyarch_toml_is_right(self):
        from polyarch.config.load import load_text

        blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
        assert blocks
        for block in blocks:
            project = load_text(block)
            assert not project.warnings


@pytest.mark.parametrize("verb", VERBS)
def test_the_changelog_names_every_verb(verb: str):
    assert re.search(rf"`(polyarch )?{verb}\b", CHANGELOG)


def test_examples_are_right():
    from polyarch.config.load import load_project

    found = sorted((ROOT / "examples").glob("*/polyarch.toml"))
    assert found
    for file in found:
        assert load_project(file).images
