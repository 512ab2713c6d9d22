"""`build --load`: the image of one platform into the local engine's own store, to be run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarch.content.archive import write_archive
from polyarch.engines.base import Engine, EngineInfo, Loader
from polyarch.engines.catalog import CONTAINER_ENGINES, no_engine
from polyarch.errors import NothingSelectedError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.build import BuiltPart
from polyarch.pipeline.job import Job, ProvenImage
from polyarch.pipeline.plan import ImagePlan

_RUN_WITH = {"buildx": "docker", "buildah": "podman"}
"""What runs images from the store that each engine loads into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An image in a local store; `command` runs it."""

    name: str
    platform: Platform
    command: str


def load(work: Job, images: Sequence[ProvenImage]) -> dict[str, Loaded]:
    """Load each image for this machine's platform, or for the only one that was built.

    Raises:
        NothingSelectedError: several platforms were built, and none is this machine's.
        NoEngineError: no engine with a store of its own can be used here.
    """
    found: dict[str, Loaded] = {}
    for image in images:
        built = _choose(image, work.prepared.facts.machine.platform)
        engine, loader = _loader(image.plan.name, built.part.engine, work.prepared.engines)
        name = _name(image.plan)
        archive = work.scratch / "load" / f"{image.plan.name}.tar"
        write_archive(archive, image.source, built.part.manifest, name)
        loader.load(archive, name)
        archive.unlink()
        found[image.plan.name] = Loaded(
            name=name,
            platform=built.part.platform,
            command=f"{_RUN_WITH[engine]} run --rm {name}",
        )
    return found


def check_stores(work: Job) -> None:
    """See that every image can be loaded, before hours are spent on building it.

    Raises:
        NoEngineError: no engine with a store of its own can be used here.
    """
    for image in work.prepared.plan.images:
        for engine in {planned.engine for planned in image.platforms}:
            _loader(image.name, engine, work.prepared.engines)


def _choose(image: ProvenImage, machine: Platform) -> BuiltPart:
    if len(image.parts) == 1:
        return image.parts[0]
    for built in image.parts:
        if built.part.platform == machine:
            return built
    known = [str(built.part.platform) for built in image.parts]
    raise NothingSelectedError(str(machine), known, kind="platform")


def _loader(image: str, built_by: str, engines: Mapping[str, Engine]) -> tuple[str, Loader]:
    names = [built_by] if built_by in CONTAINER_ENGINES else list(CONTAINER_ENGINES)
    problems: list[EngineInfo] = []
    for name in names:
        engine = engines[name]
        info = engine.probe()
        if info.usable and isinstance(engine, Loader):
            return name, engine
        problems.append(info)
    raise no_engine(image, problems, task="load")


def _name(image: ImagePlan) -> str:
    tag = image.tags[0] if image.tags else "latest"
    if image.destinations:
        return str(image.destinations[0].repository.tag(tag))
    return str(Repository.parse(image.name).tag(tag))
