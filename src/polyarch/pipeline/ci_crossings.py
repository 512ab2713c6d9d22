"""Images that take another of the project for a platform that another job builds.

A job builds all images of one platform, each after those it stands on. Where a Dockerfile takes
one for the machine's own platform (`FROM --platform=$BUILDPLATFORM`), an emulated job would need
what a second job makes at the same time.
"""

from collections.abc import Iterator

from polyarch.ci.pipelines.shape import Leg, Pipeline
from polyarch.config.project import Project
from polyarch.host.ci_event import CiEvent
from polyarch.host.emulation import Machine
from polyarch.oci.platform import Platform
from polyarch.pipeline.diagnosis_strategies import read_ground
from polyarch.pipeline.world import World

_USUAL = Platform.parse("linux/amd64")
"""What machines with emulators run by themselves."""


def crossings(
    project: Project, pipeline: Pipeline, event: CiEvent, world: World
) -> tuple[str, ...]:
    """Sentences for people; none where Dockerfiles cannot be read, or one job builds all."""
    if pipeline.single:
        return ()
    return tuple(text for leg in pipeline.legs for text in _of(leg, project, event, world))


def _of(leg: Leg, project: Project, event: CiEvent, world: World) -> Iterator[str]:
    native = _USUAL if leg.runner.emulated else leg.platform
    ground = read_ground(project, Machine(native=(native,)), event, world)
    for (name, platform), source in (ground.sources or {}).items():
        taken = ((edge.image, each) for edge in source.edges for each in edge.platforms)
        for image, other in taken:
            if platform == leg.platform and other != platform:
                yield (
                    f"`{name}` for {platform} takes `{image}` for {other}, which another job"
                    " builds: use `--single-job`, or give the platform a machine of its own in"
                    " [runners]"
                )
