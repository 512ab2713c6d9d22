"""Who builds a platform and how: pure, so builders and engines are made up and none is there."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyarch.config.load import load_project
from polyarch.engines.base import EngineInfo
from polyarch.engines.node import Node
from polyarch.errors import EngineUnusableError, StrategyUnmetError
from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.emulation import Machine
from polyarch.host.repository import RepositoryFacts
from polyarch.oci.platform import Platform
from polyarch.pipeline.facts import Facts, NodeFacts
from polyarch.pipeline.source_reader import SourceReader
from polyarch.pipeline.strategy import Assignment, assign
from polyarch.pipeline.wording import Wording

AMD, ARM, I386 = (Platform.parse(each) for each in ("amd64", "arm64", "386"))
QEMU = BinfmtEntry.parse(
    "qemu-aarch64", "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: F\noffset 0\n"
    "magic 7f454c460201010000000000000000000200b700\n"
)  # fmt: skip
MACHINE = Machine(native=(AMD,))
EMULATING = Machine(native=(AMD,), binfmt=True, entries=(QEMU,) if QEMU else ())
RUNS = "FROM debian\nRUN make\n"
CROSSES = (
    "FROM --platform=$BUILDPLATFORM debian AS build\nRUN make\nFROM scratch\n"
    "COPY --from=build /a /a\n"
)
HERE = EngineInfo(name="buildx", title="buildx here", native=(AMD,))
BUILDAH = EngineInfo(name="buildah", title="buildah here", native=(AMD,))
ILL = EngineInfo(name="buildx", problem="the Docker daemon does not answer", hint="start it")


def builder(
    name: str, runs: Platform, *told: Platform, emulates: tuple[Platform, ...] = (),
    parallel: int | None = None, problem: str | None = None,
) -> NodeFacts:  # fmt: skip
    return NodeFacts(
        node=Node(name=name, driver="docker", endpoint="", platforms=told, parallel=parallel),
        info=EngineInfo(
            name="buildx",
            title=f"buildx on {name}",
            native=(runs,),
            emulated=emulates,
            problem=problem,
            hint="start it" if problem else None,
        ),
    )


@dataclass
class Scene:
    """A project of one image, and what there is to build it."""

    root: Path
    dockerfile: str = RUNS
    keys: str = ""
    probes: dict[str, EngineInfo] = field(
        default_factory=lambda: {"buildx": HERE, "buildah": BUILDAH}
    )
    machine: Machine = MACHINE
    builders: tuple[NodeFacts, ...] = ()
    elsewhere: bool = False
    loads: Counter[str] = field(default_factory=Counter)

    def assign(self, platform: Platform) -> Assignment:
        (self.root / "Dockerfile").write_text(self.dockerfile)
        (self.root / "polyarch.toml").write_text(
            f'[images.app]\nplatforms = ["linux/amd64", "linux/arm64", "linux/386"]\n{self.keys}\n'
        )
        project = load_project(self.root / "polyarch.toml")
        wording = Wording(
            event=CiEvent(provider=Provider.LOCAL, name="push", ref="refs/heads/main", sha="a"),
            repository=RepositoryFacts(),
            now=datetime(2026, 1, 2, tzinfo=UTC),
        )
        facts = Facts(
            machine=self.machine,
            wording=wording,
            probes=self.probes,
            sources=SourceReader(project, self.machine, wording).read(("app",)),
            current={},
            nodes={each.node.name: each for each in self.builders},
            elsewhere=self.elsewhere,
        )
        given = assign(project.images["app"], platform, facts, self.loads)
        self.loads[given.builder] += 1
        return given

    def place(self, platform: Platform) -> tuple[str, str]:
        given = self.assign(platform)
        return given.builder, given.strategy


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


ARM_BOX = builder("arm", ARM, emulates=(AMD,))
AMD_TOLD_ARM = builder("big", AMD, AMD, ARM, emulates=(ARM,))


@pytest.mark.parametrize(
    ("builders", "dockerfile", "platform", "place"),
    [
        pytest.param((), RUNS, AMD, ("", "native"), id="no builder, own platform"),
        pytest.param((), RUNS, ARM, ("", "emulated"), id="no builder, a foreign one"),
        pytest.param((), CROSSES, ARM, ("", "cross"), id="no builder, cross-compiling"),
        pytest.param((ARM_BOX,), RUNS, ARM, ("arm", "native"), id="a native builder"),
        pytest.param((ARM_BOX,), CROSSES, ARM, ("arm", "native"), id="native before cross"),
        pytest.param((ARM_BOX,), RUNS, AMD, ("", "native"), id="here before a foreign builder"),
        pytest.param((builder("amd", AMD),), RUNS, AMD, ("amd", "native"), id="a builder first"),
        pytest.param((AMD_TOLD_ARM,), RUNS, ARM, ("big", "emulated"), id="whatever it is told"),
        pytest.param((AMD_TOLD_ARM,), CROSSES, ARM, ("big", "cross"), id="told, cross-compiling"),
        pytest.param((builder("amd", AMD),), CROSSES, ARM, ("", "cross"), id="not told: here"),
        pytest.param((builder("amd", AMD),), RUNS, ARM, ("", "emulated"), id="not told to emulate"),
        pytest.param(
            (builder("arm", ARM, AMD),), RUNS, ARM, ("", "emulated"), id="told others only"
        ),
        pytest.param(
            (builder("arm", ARM, problem="it is gone"),), RUNS, ARM, ("", "emulated"), id="broken"
        ),
        pytest.param((AMD_TOLD_ARM, ARM_BOX), RUNS, ARM, ("arm", "native"), id="native first"),
    ],
)  # fmt: skip
def test_the_fastest_right_place(
    scene: Scene,
    builders: tuple[NodeFacts, ...],
    dockerfile: str,
    platform: Platform,
    place: tuple[str, str],
):
    scene.builders, scene.dockerfile = builders, dockerfile
    assert scene.place(platform) == place


def test_another_width_of_the_same_processor(scene: Scene):
    scene.machine = Machine(native=(AMD, I386))
    assert scene.place(I386) == ("", "native")
    scene.builders = (builder("old", AMD, I386, emulates=(I386,)),)
    given = scene.assign(I386)
    assert (given.builder, given.strategy) == ("old", "emulated")
    assert "builder `old`: its engine runs linux/amd64 itself, all else under" in given.reason


def test_without_an_engine_here_builders_do(scene: Scene):
    scene.probes = {"buildx": ILL, "buildah": replace(ILL, name="buildah")}
    scene.builders = (builder("amd", AMD),)
    assert scene.place(AMD) == ("amd", "native")
    scene.dockerfile = CROSSES
    assert scene.place(ARM) == ("amd", "cross")
    scene.dockerfile = RUNS
    with pytest.raises(StrategyUnmetError, match="nothing can build `app` for linux/arm64 at all"):
        scene.assign(ARM)
    scene.builders = ()
    with pytest.raises(EngineUnusableError, match="no engine can build"):
        scene.assign(ARM)


def test_builds_are_spread_by_their_number(scene: Scene):
    scene.builders = (builder("one", AMD), builder("two", AMD), builder("arm", ARM))
    placed = [scene.assign(AMD) for _ in range(4)]
    assert [each.builder for each in placed] == ["one", "two", "one", "two"]
    assert [each.alternatives for each in placed[:2]] == [("two",), ("one",)]


def test_a_builder_gets_as_many_at_once_as_it_may(scene: Scene):
    scene.builders = (builder("one", AMD, parallel=1), builder("three", AMD, parallel=3))
    placed = [scene.assign(AMD).builder for _ in range(8)]
    assert Counter(placed[:4]) == {"one": 1, "three": 3}
    assert Counter(placed) == {"one": 2, "three": 6}
    scene.builders, scene.loads = (builder("one", AMD, parallel=1), builder("any", AMD)), Counter()
    assert Counter(scene.assign(AMD).builder for _ in range(4)) == {"one": 1, "any": 3}


@pytest.mark.parametrize("engine", ["buildah", "direct"])
def test_engines_that_are_wanted_stay_here(scene: Scene, engine: str):
    scene.builders = (ARM_BOX,)
    scene.keys = (
        f'engine = "{engine}"\n[images.app.direct]\nfiles = [{{ from = "a", to = "/a" }}]\n'
    )
    scene.probes["direct"] = EngineInfo(name="direct", title="direct")
    given = scene.assign(ARM)
    assert (given.builder, given.engine) == ("", engine)


def test_reasons_say_who_how_and_why(scene: Scene):
    scene.builders = (builder("arm", ARM, ARM), builder("arm2", ARM, problem="it is gone"))
    given = scene.assign(ARM)
    assert (
        given.reason == "builder `arm`: buildx on arm; the engine there runs this platform itself"
    )
    assert given.engine == "buildx"


def test_reasons_say_what_is_wrong_with_the_native_builder(scene: Scene):
    scene.machine = EMULATING
    scene.builders = (
        builder("arm", ARM, ARM, problem="the Docker daemon does not answer"),
        builder("fake", AMD, ARM),
    )
    scene.dockerfile = CROSSES
    told = scene.assign(ARM)
    assert (told.builder, told.strategy) == ("fake", "cross")
    assert told.reason.endswith(
        "; builder `arm`: cannot be used: the Docker daemon does not answer"
        "; builder `fake`: its engine runs linux/amd64 itself, all else under emulation"
    )
    scene.dockerfile, scene.builders = RUNS, scene.builders[:1]
    told = scene.assign(ARM)
    assert (told.builder, told.strategy) == ("", "emulated")
    assert "RUN executes under qemu-aarch64-static, registered with flag F" in told.reason
    assert ", 5 to 40 times slower; builder `arm`: cannot be used" in told.reason


def test_reasons_say_where_nothing_emulates(scene: Scene):
    assert "none is registered: `polyarch doctor`" in scene.assign(ARM).reason
    scene.machine = Machine(native=(AMD,), programs={"arm64": "/usr/bin/qemu-aarch64"})
    assert "registered (qemu-aarch64, on PATH only" in scene.assign(ARM).reason


@dataclass(frozen=True)
class Demand:
    """Keys of the image, and where it is built then; None where that is refused."""

    keys: str
    dockerfile: str
    place: tuple[str, str] | None
    platform: Platform = ARM
    builders: tuple[NodeFacts, ...] = ()


NATIVE, CROSS, EMULATED = (f'strategy = "{each}"' for each in ("native", "cross", "emulated"))
FORBIDDEN = "allow-emulation = false"
DEMANDS = [
    Demand(NATIVE, RUNS, None),
    Demand(NATIVE, CROSSES, None),
    Demand(NATIVE, CROSSES, None, builders=(AMD_TOLD_ARM,)),
    Demand(NATIVE, RUNS, ("arm", "native"), builders=(ARM_BOX,)),
    Demand(NATIVE, RUNS, ("", "native"), AMD),
    Demand(CROSS, RUNS, None, builders=(ARM_BOX,)),
    Demand(CROSS, CROSSES, ("", "cross"), builders=(ARM_BOX,)),
    Demand(CROSS, CROSSES, ("", "native"), AMD),
    Demand(EMULATED, RUNS, ("", "emulated"), builders=(ARM_BOX,)),
    Demand(EMULATED, RUNS, None, AMD),
    Demand(EMULATED, CROSSES, None),
    Demand(f"{EMULATED}\n{FORBIDDEN}", RUNS, None),
    Demand(FORBIDDEN, RUNS, None),
    Demand(FORBIDDEN, RUNS, None, builders=(AMD_TOLD_ARM,)),
    Demand(FORBIDDEN, RUNS, ("arm", "native"), builders=(ARM_BOX,)),
    Demand(FORBIDDEN, CROSSES, ("", "cross")),
]


@pytest.mark.parametrize("demand", DEMANDS)
def test_demands(scene: Scene, demand: Demand):
    scene.keys, scene.dockerfile, scene.builders = demand.keys, demand.dockerfile, demand.builders
    if demand.place is not None:
        assert scene.place(demand.platform) == demand.place
        return
    with pytest.raises(StrategyUnmetError) as caught:
        scene.assign(demand.platform)
    assert f"`app` for {demand.platform}" in caught.value.message
    assert caught.value.hint
    scene.elsewhere = True
    assert scene.assign(demand.platform).engine


def test_what_cannot_be_met_names_everybody(scene: Scene):
    scene.keys = "allow-emulation = false"
    scene.builders = (
        builder("arm", ARM, ARM, problem="the Docker daemon does not answer"),
        builder("amd", AMD),
        builder("told", AMD, ARM),
        builder("other", ARM, AMD),
    )
    with pytest.raises(StrategyUnmetError) as caught:
        scene.assign(ARM)
    first, *lines = caught.value.message.splitlines()
    assert first == (
        "nothing can build `app` for linux/arm64 without emulation (`allow-emulation = false`)"
    )
    assert [line.partition(": ")[0].strip() for line in lines] == [
        "builder `arm`", "builder `amd`", "builder `told`", "builder `other`", "this machine",
    ]  # fmt: skip
    assert "cannot be used: the Docker daemon does not answer" in lines[0]
    assert "runs linux/amd64 itself" in lines[1]
    assert "it would be emulated: the config sends it there" in lines[2]
    assert "its `platforms` do not name it" in lines[3]
    assert "it would be emulated: RUN needs an emulator" in lines[4]
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("mend the builder `arm`: start it; or configure a")
    assert caught.value.hint.endswith("or take `allow-emulation = false` away")
