"""Which runtime runs what, and that nothing passes which was not run."""

import os
import stat
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.errors import EngineUnusableError
from polyarch.host.watched import Bounds
from polyarch.oci.platform import Platform
from polyarch.runtimes import catalog
from polyarch.runtimes.base import Ended, HeldImage, Launch, RuntimeInfo
from polyarch.runtimes.catalog import RUNTIMES, Choice, find_runtimes
from polyarch.runtimes.laying import LayingBounds
from polyarch.runtimes.outcome import Outcome, Reason, Status
from polyarch.runtimes.removal import remove_tree
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.run import run, run_all
from polyarch.runtimes.smoke import SmokeTest
from tests.support.running import File, Recipe, Runnable, elf, image

AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
PROGRAM = File(name="program", content=elf(62))
FOREIGN = File(name="foreign", content=elf(183))


class Told:
    """A runtime that says what it is told to say; `launches` are what it was asked to run."""

    def __init__(self, info: RuntimeInfo, *, refuses: bool = False) -> None:
        self.name = info.name
        self.info = info
        self.refuses = refuses
        self.launches: list[Launch] = []
        self.held = 0
        self.asked = 0

    def probe(self) -> RuntimeInfo:
        self.asked += 1
        return self.info

    @contextmanager
    def holding(self, image: HeldImage):
        if self.refuses:
            raise EngineUnusableError(self.name, "it has no room")
        self.held += 1
        yield self.execute
        self.held -= 1

    def execute(self, launch: Launch, bounds: Bounds) -> Ended:
        self.launches.append(launch)
        return Ended(status=0, output="done\n", seconds=1)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch):
    def offer(*runtimes: Told) -> None:
        makers = {each.name: (lambda _environment, each=each: each) for each in runtimes}
        monkeypatch.setattr(catalog, "RUNTIMES", makers)

    return offer


def info(name: str, **more) -> RuntimeInfo:
    return RuntimeInfo(name=name, **{"native": (AMD64,), **more})


def ran(made: Runnable, tmp_path: Path, *tests: SmokeTest, **more) -> tuple[Outcome, ...]:
    scratch = tmp_path / "scratch"
    request = RunRequest(
        store=made.store,
        manifest=made.manifest,
        platform=made.platform,
        environment={"PATH": ""},
        scratch=scratch,
        **more,
    )
    found = run_all(request, tests or (SmokeTest(),))
    assert not scratch.exists() or not list(scratch.iterdir())
    return found


def test_on_a_machine_without_any():
    found = find_runtimes({"PATH": ""})
    assert [each.name for each in found] == list(RUNTIMES)
    assert {each.name for each in found} == {"docker", "podman", "buildah", "bubblewrap", "proot"}
    for each in found:
        assert not each.usable
        assert "on PATH" in str(each.problem)
        assert "install" in str(each.hint)


class TestChoice:
    def test_nothing_can_run_it(self, tmp_path: Path):
        made = image(Recipe(layers=[[PROGRAM]]))
        [outcome] = ran(made, tmp_path)
        assert (outcome.status, outcome.reason) == (Status.NOT_RUN, Reason.NO_RUNTIME)
        assert "bubblewrap" in outcome.message
        assert outcome.hint
        assert str(outcome).startswith("inspected only")

    def test_no_emulator(self, tmp_path: Path, offered):
        offered(Told(info("docker")))
        made = image(Recipe(platform="linux/s390x", layers=[[PROGRAM]]))
        [outcome] = ran(made, tmp_path)
        assert (outcome.status, outcome.reason) == (Status.NOT_RUN, Reason.NO_EMULATOR)
        assert "qemu-user-static" in outcome.hint

    def test_a_name_that_nobody_has(self, tmp_path: Path):
        [outcome] = ran(image(Recipe(layers=[[PROGRAM]])), tmp_path, runtime="lxc")
        assert outcome.reason is Reason.NO_RUNTIME
        assert "`bubblewrap`" in outcome.hint

    def test_the_first_that_fits(self, tmp_path: Path, offered):
        broken, last, good = (
            Told(info("a", problem="broken")),
            Told(info("b", last=True)),
            Told(info("c")),
        )
        offered(broken, last, good)
        made = image(Recipe(layers=[[PROGRAM]]))
        assert [ran(made, tmp_path)[0].runtime, ran(made, tmp_path, runtime="b")[0].runtime] == [
            "c",
            "b",
        ]
        offered(broken, last)
        assert ran(made, tmp_path)[0].runtime == "b"

    def test_how(self):
        some = info("x", emulated=(ARM64, Platform.parse("linux/arm/v7")), perhaps=(AMD64,))
        hows = [some.how(Platform.parse(each)) for each in ("linux/amd64", "linux/arm64")]
        assert hows == ["native", "emulated"]
        assert some.how(Platform.parse("linux/arm/v6")) == "emulated"
        assert some.how(Platform.parse("linux/s390x")) is None
        assert some.how(Platform.parse("windows/amd64")) is None
        assert info("x", asks_others=True).how(Platform.parse("linux/s390x")) == "emulated"

    def test_nobody_is_asked_twice(self, offered):
        told = Told(info("x"))
        offered(told)
        choice = Choice({})
        assert list(choice.fitting(AMD64))
        assert list(choice.fitting(AMD64))
        assert choice.refusals(ARM64)
        assert told.asked == 1


