"""What `import polyarch` promises to scripts."""

import inspect
import subprocess
import sys
import textwrap
from importlib.resources import files

import pytest

import polyarch
from tests.support.tiny_project import TinyProject


def test_all_is_sorted_and_complete():
    assert list(polyarch.__all__) == sorted(polyarch.__all__)
    assert {*polyarch.__all__} <= {*dir(polyarch)}
    assert {*polyarch._HOMES} == {*polyarch.__all__} - {"__version__"}


@pytest.mark.parametrize("name", polyarch.__all__)
def test_every_name_is_there(name: str):
    assert getattr(polyarch, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="publish_everything"):
        _ = polyarch.publish_everything  # type: ignore[attr-defined]  # this is the point


def test_importing_costs_nothing():
    code = "import sys; before = set(sys.modules); import polyarch; print(*set(sys.modules)-before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"polyarch", "polyarch._version"}


def test_types_are_shipped():
    assert files("polyarch").joinpath("py.typed").is_file()


def test_the_script_of_the_docstring_publishes(tmp_path):
    project = TinyProject.make(tmp_path / "project")
    block = inspect.cleandoc(polyarch.__doc__ or "").split("for scripts:\n\n")[1]
    script = textwrap.dedent(block.split("\n\nNothing in here")[0])
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    repositories = [line.split()[0] for line in done.stdout.splitlines()]
    assert repositories == ["ghcr.io/team/app", "docker.io/team/app"]
    assert all("published sha256:" in line for line in done.stdout.splitlines())
