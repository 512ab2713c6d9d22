"""What works on this machine and for this project, and what to do about the rest."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from polyarch.config.project import Project
from polyarch.engines.base import EngineInfo
from polyarch.engines.catalog import CONTAINER_ENGINES
from polyarch.errors import PolyarchError
from polyarch.host.emulation import Machine, read_machine
from polyarch.host.git import read_git
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform, unique
from polyarch.oci.reference import Repository
from polyarch.pipeline.contexts import is_direct
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.facts import make_engines
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.world import World

SCHEMA = "polyarch.doctor/v1"


class Health(StrEnum):
    """`missing` is bad only where something needs it, and then it is `broken`."""

    OK = "ok"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One thing that was looked at; `error` is why a registry is broken."""

    area: str
    name: str
    health: Health
    message: str
    hint: str | None = None
    error: PolyarchError | None = None

    @property
    def is_broken(self) -> bool:
        """Whether something that is needed does not work."""
        return self.health is Health.BROKEN

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.doctor/v1`."""
        return {
            "area": self.area,
            "name": self.name,
            "status": self.health.value,
            "message": self.message,
            "hint": self.hint,
        }


def diagnose(
    project: Project | None, world: World, *, offline: bool, anonymous: bool
) -> tuple[Symptom, ...]:
    """Look at engines, emulators, git and, unless `offline`, the project's registries.

    `anonymous`: no login is looked up, because a pull request controls the config.
    """
    machine = read_machine(world.environment)
    return (
        *_engines(project, world),
        *_emulators(project, machine),
        *_git(project, world),
        *(
            ()
            if offline or project is None
            else _registries(project, Reach(project, world, anonymous=anonymous))
        ),
    )


def to_json(symptoms: Sequence[Symptom]) -> JsonObject:
    """The document `polyarch.doctor/v1`."""
    return {
        "schema": SCHEMA,
        "ok": not any(each.is_broken for each in symptoms),
        "checks": [each.to_json() for each in symptoms],
    }


def _engines(project: Project | None, world: World) -> Iterator[Symptom]:
    named = project.secret_variables if project else ()
    engines = make_engines(without_logins(world.environment, named))
    probes = {name: engine.probe() for name, engine in engines.items()}
    able = [name for name in CONTAINER_ENGINES if probes[name].usable]
    wanted = _wanted_engines(project)
    for name, info in probes.items():
        needed = name in wanted or ("auto" in wanted and not able and name in CONTAINER_ENGINES)
        yield _engine(name, info, needed=needed)


def _wanted_engines(project: Project | None) -> set[str]:
    if project is None:
        return set()
    settings = [s for image in project.images.values() for s in image.per_platform.values()]
    return {"direct" if is_direct(each) else each.engine for each in settings}


def _engine(name: str, info: EngineInfo, *, needed: bool) -> Symptom:
    if info.usable:
        message = info.title or f"{name} {info.version}"
        return Symptom(area="engine", name=name, health=Health.OK, message=message)
    health = Health.BROKEN if needed else Health.MISSING
    problem = info.problem or ""
    return Symptom(area="engine", name=name, health=health, message=problem, hint=info.hint)


def _emulators(project: Project | None, machine: Machine) -> Iterator[Symptom]:
    native = ", ".join(str(platform) for platform in machine.native)
    yield Symptom(
        area="machine", name=str(machine.platform), health=Health.OK, message=f"runs {native}"
    )
    for platform in _platforms(project, machine):
        emulator = machine.emulator_for(platform)
        if emulator is None:
            yield Symptom(
                area="emulator",
                name=str(platform),
                health=Health.MISSING,
                message="none: a RUN for this platform cannot execute here",
                hint="apt-get install qemu-user-static binfmt-support, or a native builder",
            )
            continue
        kind = emulator.interpreter
        inside = "" if emulator.in_containers else " (not inside containers)"
        yield Symptom(
            area="emulator", name=str(platform), health=Health.OK, message=f"{kind}{inside}"
        )


def _platforms(project: Project | None, machine: Machine) -> tuple[Platform, ...]:
    if project is None:
        return machine.emulated
    wanted = unique(p for image in project.images.values() for p in image.platforms)
    return tuple(platform for platform in wanted if not machine.runs_natively(platform))


def _git(project: Project | None, world: World) -> Iterator[Symptom]:
    if project is None:
        return
    try:
        git = read_git(project.root, world.environment)
    except PolyarchError as error:
        yield Symptom(
            area="git", name="work tree", health=Health.BROKEN, message=error.message,
            hint=error.hint,
        )  # fmt: skip
        return
    if git is None:
        message, hint = "this folder is no git work tree", "tags and labels come from git: git init"
        yield Symptom(
            area="git", name="work tree", health=Health.MISSING, message=message, hint=hint
        )
        return
    state = "with changes that are not committed" if git.dirty else "clean"
    message = f"{git.branch or 'detached'} at {git.short_sha}, {state}"
    yield Symptom(area="git", name="work tree", health=Health.OK, message=message)


def _registries(project: Project, reach: Reach) -> list[Symptom]:
    return asyncio.run(_ask(_unique_logins(project), reach))


def unique_registries(project: Project) -> tuple[Repository, ...]:
    """One repository of each registry that the project publishes to, the first of each."""
    return _firsts(project, lambda repository: repository.registry)


def _unique_logins(project: Project) -> tuple[Repository, ...]:
    """One repository for each login: a registry, or a prefix that has one of its own."""
    return _firsts(project, lambda each: (each.registry, project.registries.of(each).prefix))


def _firsts(project: Project, key: Callable[[Repository], object]) -> tuple[Repository, ...]:
    found: dict[object, Repository] = {}
    for image in project.images.values():
        for repository in image.repositories:
            found.setdefault(key(repository), repository)
    return tuple(found.values())


async def _ask(repositories: Sequence[Repository], reach: Reach) -> list[Symptom]:
    async with reach.client() as client:

        async def one(repository: Repository) -> Symptom:
            try:
                login = await asyncio.to_thread(reach.keychain.lookup, repository)
                await client.repository(repository).check_push()
            except PolyarchError as error:
                return _broken(repository, error)
            message = f"takes pushes to {repository.path}; login from {login.source}"
            return Symptom(
                area="registry", name=repository.registry, health=Health.OK, message=message
            )

        return list(await asyncio.gather(*(one(each) for each in repositories)))


def _broken(repository: Repository, error: PolyarchError) -> Symptom:
    return Symptom(
        area="registry",
        name=repository.registry,
        health=Health.BROKEN,
        message=error.message,
        hint=error.hint,
        error=error,
    )
