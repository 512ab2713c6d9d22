"""A disk that fills up: told as what it is, and nothing half-written is left or taken later.

A limit of a file's size stands in for the disk: the system call is refused in the same place.
"""

import json
import resource
import subprocess
from pathlib import Path

import pytest

from tests.support.documents import ERROR, check
from tests.support.tiny_project import COMMAND, Said, TinyProject


def run_with_room(project: TinyProject, room: int, *words: str) -> Said:
    """Run the command where no file can be larger than `room` bytes."""
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=project.root,
        env={**project.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    return Said(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def big(project: TinyProject) -> TinyProject:
    """What is built has 200 kB that do not compress; made beforehand, while there is room."""
    project.toml(
        '[images.app]\nplatforms = ["linux/s390x"]\nrepositories = ["ghcr.io/team/app"]\n'
        'tags = ["type=raw,value=edge"]\n'
        'direct = { files = [{ from = "noise", to = "/noise" }] }\n'
    )
    noise = bytearray()
    state = 1
    while len(noise) < 200_000:
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        noise += state.to_bytes(8, "little")
    (project.root / "noise").write_bytes(noise)
    project.commit()
    return project


def leftovers(project: TinyProject) -> list[Path]:
    parts = project.root / ".polyarch" / "parts"
    return [path for path in parts.rglob("*") if path.is_file()] if parts.exists() else []


def refused(said: Said) -> None:
    assert said.code == 4, said
    document = json.loads(said.stdout)
    check(document, ERROR)
    assert document["code"] == "storage"
    assert document["where"]
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("room", [0, 10, 200, 2_000, 20_000, 100_000])
def test_build(big: TinyProject, room: int):
    said = run_with_room(big, room, "build", "--json")
    refused(said)
    assert leftovers(big) == []
    assert big.run("build").code == 0


@pytest.mark.parametrize("room", [10, 20_000])
def test_an_older_part_is_kept_or_gone_but_never_half(big: TinyProject, room: int):
    first = big.run("build", "--json").document["parts"][0]
    said = run_with_room(big, room, "build", "--json", "--force")
    refused(said)
    again = big.run("build", "--json").document["parts"][0]
    assert again["digest"] == first["digest"]


@pytest.mark.parametrize("room", [0, 200, 2_000, 20_000])
def test_a_rehearsal(big: TinyProject, room: int):
    """The registry's disk fills up, or ours: no tag is there afterwards without its image."""
    assert big.run("build").code == 0
    said = run_with_room(big, room, "publish", "--sandbox", "--json")
    assert said.code in {4, 5, 6, 7}, said
    assert json.loads(said.stdout)["schema"] in {"polyarch.error/v1", "polyarch.publish/v1"}
    assert "Traceback" not in said.stderr, said
    again = big.run("publish", "--sandbox", "--json")
    assert again.code == 0, again
    assert again.document["published"] is True


def test_the_plan_of_a_run_has_no_room(big: TinyProject):
    """A run that cannot say what it is about does not begin."""
    assert big.run("build").code == 0
    plan = (big.runs[-1] / "plan.json").stat().st_size
    refused(run_with_room(big, plan - 1, "build", "--json", "--force"))
