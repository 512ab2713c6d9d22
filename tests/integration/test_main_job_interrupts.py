"""Ctrl-C and SIGTERM while real engines build and while real registries take tags."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.lab.fixtures import RunImage
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject
from tests.support.holding_proxy import HoldingProxy, holding
from tests.support.laid_project import laid_project
from tests.support.published import Destinations, Shelf

Three = tuple[Registry, Registry, Registry]

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
ENDS_WITHIN_S = 30
SLEEPS = str(80_000 + os.getpid() % 6_000)
"""Seconds that the step sleeps: how its process is known, also beside other runs of these tests."""

POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/arm64", "linux/amd64", "linux/arm/v7"]
repositories = ["example.com/team/app"]
"""
DOCKERFILE = """\
FROM {busybox}
COPY step /step
RUN sh /step
"""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@SIGNALS
def test_a_build_ends_with_its_steps_and_leaves_nothing(
    engine: EngineAtHand, base_registry: Registry, tmp_path: Path, number: signal.Signals
) -> None:
    command = project_that_sleeps(engine, base_registry.reference("busybox:1"), tmp_path)
    with command.running("build", "--json") as build:
        build.wait_for("asleep on aarch64")
        build.process.send_signal(number)
        answer = build.finish(within_s=ENDS_WITHIN_S)
    assert answer.status == 130, answer
    assert "Traceback" not in answer.stderr
    assert answer.document["exit_code"] == 130
    assert answer.error[0].startswith("error: interrupted")
    assert not sleeping()
    state = command.folder / ".polyarch"
    assert not [path for path in state.glob("parts/*/*") if path.is_dir()]
    assert not list(state.glob("tmp/*"))

    (command.folder / "step").write_text("uname -m > /machine\n")
    parts = command.run("build", "--json").document["parts"]
    assert len(parts) == 3


def test_no_step_starts_when_a_pull_was_interrupted(
    engine: EngineAtHand, base_registry: Registry, tmp_path: Path
) -> None:
    with holding(base_registry.host) as proxy:
        proxy.hold = lambda line: "/busybox/manifests/" in line
        command = project_that_sleeps(engine, f"{proxy.host}/busybox:1", tmp_path)
        with command.running("build", "--json") as build:
            assert proxy.held.wait(ENDS_WITHIN_S)
            build.process.send_signal(signal.SIGTERM)
            answer = build.finish(within_s=ENDS_WITHIN_S)
    assert answer.status == 130, answer
    assert not sleeping()


def project_that_sleeps(engine: EngineAtHand, busybox: str, folder: Path) -> CommandLine:
    files = {
        "polyarch.toml": POLYARCH.format(engine=engine.name),
        "Dockerfile": DOCKERFILE.format(busybox=busybox),
        "step": f"echo asleep on $(uname -m); sleep {SLEEPS}\n",
    }
    project = GitProject.make(folder / "project", files)
    environment = {**plain_environment(folder / "home"), **engine.environment}
    return CommandLine(folder=project.root, environment=environment)


def sleeping(within_s: float = 20) -> list[str]:
    """The processes of steps that still sleep after a moment of grace."""
    deadline = time.monotonic() + within_s
    while (found := asleep()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def asleep() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"sleep" in words and SLEEPS.encode() in words:
            found.append(path.parent.name)
    return found


@dataclass(frozen=True)
class Publishing:
    """A project whose second commit is about to be published; the way to one registry is ours."""

    project: GitProject
    command: CommandLine
    destinations: Destinations
    shelf: Shelf
    proxy: HoldingProxy

    def more(self, tag: str = "v1.2.4") -> dict[str, str]:
        return {**self.project.pushed_tag(tag), **self.destinations.environment()}

    def interrupted(
        self, number: signal.Signals, hold: Callable[[str], bool], *, release: bool = False
    ) -> Answer:
        """Publish, and send the signal as soon as a request is held."""
        self.proxy.hold = hold
        with self.command.running("publish", "--json", more=self.more()) as publish:
            assert self.proxy.held.wait(ENDS_WITHIN_S)
            publish.process.send_signal(number)
            if release:
                self.proxy.release()
            answer = publish.finish(within_s=ENDS_WITHIN_S)
        assert answer.status == 130, answer
        assert "Traceback" not in answer.stderr, answer
        self.proxy.release()
        return answer

    def tags(self) -> list[dict[str, str | None]]:
        """What each tag of each registry shows; all of that must be there to its last byte."""
        found = []
        for number, repository in enumerate(self.destinations.repositories("team/app")):
            names = {tag: f"{repository}:{tag}" for tag in self.shelf.tags(repository)}
            for tag, name in names.items():
                self.shelf.copy_whole(name, self.project.root.with_name(f"copy-{number}-{tag}"))
            found.append({tag: self.shelf.digest(name) for tag, name in names.items()})
        return found


@pytest.fixture
def work(
    three_registries: Three, skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> Iterator[Publishing]:
    # The third one's bearer tokens are for a service and not for an address.
    with holding(three_registries[2].host) as proxy:
        registries = (*three_registries[:2], replace(three_registries[2], host=proxy.host))
        destinations = Destinations(registries)
        skopeo.login(*registries)
        project = laid_project(tmp_path / "project", destinations)
        command = CommandLine(folder=project.root, environment=plain_environment(tmp_path / "home"))
        shelf = Shelf(skopeo, run_image)
        made = Publishing(project, command, destinations, shelf, proxy)
        command.run("publish", more=made.more("v1.2.3"))
        project.write({"app.txt": "the second\n"})
        project.commit("Second")
        yield made


def is_content(line: str) -> bool:
    return line.startswith("PUT ") and "/manifests/sha256:" in line


def is_tag(line: str) -> bool:
    return line.startswith("PUT ") and "/manifests/1.2.4 " in line


@SIGNALS
def test_nothing_moves_before_all_is_staged(work: Publishing, number: signal.Signals) -> None:
    before = work.tags()
    work.interrupted(number, is_content)
    assert work.tags() == before
    work.command.run("publish", more=work.more())
    assert {tags["1.2.4"] for tags in work.tags()} == {tags["latest"] for tags in work.tags()}


@SIGNALS
def test_tags_that_move_are_brought_to_one_end(work: Publishing, number: signal.Signals) -> None:
    (before,) = {tags["latest"] for tags in work.tags()}
    work.interrupted(number, is_tag, release=True)
    one, *others = work.tags()
    assert others == [one, one]
    assert one.get("1.2.4", before) == one["latest"]
    assert one["1.2.3"] == before


def test_a_registry_that_hangs_is_waited_for_a_moment(work: Publishing) -> None:
    (before,) = {tags["latest"] for tags in work.tags()}
    started = time.monotonic()
    work.interrupted(signal.SIGTERM, is_tag)
    assert time.monotonic() - started < ENDS_WITHIN_S
    *_, third = work.tags()
    assert third["latest"] == before

    work.command.run("publish", more=work.more())
    (now,) = {tags["1.2.4"] for tags in work.tags()}
    assert {tags["latest"] for tags in work.tags()} == {now}
    assert now != before
