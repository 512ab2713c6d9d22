"""`polyarch doctor --update-lock`: today's digests taken into polyarch.lock, and what moved."""

import asyncio
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from polyarch.config.project import Project
from polyarch.content.files import write_bytes
from polyarch.errors import NothingSelectedError, PolyarchError
from polyarch.host.ci_event import CiEvent
from polyarch.host.emulation import read_machine
from polyarch.host.emulator_remedies import CONTAINER
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.reference import TagReference, parse_reference
from polyarch.pipeline.diagnosis_strategies import read_ground
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.facts import make_engines
from polyarch.pipeline.lock import KINDS, LOCK_FILE, Kind, Lock
from polyarch.pipeline.locked import has_tag, lockable
from polyarch.pipeline.material import Sources
from polyarch.pipeline.nodes import node_engines, nodes_of, own_buildkit, probe_nodes
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.toolchain import emulators_of, versions_of
from polyarch.pipeline.world import World
from polyarch.registry.client import RegistryClient

SCHEMA = "polyarch.lock/v1"

Change = Literal["added", "moved", "unchanged", "removed", "kept"]
"""`kept`: it was not asked for, or not answered, and stays as it was."""

_ENGINES = ("buildx", "buildah")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What became of one name; `after` is None where it is not in the lock now."""

    kind: Kind
    name: str
    change: Change
    before: Digest | None
    after: Digest | None
    error: PolyarchError | None = None

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.lock/v1`."""
        return {
            "kind": self.kind,
            "name": self.name,
            "change": self.change,
            "before": str(self.before) if self.before else None,
            "digest": str(self.after) if self.after else None,
            "problem": self.error.message if self.error else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A lock that was written; `tools` are the changes of versions, from what to what."""

    file: Path
    entries: tuple[Entry, ...]
    tools: Mapping[str, tuple[str, str]]

    @property
    def errors(self) -> tuple[PolyarchError, ...]:
        """Why some names could not be asked."""
        return tuple(each.error for each in self.entries if each.error)

    def to_json(self) -> JsonObject:
        """The document `polyarch.lock/v1`."""
        return {
            "schema": SCHEMA,
            "file": str(self.file),
            "entries": [each.to_json() for each in self.entries],
            "tools": {
                name: {"before": before or None, "now": now or None}
                for name, (before, now) in self.tools.items()
            },
        }


def update_lock(project: Project, event: CiEvent, world: World, names: Sequence[str]) -> Update:
    """Ask registries for today's digests and write them; `names` are references or globs, all else.

    A name that a registry does not answer for stays as it was.

    Raises:
        ConfigError: Dockerfiles, or the lock as it is, cannot be read.
        NothingSelectedError: a name that nothing of the project has.
        StorageError: the lock cannot be written.
    """
    before = Lock.read(project.root) or Lock()
    ground = read_ground(project, read_machine(world.environment), event, world)
    if ground.problem:
        raise ground.problem
    wanted = _wanted(project, ground.sources or {})
    asked = _selected(wanted, before, names)
    today = asyncio.run(_ask(Reach(project, world, anonymous=event.is_pull_request), asked))
    entries = tuple(_entries(wanted, before, asked, today, everything=not names))
    tools = _tools(project, world)
    digests: dict[Kind, dict[str, Digest]] = {kind: {} for kind in KINDS}
    for entry in entries:
        if entry.after:
            digests[entry.kind][entry.name] = entry.after
    file = project.root / LOCK_FILE
    write_bytes(file, Lock(**digests, tools=tools).render().encode())
    differ = {
        name: (before.tools.get(name, ""), tools.get(name, ""))
        for name in sorted(before.tools.keys() | tools.keys())
        if before.tools.get(name) != tools.get(name)
    }
    return Update(file=file, entries=entries, tools=differ)


def _wanted(project: Project, sources: Sources) -> dict[Kind, tuple[str, ...]]:
    """What builds of all images take by a tag, whatever machine asks: the lock is for everyone."""
    scope = {name: image.platforms for name, image in project.images.items()}
    images, frontends = lockable(project, scope, sources)
    builders = (own_buildkit(node) for node in nodes_of(project, locked=False))
    has_run = any(source.has_run for source in sources.values())
    return {
        "images": tuple(images),
        "frontends": tuple(frontends),
        "builders": tuple(dict.fromkeys(filter(has_tag, builders))),
        "emulators": (CONTAINER.partition("@")[0],) if has_run else (),
    }


def _selected(
    wanted: Mapping[Kind, Sequence[str]], before: Lock, names: Sequence[str]
) -> frozenset[str]:
    every = [name for kind in KINDS for name in (*wanted[kind], *before.of(kind))]
    chosen: set[str] = set(() if names else every)
    for name in names:
        found = [each for each in every if _means(name, each)]
        if not found:
            raise NothingSelectedError(name, list(dict.fromkeys(every)), kind="name")
        chosen |= set(found)
    return frozenset(chosen)


def _means(name: str, reference: str) -> bool:
    """Whether somebody who writes `name` means a reference: itself, a glob, or without its tag."""
    without = parse_reference(reference).repository
    return fnmatch.fnmatchcase(reference, name) or name in {
        str(without),
        reference.rpartition(":")[0],
    }


def _entries(
    wanted: Mapping[Kind, Sequence[str]],
    before: Lock,
    asked: frozenset[str],
    today: Mapping[str, Digest | PolyarchError],
    *,
    everything: bool,
) -> Iterator[Entry]:
    for kind in KINDS:
        for name in sorted({*wanted[kind], *before.of(kind)}):
            was = before.of(kind).get(name)
            answer = today.get(name) if name in asked else None
            if name not in wanted[kind] and (everything or name in asked):
                yield Entry(kind=kind, name=name, change="removed", before=was, after=None)
            elif isinstance(answer, Digest):
                change: Change = "added" if was is None else "moved"
                change = "unchanged" if was == answer else change
                yield Entry(kind=kind, name=name, change=change, before=was, after=answer)
            elif was or isinstance(answer, PolyarchError):
                yield Entry(
                    kind=kind, name=name, change="kept", before=was, after=was, error=answer
                )


async def _ask(reach: Reach, names: frozenset[str]) -> dict[str, Digest | PolyarchError]:
    async with reach.client() as client:
        answers = await asyncio.gather(*(_today(client, name) for name in sorted(names)))
    return dict(zip(sorted(names), answers, strict=True))


async def _today(client: RegistryClient, name: str) -> Digest | PolyarchError:
    tag, _, digest = CONTAINER.partition("@")
    if name == tag:
        return Digest.parse(digest)  # polyarch itself pins it
    reference = parse_reference(name)
    if not isinstance(reference, TagReference):
        return reference.digest
    remote = client.repository(reference.repository)
    try:
        found = await remote.head(reference.tag)  # which, unlike a pull, no registry counts
        if found is None:
            return (await remote.get_manifest(reference.tag)).descriptor.digest
    except PolyarchError as error:
        return error
    return found.digest


def _tools(project: Project, world: World) -> dict[str, str]:
    """The versions of what is here."""
    environment = without_logins(world.environment, project.secret_variables)
    engines = make_engines(environment)
    probes = [engines[name].probe() for name in _ENGINES]
    nodes = probe_nodes(project, node_engines(project, environment))
    every = {each for image in project.images.values() for each in image.platforms}
    machine = read_machine(world.environment).with_versions(world.environment, every)
    infos = {name: each.info for name, each in nodes.items()}
    return versions_of(probes, infos, emulators_of(machine, every))
