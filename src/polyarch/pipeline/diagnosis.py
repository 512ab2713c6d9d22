"""What works on this machine and for this project, and what to do about the rest.

Everything is asked at once, and what does not answer in time is told as such: nothing hangs.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.config.project import Project
from polyarch.engines.base import EngineInfo
from polyarch.host.ci_event import CiEvent
from polyarch.host.emulation import Machine, read_machine
from polyarch.host.emulator_remedies import is_mended
from polyarch.host.tools import find_tools
from polyarch.host.trial import try_platforms
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.asking import Asked
from polyarch.pipeline.diagnosis_emulators import (
    Emulators,
    emulator_symptoms,
    foreign_platforms,
)
from polyarch.pipeline.diagnosis_engines import builder_symptoms, engine_symptoms
from polyarch.pipeline.diagnosis_machine import disk_symptoms, git_symptoms
from polyarch.pipeline.diagnosis_registries import (
    RegistryLook,
    clock_symptoms,
    look_at_registries,
)
from polyarch.pipeline.diagnosis_strategies import (
    Assignments,
    Ground,
    assignments,
    emulated_here,
    read_ground,
    strategy_symptoms,
)
from polyarch.pipeline.emulator_record import recalled, remember
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.facts import NodeFacts, make_engines
from polyarch.pipeline.mending import Fix
from polyarch.pipeline.nodes import node_engines, probe_nodes
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.symptom import Symptom, late
from polyarch.pipeline.world import World

SCHEMA = "polyarch.doctor/v1"

LIMIT_S = 90.0
"""For all of it; a program that hangs is ended after 30 s, and an engine is asked three times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """All that is being asked, since this was made."""

    engines: Mapping[str, Asked[EngineInfo]]
    nodes: Asked[dict[str, NodeFacts]]
    emulators: Asked[Emulators]
    ground: Asked[Ground] | None
    git: Asked[tuple[Symptom, ...]] | None
    registries: Asked[RegistryLook] | None
    disks: Asked[tuple[Symptom, ...]]


def diagnose(
    project: Project | None,
    world: World,
    event: CiEvent,
    *,
    offline: bool,
    limit_s: float = LIMIT_S,
) -> tuple[Symptom, ...]:
    """Look at everything there is; registries only with a project, and not when `offline`.

    For a pull request no login is looked up, because it controls the config.
    """
    until = time.monotonic() + limit_s
    asked = _ask(project, world, event, offline=offline)
    return tuple(_answers(project, asked, until, limit_s))


def to_json(symptoms: Sequence[Symptom], fixes: Sequence[Fix] | None = None) -> JsonObject:
    """The document `polyarch.doctor/v1`; `fixes` is None where nothing was to be mended."""
    return {
        "schema": SCHEMA,
        "ok": not any(each.is_broken for each in symptoms),
        "checks": [each.to_json() for each in symptoms],
        "fixes": None if fixes is None else [each.to_json() for each in fixes],
    }


def _ask(project: Project | None, world: World, event: CiEvent, *, offline: bool) -> Questions:
    named = project.secret_variables if project else ()
    environment = without_logins(world.environment, named)
    machine = read_machine(world.environment)
    machine = machine.with_versions(world.environment, foreign_platforms(project, machine))
    engines = make_engines(environment)
    return Questions(
        engines={name: Asked(engine.probe) for name, engine in engines.items()},
        nodes=Asked(lambda: _probed_nodes(project, environment)),
        emulators=Asked(lambda: look_at_emulators(project, machine, world)),
        ground=Asked(lambda: read_ground(project, machine, event, world)) if project else None,
        git=Asked(lambda: tuple(git_symptoms(project, environment))) if project else None,
        registries=Asked(
            lambda: look_at_registries(
                project, Reach(project, world, anonymous=event.is_pull_request)
            )
        )
        if project and not offline
        else None,
        disks=Asked(lambda: tuple(disk_symptoms(world))),
    )


def _probed_nodes(project: Project | None, environment: Mapping[str, str]) -> dict[str, NodeFacts]:
    return probe_nodes(project, node_engines(project, environment)) if project else {}


def look_at_emulators(project: Project | None, machine: Machine, world: World) -> Emulators:
    """Try those that matter, and write down which work."""
    platforms = foreign_platforms(project, machine)
    folders = [world.state] if world.state.is_dir() else []
    trials = try_platforms(machine, platforms, world.environment, folders=folders)
    needy = not all(map(is_mended, trials))
    record = recalled(world.state)
    remember(world.state, trials)
    return Emulators(
        machine=machine,
        trials=trials,
        tools=find_tools(world.environment) if needy else None,
        record=record,
    )


def _answers(
    project: Project | None, asked: Questions, until: float, limit_s: float
) -> Iterator[Symptom]:
    answers = {name: each.answer(until) for name, each in asked.engines.items()}
    probes = {name: info for name, info in answers.items() if info is not None}
    nodes = asked.nodes.answer(until)
    yield from engine_symptoms(project, probes, nodes or {})
    yield from (late("engine", name, limit_s) for name, info in answers.items() if info is None)
    yield from builder_symptoms(nodes or {})
    if nodes is None:
        yield late("builder", "all", limit_s)
    ground = asked.ground.answer(until) if asked.ground else None
    decided: Assignments = {}
    if project and ground and nodes is not None and len(probes) == len(answers):
        decided = assignments(project, ground, probes, nodes)
    yield from strategy_symptoms(ground, decided, probes, nodes or {})
    emulators = asked.emulators.answer(until)
    if emulators is None:
        yield late("emulator", "all", limit_s)
    else:
        needed = emulated_here(decided, probes)
        yield from emulator_symptoms(replace(emulators, needed=needed))
    yield from _rest(asked, until, limit_s)


def _rest(asked: Questions, until: float, limit_s: float) -> Iterator[Symptom]:
    if asked.git:
        yield from asked.git.answer(until) or (late("git", "work tree", limit_s),)
    if asked.registries:
        look = asked.registries.answer(until)
        yield from look.symptoms if look else (late("registry", "all", limit_s),)
        yield from clock_symptoms(look.skews if look else {})
    disks = asked.disks.answer(until)
    yield from disks if disks is not None else (late("disk", "all", limit_s),)
