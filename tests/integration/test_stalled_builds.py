"""Builds that hang, in real engines: ended, explained, and nothing of them goes on."""

import threading
from pathlib import Path

import pytest

from polyarch.engines.base import Bounds
from polyarch.errors import BuildStalledError, BuildTooSlowError
from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine
from tests.lab.registries import Registry
from tests.support.engine_cases import EngineCase, Workshop, buildah_case, buildx_case

SLEEP = "471123"


@pytest.fixture(params=["docker_engine", "buildah"])
def case(request: pytest.FixtureRequest) -> EngineCase:
    part = request.getfixturevalue(request.param)
    if isinstance(part, DockerEngine):
        return buildx_case(part)
    assert isinstance(part, Buildah)
    return buildah_case(part)


def sleepers() -> list[bytes]:
    """The programs of the hanging step that live."""
    found: list[bytes] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes()
        except OSError:
            continue
        if SLEEP.encode() in words and b"sleep" in words:
            found.append(words)
    return found


def all_end() -> bool:
    """An engine ends its containers a moment after its client."""
    pause = threading.Event()
    return any(not sleepers() or pause.wait(0.1) for _ in range(150))


def nothing_left(case: EngineCase) -> bool:
    pause = threading.Event()
    return any(not case.leftovers() or pause.wait(0.5) for _ in range(30))


def test_a_silent_step_is_ended_and_named(
    case: EngineCase, base_registry: Registry, tmp_path: Path
) -> None:
    shop = Workshop(case=case, folder=tmp_path / "Work", plain_http=(base_registry.host,))
    base = base_registry.reference("busybox:1")
    with pytest.raises(BuildStalledError) as caught:
        shop.build(
            f"FROM {base}\nRUN echo begun && sleep {SLEEP}\n",
            "linux/arm64",
            no_cache=True,
            bounds=Bounds(whole_s=500, silent_s=8),
            emulated=True,
        )
    assert f"sleep {SLEEP}" in caught.value.step
    assert any("begun" in line for line in caught.value.last_lines)
    assert "QEMU" in (caught.value.hint or "")
    assert all_end()
    assert [path.name for path in shop.out.glob("*")] == []
    assert nothing_left(case)


def test_a_step_that_speaks_for_ever_is_ended_by_its_time(
    case: EngineCase, base_registry: Registry, tmp_path: Path
) -> None:
    shop = Workshop(case=case, folder=tmp_path / "Work", plain_http=(base_registry.host,))
    base = base_registry.reference("busybox:1")
    with pytest.raises(BuildTooSlowError) as caught:
        shop.build(
            f"FROM {base}\nRUN while :; do echo still {SLEEP}; sleep 0.2; done\n",
            "linux/amd64",
            no_cache=True,
            bounds=Bounds(whole_s=6, silent_s=500),
        )
    assert not isinstance(caught.value, BuildStalledError)
    assert any(f"still {SLEEP}" in line for line in caught.value.last_lines)
    assert all_end()
