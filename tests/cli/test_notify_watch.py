"""A watch tells people when what it finds changes, and is silent as long as it stays the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.receivers import Receivers, receivers
from tests.support.tiny_project import TinyProject
from tests.support.watched import Held, published_as, published_in, ruled

Registries = tuple[SandboxRegistry, ...]
IN_CI = {"CI": "true", "POLYARCH_EVENT": "schedule", "POLYARCH_REF": "refs/heads/main"}


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known


@pytest.fixture
def shown(tmp_path: Path, registries: Registries) -> TinyProject:
    """A release in two registries, and records in a third."""
    places, store = registries[:2], registries[2]
    project = published_in(tmp_path / "project", places)
    ruled(project, f'\n[runs]\nstore = "{store.host}/team/runs"\n')
    published_as(project, "refs/tags/v1.2.0")
    return project


def look(
    project: TinyProject, received: Receivers, *words: str, code: int = 0, ci: bool = False
) -> list[str]:
    """Watch, and give what was told by all watches."""
    urls = {"POLYARCH_NOTIFY_URLS": received.at("/hook"), **(IN_CI if ci else {})}
    said = project.run("watch", "--json", "--sample", "0", *words, more=urls)
    assert said.code == code, said
    return [each.json["kind"] for each in received.got]


def test_only_what_changes_is_told(
    shown: TinyProject, received: Receivers, registries: Registries
) -> None:
    assert look(shown, received) == []
    Held(registries[1]).lose_child("1.2.0", "linux/s390x")
    assert look(shown, received, code=1) == ["failure"]
    assert look(shown, received, code=1) == ["failure"]
    assert look(shown, received, "--fail-on", "error", code=1) == ["failure"]
    registries[1].storage.delete_tag("team/app", "1.2")
    assert look(shown, received, code=1) == ["failure", "failure"]
    first, second = (each.json for each in received.got)
    assert first["verb"] == first["line"] == "watch"
    assert first["images"] == ["app"]
    assert first["platforms"] == ["linux/s390x"]
    assert first["what"] == "1 new finding"
    assert first["findings"][0].startswith(f"W103 {registries[1].host}/team/app@sha256:")
    assert "--repair" in first["hint"]
    assert second["what"] == "1 new finding, 1 known from before"
    assert "1.2" in second["findings"][0]
    assert look(shown, received, "--repair") == ["failure", "failure", "recovery"]
    assert look(shown, received) == ["failure", "failure", "recovery"]


def test_the_store_remembers_for_machines_that_do_not(
    shown: TinyProject, received: Receivers, registries: Registries, tmp_path: Path
) -> None:
    def machine(name: str) -> TinyProject:
        root = tmp_path / name
        shown.git("clone", "--quiet", str(shown.root), str(root))
        return TinyProject(root=root, environment=shown.environment)

    Held(registries[1]).lose_child("1.2.0", "linux/s390x")
    assert look(machine("one"), received, code=1, ci=True) == ["failure"]
    assert look(machine("two"), received, code=1, ci=True) == ["failure"]
    registries[0].quirks = Quirks(denied_actions=frozenset({"pull"}))
    assert look(machine("three"), received, code=7, ci=True) == ["failure", "failure"]
    registries[0].quirks = Quirks()
    assert look(machine("four"), received, "--repair", ci=True)[-1] == "recovery"
    listed = shown.run("runs", "--store", "--json").document["runs"]
    watches = [each["id"] for each in listed if each["verb"] == "watch"]
    assert len(watches) == 4
    said = shown.run("runs", "report", watches[-1], "--store")
    assert "W103" in said.stdout, said
