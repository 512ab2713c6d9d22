"""A project for each test, and registries that run beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.environments import Staged
from tests.support.tiny_project import TinyProject
from tests.support.warm import WarmPolyarch, warm_polyarch


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    """The usual tiny project, clean and committed."""
    return TinyProject.make(tmp_path / "project")


@pytest.fixture
def registries() -> Iterator[tuple[SandboxRegistry, ...]]:
    """Three registries that take everything from everybody, until a test gives them quirks."""
    three = tuple(SandboxRegistry() for _ in range(3))
    with running(*three):
        yield three


@pytest.fixture
def published(project: TinyProject, registries: tuple[SandboxRegistry, ...]) -> TinyProject:
    """The project, whose destinations are the three registries."""
    repositories = ", ".join(f'"{each.host}/team/{{image}}"' for each in registries)
    text = (project.root / "polyarch.toml").read_text()
    lines = [
        f"repositories = [{repositories}]" if line.startswith("repositories") else line
        for line in text.splitlines()
    ]
    project.toml("\n".join(lines) + "\n")
    project.commit("Publish here")
    return project


@pytest.fixture
def three() -> Iterator[tuple[SandboxRegistry, ...]]:
    """Three registries, the second of them like GHCR."""
    unlike = SandboxRegistry(), SandboxRegistry(quirks=GHCR), SandboxRegistry()
    with running(*unlike):
        yield unlike


@pytest.fixture
def staged(tmp_path: Path, three: tuple[SandboxRegistry, ...]) -> Staged:
    """A project with a staging environment; nothing stands there yet."""
    return Staged.make(tmp_path / "project", [each.host for each in three])


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmPolyarch]:
    """Starts the command many times in short order."""
    with warm_polyarch() as parent:
        yield parent


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Help is wrapped to the width of whoever runs the tests, else."""
    monkeypatch.setenv("COLUMNS", "80")
