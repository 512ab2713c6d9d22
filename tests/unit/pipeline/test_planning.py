"""From config, event and facts to a plan: pure, so the facts are made up and no engine is there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyarch.config.load import load_project
from polyarch.config.project import Project
from polyarch.engines.base import EngineInfo
from polyarch.errors import EngineUnusableError, NoEngineError, TagCollisionError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.emulation import Machine
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.policy import Decision
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.base_digests import Resolved
from polyarch.pipeline.claims import Claim
from polyarch.pipeline.facts import Facts, context_digests
from polyarch.pipeline.graph import ordered
from polyarch.pipeline.keys import Ground, input_keys
from polyarch.pipeline.material import edges_of
from polyarch.pipeline.plan import Plan
from polyarch.pipeline.planning import make_plan
from polyarch.pipeline.scope import Scope
from polyarch.pipeline.source_reader import SourceReader
from polyarch.pipeline.wording import Wording

AMD, ARM = Platform.parse("amd64"), Platform.parse("arm64")
MACHINE = Machine(native=(AMD,))
YES = Decision(publish=True, reason="it is a test")

CONFIG = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["ghcr.io/team/{image}"]
tags = ["type=ref,event=branch"]
[images.app]
build-args = { FLAVOUR = "plain" }
contexts = { extra = "extra" }
"""
DOCKERFILE = """\
ARG FLAVOUR
FROM --platform=$BUILDPLATFORM debian AS build
COPY *.c /
RUN make
FROM scratch AS final
COPY --from=build /a /a
FROM final AS other
"""
FILES = {"Dockerfile": DOCKERFILE, "main.c": "1", "extra/file": "1"}


def info(name: str, **more: str) -> EngineInfo:
    return EngineInfo(name=name, version="1", native=(AMD,), **more)  # type: ignore[arg-type]  # texts only


USABLE = {"buildx": info("buildx"), "buildah": info("buildah"), "direct": info("direct")}


def event(sha: str = "a" * 40) -> CiEvent:
    return CiEvent(provider=Provider.GITHUB, name="push", ref="refs/heads/main", sha=sha)


class World:
    """A folder with a project, and the facts that would be gathered about it."""

    def __init__(self, root: Path, config: str = CONFIG) -> None:
        self.root = root
        self.probes = dict(USABLE)
        self.event = event()
        self.repository = RepositoryFacts()
        self.bases: dict[tuple[tuple[str, ...], Platform], Resolved] = {}
        self.write({**FILES, "polyarch.toml": config, ".dockerignore": "polyarch.toml\nnotes\n"})

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def config(self, old: str, new: str) -> None:
        path = self.root / "polyarch.toml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def gathered(self) -> tuple[Project, Facts]:
        project = load_project(self.root / "polyarch.toml")
        wording = Wording(
            event=self.event, repository=self.repository, now=datetime(2026, 1, 2, tzinfo=UTC)
        )
        platforms = {name: image.platforms for name, image in project.images.items()}
        sources = SourceReader(project, MACHINE, wording).read(tuple(project.images))
        ground = Ground(
            project=project,
            event=self.event,
            wording=wording,
            scope=platforms,
            sources=sources,
            contexts=context_digests(project, platforms, sources),
            existing={},
            bases=self.bases,
            build_platform=AMD,
        )
        order = ordered(tuple(project.images), edges_of(sources))
        facts = Facts(
            machine=MACHINE,
            wording=wording,
            probes=self.probes,
            sources=sources,
            keys=input_keys(order, ground),
            current={},
        )
        return project, facts

    def plan(self) -> Plan:
        project, facts = self.gathered()
        platforms = {name: image.platforms for name, image in project.images.items()}
        return make_plan(project, Scope(platforms=platforms), YES, facts)

    def keys(self) -> dict[str, str]:
        return {
            f"{image.name} {planned.platform}": planned.input_key
            for image in self.plan().images
            for planned in image.platforms
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def resolved(text: str, *, key: str = "") -> Resolved:
    """What a name stands for now, made up of any text."""
    digest = Digest.of(text.encode())
    pinned = Repository.parse("debian").at(digest)
    return Resolved(pinned=pinned, manifest=digest, claim=Claim(key=key))


INPUTS: dict[str, Callable[[World], object]] = {
    "a build argument": lambda w: w.config('"plain"', '"fancy"'),
    "what an expression in one gives": lambda w: w.config('"plain"', '"{{sha}}"'),
    "the Dockerfile": lambda w: w.write({"Dockerfile": DOCKERFILE + "\n# more\nLABEL a=b\n"}),
    "the target": lambda w: w.config("build-args", 'target = "final"\nbuild-args'),
    "a label": lambda w: w.config("build-args", 'labels = { a = "b" }\nbuild-args'),
    "a file of the context": lambda w: w.write({"main.c": "2"}),
    "a file of a named context": lambda w: w.write({"extra/file": "2"}),
    "the engine that is wanted": lambda w: w.config("build-args", 'engine = "buildah"\nbuild-args'),
    "the network": lambda w: w.config("build-args", 'network = "none"\nbuild-args'),
    "the name of a secret": lambda w: w.config(
        "build-args", 'secrets = ["id=a,env=A"]\nbuild-args'
    ),
    "what an image outside is": lambda w: w.bases.update({(("debian",), AMD): resolved("1")}),
    "an agent": lambda w: w.config("build-args", 'ssh = ["default"]\nbuild-args'),
}


@pytest.mark.parametrize("what", INPUTS)
def test_inputs_change_the_key(world: World, what: str):
    before = world.keys()
    INPUTS[what](world)
    after = world.keys()
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)


