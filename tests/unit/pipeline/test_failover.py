"""What an engine's failure means for a builder, and for an image that it cannot push."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, EngineInfo
from polyarch.engines.fake import FakeEngine
from polyarch.errors import BuilderLostError, BuildFailedError, EngineUnusableError
from polyarch.events import Event, Listener, Warned
from polyarch.oci.platform import Platform
from polyarch.pipeline.failover import Task

REPOSITORY = "registry.example.com/team/app"
REFUSED = f"ERROR: failed to solve: failed to push {REPOSITORY}: unauthorized"


@dataclass
class Pushing:
    """An engine that fails as it is told where it is to push."""

    error: Exception
    fake: FakeEngine = field(default_factory=FakeEngine)

    name = "buildx"

    def probe(self) -> EngineInfo:
        return self.fake.probe()

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        if request.push_to:
            raise self.error
        return self.fake.build(request, layout, listen)


@dataclass
class Bench:
    """One build on a builder, and what is told."""

    root: Path
    told: list[Event] = field(default_factory=list)

    def run(
        self, engine: Pushing, *, builder: str = "one", is_over: Callable[[], bool] = lambda: False
    ) -> Built:
        (self.root / "Dockerfile").write_text("FROM scratch\n")
        request = BuildRequest(
            image="app",
            platform=Platform.parse("amd64"),
            project=self.root,
            context=self.root,
            dockerfile=self.root / "Dockerfile",
            push_to=REPOSITORY,
        )
        return Task(
            engine=engine,
            builder=builder,
            request=request,
            layout=LayoutStore(self.root / "layout"),
            listen=self.told.append,
            is_over=is_over,
        ).run()


def failed(line: str) -> BuildFailedError:
    return BuildFailedError("app", "linux/amd64", "buildx", last_lines=(line,))


def test_what_cannot_be_pushed_is_fetched(tmp_path: Path):
    bench = Bench(tmp_path)
    assert not bench.run(Pushing(failed(REFUSED))).pushed
    [warning] = [each.text for each in bench.told if isinstance(each, Warned)]
    assert warning.startswith(f"builder `one` cannot push to {REPOSITORY}, so the image is fetched")
    assert "unauthorized" in warning


def test_a_step_that_fails_is_not_built_again_to_be_fetched(tmp_path: Path):
    with pytest.raises(BuildFailedError):
        Bench(tmp_path).run(Pushing(failed('process "make" did not complete: exit code: 1')))


def test_engines_that_cannot_any_more_are_the_builders_loss(tmp_path: Path):
    error = EngineUnusableError("buildx on one", "the connection broke", hint="see why")
    with pytest.raises(BuilderLostError) as caught:
        Bench(tmp_path).run(Pushing(error))
    assert caught.value.engine == "one"
    assert "the connection broke" in caught.value.problem
    assert caught.value.advice == "see why"


@pytest.mark.parametrize("error", [EngineUnusableError("buildx", "it broke"), failed(REFUSED)])
def test_here_and_at_the_end_failures_are_what_they_are(tmp_path: Path, error: Exception):
    for given in ({"builder": ""}, {"is_over": lambda: True}):
        with pytest.raises(type(error)) as caught:
            Bench(tmp_path).run(Pushing(error), **given)
        assert caught.value is error
