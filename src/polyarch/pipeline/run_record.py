"""What a run was made with, kept in its folder: all that building the same again needs.

`toolchain.json` holds the commit and its time (SOURCE_DATE_EPOCH), the clock (`--now`), versions of
all tools, and for each build its engine, builder, arguments and what its names meant by digest.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.files import open_regular
from polyarch.engines.base import EngineInfo
from polyarch.host.ci_event import CiEvent
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.pipeline.base_names import frontend_of
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.lock import LOCK_FILE
from polyarch.pipeline.locked import lockable
from polyarch.pipeline.naming import commit_time
from polyarch.pipeline.plan import Plan, PlannedPlatform
from polyarch.pipeline.scope import Scope
from polyarch.pipeline.toolchain import Versions, changes, emulators_of, versions_of
from polyarch.pipeline.world import World
from polyarch.transaction.journal import FILE as JOURNAL

SCHEMA = "polyarch.toolchain/v1"
RECORD_FILE = "toolchain.json"

_MAX_BYTES = 16 * 1024 * 1024
_MOST_RUNS = 200
"""Folders that are looked through for the last one that published something."""


def tools_of(facts: Facts, platforms: Iterable[Platform]) -> dict[str, str]:
    """The versions of all that builds here, frontends by digest among them."""
    nodes = {name: each.info for name, each in facts.nodes.items()}
    emulators = emulators_of(facts.machine, platforms)
    found = versions_of(facts.probes.values(), nodes, emulators)
    for (names, _), resolved in facts.bases.items():
        if any(each.syntax == names[0] for each in facts.sources.values()):
            found[f"frontend {names[0]}"] = str(resolved.pinned.digest)
    return dict(sorted(found.items()))


def toolchain_lines(
    project: Project, scope: Scope, facts: Facts, world: World, today: Mapping[str, Digest]
) -> Iterator[str]:
    """What is not as in the lock, or as it was when something was published last."""
    images, frontends = lockable(project, scope.platforms, facts.sources)
    yield from facts.locked.told((*images, *frontends), today)
    now = tools_of(facts, (each for every in scope.platforms.values() for each in every))
    if facts.locked.lock is not None:
        yield from changes(facts.locked.lock.tools, now, f"when {LOCK_FILE} was written")
        return
    run, before = last_published(world.state)
    yield from changes(before, now, f"at the last publish ({run})")


def last_published(state: Path) -> tuple[str, Versions]:
    """The last run of this machine that moved tags, and the tools that it had; hostile or none: {}.

    It is a record for people, so what cannot be read is passed over.
    """
    try:
        runs = sorted((state / "runs").iterdir(), reverse=True)[:_MOST_RUNS]
    except OSError:
        return "", {}
    for run in runs:
        if (run / JOURNAL).is_file() and (tools := _tools_in(run / RECORD_FILE)):
            return run.name, tools
    return "", {}


def record_json(
    project: Project, event: CiEvent, facts: Facts, plan: Plan, world: World
) -> JsonObject:
    """The document `polyarch.toolchain/v1`, with no secret that the run knows of."""
    engines = {name: _engine(info) for name, info in sorted(facts.probes.items())}
    builders = {name: _engine(each.info) for name, each in sorted(facts.nodes.items())}
    return {
        "schema": SCHEMA,
        "commit": event.sha,
        "ref": event.ref,
        "source_date_epoch": int(commit_time(event).timestamp()),
        "now": world.now.isoformat(),
        "tools": tools_of(facts, (p.platform for image in plan.images for p in image.platforms)),
        "locked": facts.locked.lock is not None,
        "engines": engines,
        "builders": builders,
        "images": [
            {
                "name": image.name,
                "platforms": [
                    _build(project, facts, image.name, each, world) for each in image.platforms
                ],
            }
            for image in plan.images
        ],
    }


def _engine(info: EngineInfo) -> JsonObject:
    return {"version": info.version, "title": info.title, "details": dict(info.details)}


def _build(
    project: Project, facts: Facts, image: str, planned: PlannedPlatform, world: World
) -> JsonObject:
    settings = project.images[image]
    build, source = settings.for_platform(planned.platform), facts.sources[image, planned.platform]
    arguments = {} if planned.source else facts.wording.build_args(settings, build)
    meant = {
        each.name: str(known.pinned)
        for each in source.outside
        if (known := facts.bases.get(((each.reference,), each.platform)))
    }
    return {
        "platform": str(planned.platform),
        "engine": planned.engine,
        "builder": planned.builder or None,
        "strategy": planned.strategy,
        "input_key": planned.input_key,
        "source": planned.source or None,
        "dockerfile": None if source.graph is None else build.dockerfile,
        "target": build.target or None,
        "frontend": frontend_of(source, build) or None,
        "images": meant,
        "build_args": {name: world.mask(value) for name, value in sorted(arguments.items())},
    }


def _tools_in(file: Path) -> Versions:
    try:
        with open_regular(file) as opened:
            value = json.loads(opened.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    tools = value.get("tools") if isinstance(value, dict) else None
    if not isinstance(tools, dict):
        return {}
    return {name: each for name, each in tools.items() if isinstance(each, str)}
