"""Builds over several builders: engines that do as they are told, real parts, no machine."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, EngineInfo
from polyarch.engines.fake import FakeEngine
from polyarch.errors import (
    BuilderLostError,
    BuildFailedError,
    EmulatorMissingError,
    EngineUnusableError,
)
from polyarch.events import BuildFailed, BuildStarted, Event, Listener, Note, Warned
from polyarch.oci.platform import Platform
from polyarch.pipeline.build import PartsByImage, Workshop
from polyarch.pipeline.lineage import Lineage
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.plan import ImagePlan, Plan, PlannedPlatform
from polyarch.pipeline.schedule import build_all, successor

AMD, ARM, PPC = (Platform.parse(each) for each in ("amd64", "arm64", "ppc64le"))
PATIENCE_S = 30
GONE = EngineUnusableError("buildx on one", "the connection broke")


def failed(platform: Platform) -> BuildFailedError:
    return BuildFailedError("app", str(platform), "buildx", last_lines=("exit code: 1",))


@dataclass
class Machine:
    """An engine that counts its builds and does first what a test wants of it."""

    before: Callable[[BuildRequest], None] = lambda _request: None
    fake: FakeEngine = field(default_factory=FakeEngine)
    lock: threading.Lock = field(default_factory=threading.Lock)
    now: int = 0
    most: int = 0
    built: list[Platform] = field(default_factory=list)

    name = "buildx"

    def probe(self) -> EngineInfo:
        return self.fake.probe()

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.built.append(request.platform)
        try:
            self.before(request)
            return self.fake.build(request, layout, listen)
        finally:
            with self.lock:
                self.now -= 1


def planned(platform: Platform, builder: str, *alternatives: str) -> PlannedPlatform:
    return PlannedPlatform(
        platform=platform,
        engine="buildx",
        strategy="native",
        reason="",
        builder=builder,
        input_key="key",
        alternatives=alternatives,
    )


def image(name: str, *platforms: PlannedPlatform) -> ImagePlan:
    return ImagePlan(
        name=name,
        publish=False,
        reason="",
        depends_on=(),
        platforms=platforms,
        version=None,
        tags=(),
        labels={},
        index_annotations={},
        manifest_annotations={},
        descriptor_annotations={},
        destinations=(),
    )


@dataclass
class Yard:
    """A folder of parts, machines by name, and what is told."""

    root: Path
    machines: dict[str, Machine]
    parallel: dict[str, int] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)

    def build(self, *images: ImagePlan) -> PartsByImage:
        (self.root / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")

        def request(
            image: ImagePlan, planned: PlannedPlatform, _bases: PartsByImage
        ) -> BuildRequest:
            return BuildRequest(
                image=image.name,
                platform=planned.platform,
                project=self.root,
                context=self.root,
                dockerfile=self.root / "Dockerfile",
            )

        def nothing(*_anything: object) -> Built:
            raise AssertionError("nothing exists already")

        workshop = Workshop(
            engines={"buildx": self.machines.get("", Machine())},
            nodes=dict(self.machines),
            parallel=self.parallel,
            parts=PartsFolder(root=self.root / "parts"),
            request=request,
            lineage=lambda *_anything: Lineage(),
            take=nothing,
            below=lambda *_anything: {},
            base=lambda *_anything: None,
            fetch=nothing,
            created="2026-01-02T00:00:00Z",
            revision="a" * 40,
            ci_run=None,
            listen=self.told.append,
        )
        return build_all(Plan(event="push", ref="", sha="", images=images), workshop)

    def texts(self, kind: type[Note | Warned]) -> list[str]:
        return [each.text for each in self.told if isinstance(each, kind)]


def test_platforms_run_over_builders_at_once(tmp_path: Path):
    together = threading.Barrier(3)

    def meet(_request: BuildRequest) -> None:
        together.wait(PATIENCE_S)

    yard = Yard(tmp_path, {name: Machine(meet) for name in ("", "one", "two")})
    done = yard.build(image("app", planned(AMD, ""), planned(ARM, "one"), planned(PPC, "two")))
    assert [each.part.platform for each in done["app"]] == [AMD, ARM, PPC]
    begun = {each.builder: each.platform for each in yard.told if isinstance(each, BuildStarted)}
    assert begun == {"": AMD, "one": ARM, "two": PPC}


def test_a_builder_does_as_many_at_once_as_it_may(tmp_path: Path):
    yard = Yard(tmp_path, {"one": Machine(), "two": Machine()}, parallel={"one": 1})
    names = [f"app{number}" for number in range(4)]
    yard.build(*(image(name, planned(AMD, "one"), planned(ARM, "two")) for name in names))
    assert yard.machines["one"].most == 1
    assert len(yard.machines["one"].built) == len(yard.machines["two"].built) == len(names)
    assert yard.texts(Note) == ["builder `one` does 1 at a time: 3 builds wait for it"]


def test_builds_of_a_lost_builder_go_to_the_next(tmp_path: Path):
    def die(_request: BuildRequest) -> None:
        raise GONE

    yard = Yard(tmp_path, {"one": Machine(die), "two": Machine(die), "three": Machine()})
    yard.parallel = {"one": 1}
    done = yard.build(
        image("app", planned(AMD, "one", "two", "three"), planned(ARM, "one", "three")),
        image("tool", planned(AMD, "two", "three")),
    )
    assert sorted(done) == ["app", "tool"]
    assert len(yard.machines["three"].built) == 3
    assert len(yard.machines["one"].built) == 1, "nothing more is begun on a builder that is lost"
    assert not [each for each in yard.told if isinstance(each, BuildFailed)]
    assert any(
        text.startswith("builder `one` was lost (") and "app linux/arm64 goes to `three`" in text
        for text in yard.texts(Warned)
    )


def test_without_another_one_the_error_names_the_builder_and_all_its_platforms(tmp_path: Path):
    waiting = threading.Event()

    def die(_request: BuildRequest) -> None:
        raise GONE

    def wait(_request: BuildRequest) -> None:
        assert waiting.wait(PATIENCE_S)

    yard = Yard(tmp_path, {"one": Machine(die), "two": Machine(wait)}, parallel={"one": 1})
    threading.Timer(0.0, waiting.set).start()
    with pytest.raises(BuilderLostError) as caught:
        yard.build(
            image("app", planned(AMD, "one"), planned(ARM, "one"), planned(PPC, "one", "two"))
        )
    assert (
        "the builder `one` was lost, and no other one may build app linux/amd64, app linux/a"
        in (caught.value.message)
    )
    assert "ppc64le" not in caught.value.message
    assert "the connection broke" in caught.value.message


@pytest.mark.parametrize("error", [failed(AMD), EmulatorMissingError("buildx", "linux/amd64")])
def test_what_fails_by_itself_is_not_tried_elsewhere(tmp_path: Path, error: Exception):
    def fail(_request: BuildRequest) -> None:
        raise error

    yard = Yard(tmp_path, {"one": Machine(fail), "two": Machine()})
    with pytest.raises(type(error)) as caught:
        yard.build(image("app", planned(AMD, "one", "two")))
    assert caught.value is error
    assert not yard.machines["two"].built


def test_a_step_that_ended_with_its_engine_is_the_builders_loss(tmp_path: Path):
    def fail(_request: BuildRequest) -> None:
        raise failed(AMD)

    gone = Machine(fail, FakeEngine(problem="the Docker daemon does not answer"))
    yard = Yard(tmp_path, {"one": gone, "two": Machine()})
    yard.build(image("app", planned(AMD, "one", "two")))
    assert yard.machines["two"].built == [AMD]
    assert "the Docker daemon does not answer" in yard.texts(Warned)[0]


def test_the_next_builder_that_is_there():
    first = planned(AMD, "one", "two", "three", "four")
    second = successor(first, {"one", "two"})
    assert second is not None
    assert (second.builder, second.alternatives) == ("three", ("four",))
    assert successor(second, {"four"}) is None