NO_INPUTS: dict[str, Callable[[World], object]] = {
    "an image that no stage takes": lambda w: w.bases.update({(("debian",), ARM): resolved("1")}),
    "the commit": lambda w: setattr(w, "event", event("b" * 40)),
    "the branch": lambda w: setattr(w, "event", replace(event(), ref="refs/heads/other")),
    "tags": lambda w: w.config("type=ref,event=branch", "type=raw,value=x"),
    "repositories": lambda w: w.config("ghcr.io", "quay.io"),
    "an ignored file": lambda w: w.write({"notes": "!"}),
    "a file that no stage reads": lambda w: w.write({"README.md": "!"}),
    "the engine that is found": lambda w: w.probes.update(buildx=info("buildx", problem="ill")),
    "what the forge says of the repository": lambda w: setattr(
        w, "repository", RepositoryFacts(name="app", description="new", license="MIT")
    ),
    "what runs leave": lambda w: w.write({".polyarch/runs/x": "!"}),
}


@pytest.mark.parametrize("what", NO_INPUTS)
def test_the_rest_does_not(world: World, what: str):
    before = world.keys()
    NO_INPUTS[what](world)
    assert world.keys() == before


def test_platforms_have_keys_of_their_own_and_overrides_count_there_alone(world: World):
    before = world.keys()
    assert len(set(before.values())) == 2
    world.config(
        "[images.app]", '[images.app.platform.arm64]\nbuild-args = { X = "1" }\n[images.app]'
    )
    after = world.keys()
    assert before["app linux/amd64"] == after["app linux/amd64"]
    assert before["app linux/arm64"] != after["app linux/arm64"]


def test_labels_of_one_platform_are_its_own(world: World):
    before = world.keys()
    world.config("[images.app]", '[images.app.platform.arm64]\nlabels = { x = "1" }\n[images.app]')
    [image] = world.plan().images
    assert [planned.labels.get("x") for planned in image.platforms] == [None, "1"]
    assert "x" not in image.labels
    after = world.keys()
    assert [name for name in after if after[name] != before[name]] == ["app linux/arm64"]


@pytest.mark.parametrize("level", ["index", "manifest", "manifest-descriptor"])
def test_annotations_stand_where_they_are_asked_for(world: World, level: str):
    world.config(
        "build-args", f'annotation-levels = ["{level}"]\nannotations = {{ x = "1" }}\nbuild-args'
    )
    told = world.plan().to_json()["images"][0]["annotations"]
    assert {each: found.get("x") for each, found in told.items()} == {
        each: "1" if each == level else None
        for each in ("index", "manifest", "manifest-descriptor")
    }


def test_a_base_of_the_project_counts_with_its_key(tmp_path: Path):
    config = CONFIG + '[images.child]\ncontext = "child"\n'
    world = World(tmp_path, config)
    world.write({"child/Dockerfile": "FROM ghcr.io/team/app:main\nCOPY file /\n"})
    before = world.keys()
    world.config('"plain"', '"fancy"')
    after = world.keys()
    assert all(before[name] != after[name] for name in before)
    world.write({"child/file": "1"})
    last = world.keys()
    changed = [name for name in after if after[name] != last[name] and name.startswith("child")]
    assert len(changed) == 2


def test_strategies(world: World):
    [image] = world.plan().images
    assert [(p.engine, p.strategy) for p in image.platforms] == [
        ("buildx", "native"),
        ("buildx", "cross"),
    ]
    world.write({"Dockerfile": "FROM debian\nRUN make\n"})
    [image] = world.plan().images
    assert [p.strategy for p in image.platforms] == ["native", "emulated"]
    assert "emulator" in image.platforms[1].reason


def test_the_next_engine_and_why(world: World):
    world.probes["buildx"] = info("buildx", problem="it is ill")
    [image] = world.plan().images
    assert {p.engine for p in image.platforms} == {"buildah"}
    assert "it is ill" in image.platforms[0].reason


def test_no_engine(world: World):
    for name in ("buildx", "buildah"):
        world.probes[name] = info(name, problem="it is ill", hint=f"cure {name}")
    with pytest.raises(NoEngineError) as caught:
        world.plan()
    assert caught.value.hint == "cure buildx; or cure buildah"
    world.config("build-args", 'engine = "buildah"\nbuild-args')
    with pytest.raises(EngineUnusableError, match="it is ill"):
        world.plan()


def test_two_images_under_one_tag(tmp_path: Path):
    world = World(tmp_path, CONFIG.replace("{image}", "app") + "[images.web]\n")
    with pytest.raises(
        TagCollisionError, match=r"`app` and `web` would both be `ghcr\.io/team/app:main`"
    ):
        world.plan()


def test_a_plan_is_a_value(world: World):
    assert world.plan() == world.plan()
    assert world.plan().to_json() == world.plan().to_json()