class TestForeignPrograms:
    def test_one_that_stops_them_is_preferred(self, tmp_path: Path, offered):
        engine, root = Told(info("docker", guarded=False)), Told(info("bubblewrap"))
        offered(engine, root)
        made = image(Recipe(layers=[[PROGRAM, FOREIGN]]))
        assert ran(made, tmp_path)[0].runtime == "bubblewrap"
        assert ran(image(Recipe(layers=[[PROGRAM]])), tmp_path)[0].runtime == "docker"

    def test_else_it_is_not_proven(self, tmp_path: Path, offered):
        offered(Told(info("docker", guarded=False)))
        [outcome] = ran(image(Recipe(layers=[[PROGRAM, FOREIGN]])), tmp_path)
        assert (outcome.status, outcome.reason) == (Status.NOT_RUN, Reason.DOUBTFUL)
        assert "/foreign" in outcome.message


class TestOutcomes:
    def test_several_in_one_image(self, tmp_path: Path, offered):
        told = Told(info("x"))
        offered(told)
        tests = (SmokeTest(), SmokeTest(run=("absent",)), SmokeTest(run=("/program", "x")))
        found = ran(image(Recipe(layers=[[PROGRAM]])), tmp_path, *tests)
        assert [each.status for each in found] == [Status.PASSED, Status.FAILED, Status.PASSED]
        assert [each.arguments for each in told.launches] == [("/program",), ("/program", "x")]
        assert told.held == 0

    def test_a_wrong_program_is_not_started(self, tmp_path: Path, offered):
        told = Told(info("x"))
        offered(told)
        made = image(Recipe(layers=[[FOREIGN]], config={"Entrypoint": ["/foreign"]}))
        [outcome] = ran(made, tmp_path)
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.WRONG_ARCHITECTURE)
        assert not told.launches
        assert not outcome.how

    @pytest.mark.parametrize(
        ("config", "reason"),
        [
            ({"Entrypoint": [], "Cmd": []}, Reason.NO_COMMAND),
            ({"Entrypoint": [""]}, Reason.NO_COMMAND),
            ({"User": "nobody"}, Reason.COMMAND_NOT_FOUND),
            ({"WorkingDir": "/program"}, Reason.COMMAND_NOT_FOUND),
        ],
    )
    def test_what_the_config_lacks(self, tmp_path: Path, offered, config, reason: Reason):
        offered(Told(info("x")))
        [outcome] = ran(image(Recipe(layers=[[PROGRAM]], config=config)), tmp_path)
        assert (outcome.status, outcome.reason) == (Status.FAILED, reason)

    def test_an_image_that_says_another_platform(self, tmp_path: Path, offered):
        offered(Told(info("x")))
        [outcome] = ran(image(Recipe(layers=[[PROGRAM]], says="linux/arm64")), tmp_path)
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.WRONG_ARCHITECTURE)

    def test_an_image_that_is_broken(self, tmp_path: Path, offered):
        offered(Told(info("x")))
        made = image(Recipe(layers=[[PROGRAM]]))
        empty = MemoryStore()
        empty.add(made.manifest.media_type, made.store.open(made.manifest).read())
        hollow = Runnable(store=empty, manifest=made.manifest, platform=made.platform)
        [outcome] = ran(hollow, tmp_path)
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.BROKEN_IMAGE)

    def test_an_image_that_is_too_much(self, tmp_path: Path, offered):
        offered(Told(info("x")))
        made = image(Recipe(layers=[[PROGRAM, File(name="zeros", content=bytes(1 << 20))]]))
        [outcome] = ran(made, tmp_path, laying=LayingBounds(bytes=1 << 16))
        assert outcome.reason is Reason.BROKEN_IMAGE

    def test_no_room(self, tmp_path: Path, offered):
        offered(Told(info("x")))
        made = image(Recipe(layers=[[PROGRAM]]))
        (tmp_path / "file").touch()
        request = RunRequest(
            store=made.store,
            manifest=made.manifest,
            platform=made.platform,
            environment={},
            scratch=tmp_path / "file" / "x",
        )
        outcome = run(request)
        assert (outcome.status, outcome.reason) == (Status.NOT_RUN, Reason.NO_ROOM)

    def test_a_runtime_that_refuses(self, tmp_path: Path, offered):
        offered(Told(info("x"), refuses=True))
        [outcome] = ran(image(Recipe(layers=[[PROGRAM]])), tmp_path)
        assert (outcome.status, outcome.reason) == (Status.NOT_RUN, Reason.RUNTIME_FAILED)

    def test_what_the_program_sees(self, tmp_path: Path, offered):
        told = Told(info("x"))
        offered(told)
        config = {"Env": ["A=b", "=x", "y", "PATH=/p:/"], "Entrypoint": ["program"]}
        made = image(Recipe(layers=[[PROGRAM]], config=config))
        [outcome] = ran(made, tmp_path, variables={"MORE": "1"})
        assert outcome.passed
        seen: Mapping[str, str] = told.launches[0].variables
        assert seen == {
            "A": "b",
            "PATH": "/p:/",
            "MORE": "1",
            "HOME": "/root",
            "HOSTNAME": "polyarch-smoke",
        }


class TestRemoval:
    def test_of_any_depth_and_rights(self, tmp_path: Path):
        top = tmp_path / "top"
        top.mkdir()
        handle = os.open(top, os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("d", dir_fd=handle)
            inner = os.open("d", os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = inner
        os.close(handle)
        (top / "shut").mkdir(mode=0o000)
        (top / "link").symlink_to(tmp_path)
        (tmp_path / "kept").touch()
        remove_tree(top)
        assert [path.name for path in tmp_path.iterdir()] == ["kept"]

    def test_of_what_is_not_there(self, tmp_path: Path):
        remove_tree(tmp_path / "absent")
        (tmp_path / "link").symlink_to(tmp_path)
        remove_tree(tmp_path / "link")
        assert stat.S_ISLNK((tmp_path / "link").lstat().st_mode)
