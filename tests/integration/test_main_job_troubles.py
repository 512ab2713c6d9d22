"""Bad days of the main job on real parts: what is told, what is left, and what works afterwards."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.registries import Registry
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject
from tests.support.laid_project import PLATFORMS, laid_project
from tests.support.published import Destinations, blobs_on_disk

Three = tuple[Registry, Registry, Registry]

POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["example.com/team/app"]
tags = ["type=ref,event=branch"]
"""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


def project_of(engine: EngineAtHand, dockerfile: str, folder: Path) -> CommandLine:
    files = {"polyarch.toml": POLYARCH.format(engine=engine.name), "Dockerfile": dockerfile}
    project = GitProject.make(folder / "project", files)
    environment = {**plain_environment(folder / "home"), **engine.environment}
    return CommandLine(folder=project.root, environment=environment)


def parts_of(command: CommandLine) -> list[Path]:
    """All that lies in the folder of parts, whole or half."""
    return sorted((command.folder / ".polyarch").glob("parts/*/*"))


def test_a_build_that_fails_shows_its_end_and_where_the_whole_is(
    engine: EngineAtHand, base_registry: Registry, tmp_path: Path
) -> None:
    step = "RUN for i in $(seq 1 300); do echo line $i of many; done; echo no such header; exit 7\n"
    dockerfile = f"FROM {base_registry.reference('busybox:1')}\n{step}"
    command = project_of(engine, dockerfile, tmp_path)
    answer = command.run("build", "--platform", "linux/arm64", status=1)
    what, where, hint = answer.error
    told = what.splitlines()
    assert told[0] == f"error: cannot build `app` for `linux/arm64` with {engine.name}"
    assert "  no such header" in told
    assert "  line 300 of many" in told
    assert "  line 1 of many" not in told
    assert len(told) < 24
    assert where.startswith("  where: image `app`, platform `linux/arm64`")
    assert hint.startswith("  hint: ")
    log = Path(hint.partition("the whole log is `")[2].removesuffix("`"))
    assert log.is_relative_to(command.folder / ".polyarch" / "runs")
    text = log.read_text()
    assert "line 1 of many" in text
    assert "no such header" in text
    assert parts_of(command) == []

    document = command.run("build", "--json", status=1).document
    assert (document["schema"], document["code"]) == ("polyarch.error/v1", "build-failed")


def test_what_was_built_before_a_failure_is_kept(
    engine: EngineAtHand, base_registry: Registry, tmp_path: Path
) -> None:
    step = 'RUN test "$(uname -m)" = x86_64\n'
    command = project_of(engine, f"FROM {base_registry.reference('busybox:1')}\n{step}", tmp_path)
    command.run("build", "--platform", "linux/amd64")
    answer = command.run("build", "--json", status=1)
    assert "linux/arm64" in answer.document["error"]["where"]
    assert [part["platform"] for part in answer.document["parts"]] == ["linux/amd64"]
    (part,) = command.run("build", "--json", "--platform", "linux/amd64").document["parts"]
    assert part["reused"] is True


@pytest.mark.parametrize("wanted", ["auto", "buildx", "buildah"])
def test_an_engine_that_is_not_here_is_told_with_what_to_install(
    tmp_path: Path, wanted: str
) -> None:
    files = {"polyarch.toml": POLYARCH.format(engine=wanted), "Dockerfile": "FROM scratch\n"}
    project = GitProject.make(tmp_path / "project", files)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(shutil.which(name) or "")
    environment = {**plain_environment(tmp_path / "home"), "PATH": str(programs)}
    command = CommandLine(folder=project.root, environment=environment)
    answer = command.run("build", "--json", status=4)
    what, _where, hint = answer.error
    names = {"buildx": ["`docker`"], "buildah": ["`buildah`"]}.get(
        wanted, ["`docker`", "`buildah`"]
    )
    assert all(name in what for name in names)
    assert "apt-get install" in hint
    assert answer.document["exit_code"] == 4


def test_what_was_built_runs_in_the_local_engine(
    engine: EngineAtHand, base_registry: Registry, tmp_path: Path
) -> None:
    dockerfile = (
        f"FROM {base_registry.reference('busybox:1')}\n"
        "RUN uname -m > /machine\n"
        'ENTRYPOINT ["cat", "/machine"]\n'
    )
    command = project_of(engine, dockerfile, tmp_path)
    answer = command.run("build", "--load")
    name = "example.com/team/app:main"
    assert name in answer.stderr
    assert run_loaded(engine, name) == "x86_64"
    command.run("build", "--load", "--platform", "linux/arm64")
    assert run_loaded(engine, name, "linux/arm64") == "aarch64"


