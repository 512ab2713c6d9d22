"""How each platform of each image would be built here, and why so."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.engines.base import EngineInfo
from polyarch.errors import PolyarchError
from polyarch.host.ci_event import CiEvent
from polyarch.host.emulation import Machine
from polyarch.host.git import read_git
from polyarch.oci.platform import Platform
from polyarch.pipeline.facts import Facts, NodeFacts
from polyarch.pipeline.known import known_facts
from polyarch.pipeline.material import Sources
from polyarch.pipeline.source_reader import SourceReader
from polyarch.pipeline.strategy import Assignment, assign
from polyarch.pipeline.symptom import Health, Symptom
from polyarch.pipeline.wording import Wording
from polyarch.pipeline.world import World

Assignments = Mapping[tuple[str, Platform], Assignment | PolyarchError]
"""Who builds each platform of each image, or why nobody can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the project is built from; `problem` says why that could not be read."""

    machine: Machine
    wording: Wording | None = None
    sources: Sources | None = None
    problem: PolyarchError | None = None


def read_ground(project: Project, machine: Machine, event: CiEvent, world: World) -> Ground:
    """Read the Dockerfiles; never raises for what is wrong with them."""
    try:
        git = read_git(project.root, world.environment)
        told = known_facts(event, git, world.environment, offline=True)
        wording = Wording(event=event, repository=told.repository, now=world.now)
        sources = SourceReader(project, machine, wording).read(tuple(project.images))
    except PolyarchError as error:
        return Ground(machine=machine, problem=error)
    return Ground(machine=machine, wording=wording, sources=sources)


def assignments(
    project: Project,
    ground: Ground,
    probes: Mapping[str, EngineInfo],
    nodes: Mapping[str, NodeFacts],
) -> Assignments:
    """Decide as a plan does, and go on where a platform cannot be built."""
    if ground.wording is None or ground.sources is None:
        return {}
    facts = Facts(
        machine=ground.machine,
        wording=ground.wording,
        probes=probes,
        sources=ground.sources,
        current={},
        nodes=nodes,
    )
    found: dict[tuple[str, Platform], Assignment | PolyarchError] = {}
    for name, image in project.images.items():
        for platform in image.platforms:
            if image.for_platform(platform).source:
                continue
            try:
                found[name, platform] = assign(image, platform, facts)
            except PolyarchError as error:
                found[name, platform] = error
    return found


def strategy_symptoms(
    ground: Ground | None,
    decided: Assignments,
    probes: Mapping[str, EngineInfo],
    nodes: Mapping[str, NodeFacts],
) -> Iterator[Symptom]:
    """One for each platform of each image; what engines and builders say of themselves left out."""
    if ground is not None and ground.problem is not None:
        yield _broken("sources", ground.problem)
    for (image, platform), assignment in decided.items():
        name = f"{image} {platform}"
        if isinstance(assignment, PolyarchError):
            yield _broken(name, assignment)
            continue
        by = f"builder {assignment.builder}" if assignment.builder else assignment.engine
        yield Symptom(
            area="strategy",
            name=name,
            health=Health.OK,
            message=f"{assignment.strategy} by {by}: {_why(assignment, probes, nodes)}",
        )


def _why(
    assignment: Assignment, probes: Mapping[str, EngineInfo], nodes: Mapping[str, NodeFacts]
) -> str:
    """The reason without what stands in other lines of the same screen."""
    why = assignment.reason
    for each in nodes.values():
        if each.info.problem:
            why = why.replace(f": {each.info.problem}", "")
    for info in probes.values():
        if info.problem:
            why = why.replace(f"; `{info.name}` cannot: {info.problem}", "")
    titles = [each.info.title for each in nodes.values()] + [each.title for each in probes.values()]
    first, _, rest = why.partition("; ")
    return rest if rest and any(title and title in first for title in titles) else why


def emulated_here(decided: Assignments, probes: Mapping[str, EngineInfo]) -> Collection[Platform]:
    """The platforms whose programs must run on this machine for a build of the project.

    An engine may bring emulators of its own, as BuildKit's image does: those it tells itself.
    """
    return {
        platform
        for (_, platform), each in decided.items()
        if isinstance(each, Assignment)
        and each.strategy == "emulated"
        and not each.builder
        and not (each.engine in probes and platform in probes[each.engine].emulated)
    }


def _broken(name: str, error: PolyarchError) -> Symptom:
    return Symptom(
        area="strategy",
        name=name,
        health=Health.BROKEN,
        message=error.message,
        hint=error.hint,
        error=error,
    )
