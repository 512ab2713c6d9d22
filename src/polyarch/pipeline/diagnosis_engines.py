"""Engines and builders: which work, what they build natively, and what to do about the rest."""

from collections.abc import Iterator, Mapping

from polyarch.config.project import Project
from polyarch.engines.base import EngineInfo
from polyarch.engines.catalog import CONTAINER_ENGINES
from polyarch.pipeline.contexts import is_direct
from polyarch.pipeline.facts import NodeFacts
from polyarch.pipeline.symptom import Health, Symptom

_PARTS = {"docker": "Docker", "buildkit": "BuildKit"}
"""Versions that a title does not name, by their key in an engine's details."""


def engine_symptoms(
    project: Project | None,
    probes: Mapping[str, EngineInfo],
    nodes: Mapping[str, NodeFacts],
) -> Iterator[Symptom]:
    """One for each engine; one that the project needs and that cannot be used is broken."""
    able = [name for name in CONTAINER_ENGINES if name in probes and probes[name].usable]
    elsewhere = any(each.info.usable for each in nodes.values())
    wanted = _wanted(project)
    for name, info in probes.items():
        alone = name in CONTAINER_ENGINES and not able and not elsewhere
        needed = (name in wanted and not elsewhere) or ("auto" in wanted and alone)
        yield _engine(name, info, needed=needed)


def builder_symptoms(nodes: Mapping[str, NodeFacts]) -> Iterator[Symptom]:
    """One for each builder of the config."""
    for name, each in nodes.items():
        info = each.info
        yield Symptom(
            area="builder",
            name=name,
            health=Health.OK if info.usable else Health.BROKEN,
            message=_told(info) if info.usable else info.problem or "",
            hint=info.hint if not info.usable else None,
        )


def _wanted(project: Project | None) -> set[str]:
    if project is None:
        return set()
    settings = [s for image in project.images.values() for s in image.per_platform.values()]
    return {"direct" if is_direct(each) else each.engine for each in settings}


def _engine(name: str, info: EngineInfo, *, needed: bool) -> Symptom:
    if info.usable:
        message = _told(info) if info.title else f"{name} {info.version}".strip()
        return Symptom(area="engine", name=name, health=Health.OK, message=message)
    return Symptom(
        area="engine",
        name=name,
        health=Health.BROKEN if needed else Health.MISSING,
        message=info.problem or "",
        hint=info.hint,
    )


def _told(info: EngineInfo) -> str:
    """The title, the versions behind it, and what runs natively there."""
    versions = [
        f"{title} {info.details[key]}" for key, title in _PARTS.items() if info.details.get(key)
    ]
    behind = f" ({', '.join(versions)})" if versions else ""
    plain = [
        str(each) for each in info.native if "/v" not in str(each) or each.architecture == "arm"
    ]
    native = f"; runs {', '.join(plain)} itself" if plain else ""
    return f"{info.title}{behind}{native}"