def run_loaded(engine: EngineAtHand, name: str, platform: str = "linux/amd64") -> str:
    """Run an image of the engine's own store, as people do."""
    environment = {**os.environ, **engine.environment}

    def run(*words: str) -> str:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    if engine.name == "buildx":
        options = ("--rm", "--network=none", f"--platform={platform}", "--pull=never")
        return run("docker", "run", *options, name)
    container = run("buildah", "from", "--pull-never", f"--platform={platform}", name)
    try:
        return run("buildah", "run", container, "--", "cat", "/machine")
    finally:
        run("buildah", "rm", container)


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted: {done.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def more_room(place: Path) -> None:
    words = ["mount", "-o", "remount,size=64m", str(place)]
    subprocess.run(words, capture_output=True, check=True)


@pytest.fixture
def destinations(three_registries: Three) -> Destinations:
    return Destinations(three_registries)


@pytest.mark.parametrize("free", [0, 8, 300, 1500, 3500])
def test_a_full_disk_loses_nothing(destinations: Destinations, tmp_path: Path, free: int) -> None:
    project = laid_project(tmp_path / "project", destinations)
    (project.root / "app.txt").write_bytes(os.urandom(2_000_000))
    project.commit("More")
    command = CommandLine(folder=project.root, environment=plain_environment(tmp_path / "home"))
    more = {**project.pushed_tag(), **destinations.environment()}
    state = project.root / ".polyarch"
    with small_disk(state, "5m"):
        filler = state / "filler"
        filler.write_bytes(b"\0" * (5 * 1024 - free) * 1024)
        answer = command.run("publish", "--json", more=more, status=4)
        assert_told(answer, state)
        assert not list(state.glob("parts/*/.*"))
        assert not list(state.glob("tmp/*"))
        for record in state.glob("parts/*/*.json"):
            assert json.loads(record.read_text())["image"] == "app"
        assert [blobs_on_disk(registry) for registry in destinations.registries] == [[], [], []]

        filler.unlink()
        more_room(state)
        (image,) = command.run("publish", "--json", more=more).document["images"]
        assert [each["platform"] for each in image["platforms"]] == list(PLATFORMS)
        assert {each["status"] for each in image["destinations"]} == {"published"}


def assert_told(answer: Answer, state: Path) -> None:
    what, where, hint = answer.error
    assert "no space left" in what.lower()
    assert str(state) in what + where
    assert hint.startswith("  hint: ")
    assert (answer.document["code"], answer.document["exit_code"]) == ("storage", 4)


def test_two_runs_in_one_project_take_turns(destinations: Destinations, tmp_path: Path) -> None:
    project = laid_project(tmp_path / "project", destinations)
    command = CommandLine(folder=project.root, environment=plain_environment(tmp_path / "home"))
    more = {**project.pushed_tag(), **destinations.environment()}
    with (
        command.running("publish", "--json", more=more) as one,
        command.running("publish", "--json", more=more) as other,
        command.running("publish", "--json", more=more) as third,
    ):
        answers = [each.finish() for each in (one, other, third)]
    assert [answer.status for answer in answers] == [0, 0, 0], answers
    images = [answer.document["images"][0] for answer in answers]
    assert len({image["digest"] for image in images}) == 1
    found = sorted(
        (each["status"], *(part["reused"] for part in image["platforms"]))
        for image in images
        for each in image["destinations"]
    )
    assert found == [("published", False, False)] * 3 + [("unchanged", True, True)] * 6
    waiting = "another polyarch is at work in this project"
    assert [waiting in answer.stderr for answer in answers].count(True) >= 1


def test_a_disk_that_an_engine_fills_loses_nothing(engine: EngineAtHand, tmp_path: Path) -> None:
    command = project_of(engine, "FROM scratch\nCOPY app.bin /\n", tmp_path)
    (command.folder / "app.bin").write_bytes(os.urandom(2_000_000))
    state = command.folder / ".polyarch"
    with small_disk(state, "2m"):
        answer = command.run("build", "--json", status=4)
        what, where, _hint = answer.error
        assert "no space left" in what.lower()
        # Whose disk it was the engine does not say.
        assert f"`{engine.name}`" in where or str(state) in where
        assert not [path for path in parts_of(command) if path.is_dir()]
        more_room(state)
        parts = command.run("build", "--json").document["parts"]
        assert [part["platform"] for part in parts] == list(PLATFORMS)
