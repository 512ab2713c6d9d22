"""The builders of the config looked at, made, tried and removed."""

import fnmatch
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum

from polyarch.config.project import Project
from polyarch.engines.base import EngineInfo
from polyarch.engines.builder_life import make_builder, remove_builder, try_builder
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.endpoint import masked
from polyarch.engines.node import Node
from polyarch.engines.node_hints import start_hint
from polyarch.engines.node_probe import ABSENT
from polyarch.engines.version import Version
from polyarch.errors import NothingSelectedError, PolyarchError, ProcessFailedError
from polyarch.events import Note
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.nodes import nodes_of
from polyarch.pipeline.world import World

SCHEMA = "polyarch.builders/v1"

_DOCKER = "docker"
_THEIR_OWN = "not ours"
_AT_ONCE = 8


class Action(StrEnum):
    """What became of a builder; empty where it was only looked at."""

    NONE = ""
    MADE = "made"
    KEPT = "kept"
    TRIED = "tried"
    REMOVED = "removed"
    NOTHING = "nothing to do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One builder and what it said of itself; a problem of `info` is one of the whole."""

    node: Node
    info: EngineInfo
    action: Action = Action.NONE

    @property
    def status(self) -> str:
        """One word: `running`, `ready` (the first build starts it), `absent` or `broken`.

        `not ours` has nothing to remove.
        """
        told = self.info.details.get("status")
        if self.info.problem is not None:
            return ABSENT if told == ABSENT else "broken"
        return told or "running"

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.builders/v1`."""
        return {
            "name": self.node.name,
            "driver": self.node.driver,
            "endpoint": masked(self.node.endpoint),
            "status": self.status,
            "platforms": [str(platform) for platform in self.node.platforms],
            "native": [str(platform) for platform in self.info.native],
            "emulated": [str(platform) for platform in self.info.emulated],
            "buildkit": self.info.details.get("buildkit", ""),
            "docker": self.info.details.get("docker", ""),
            "action": self.action.value or None,
            "problem": self.info.problem,
            "hint": self.info.hint,
        }


def to_json(found: Sequence[Found]) -> JsonObject:
    """The document `polyarch.builders/v1`."""
    return {
        "schema": SCHEMA,
        "ok": all(each.info.usable for each in found),
        "builders": [each.to_json() for each in found],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Builders:
    """The builders of a project."""

    project: Project
    world: World

    def look(self, names: Sequence[str]) -> tuple[Found, ...]:
        """Ask them what they are; nothing is started.

        Raises:
            NothingSelectedError: a name that no builder has.
        """
        return self._each(names, self._looked)

    def start(self, names: Sequence[str]) -> tuple[Found, ...]:
        """Make and start those that a driver starts; made anew where their settings changed.

        Raises:
            NothingSelectedError: a name that no builder has.
        """
        return self._each(names, self._started)

    def try_out(self, names: Sequence[str]) -> tuple[Found, ...]:
        """Let each build an empty image.

        Raises:
            NothingSelectedError: a name that no builder has.
        """
        return self._each(names, self._tried)

    def remove(self, names: Sequence[str]) -> tuple[Found, ...]:
        """Remove what was made for them, with its cache.

        Raises:
            NothingSelectedError: a name that no builder has.
        """
        return self._each(names, self._removed)

    def _each(self, names: Sequence[str], work: Callable[[Node], Found]) -> tuple[Found, ...]:
        nodes = select_nodes(names, nodes_of(self.project))
        with ThreadPoolExecutor(
            min(len(nodes), _AT_ONCE) or 1, thread_name_prefix="builder"
        ) as pool:
            return tuple(pool.map(work, nodes))

    @property
    def _environment(self) -> dict[str, str]:
        return dict(without_logins(self.world.environment, self.project.secret_variables))

    def _looked(self, node: Node) -> Found:
        return Found(node=node, info=BuildxEngine(self._environment, node=node).probe())

    def _started(self, node: Node) -> Found:
        found = self._looked(node)
        if node.driver == _DOCKER:
            return replace(found, action=Action.NOTHING)
        version = Version.find(found.info.version)
        if version is None:
            return found
        self.world.listen(Note(text=f"builder `{node.name}`: starting its BuildKit"))
        try:
            made = make_builder(node, self._environment, version)
        except PolyarchError as error:
            return _broken(found, error, "its BuildKit could not be started")
        action = Action.MADE if made else Action.KEPT
        return replace(self._looked(node), action=action)

    def _tried(self, node: Node) -> Found:
        found = self._looked(node)
        if not found.info.usable:
            return found
        try:
            if node.driver != _DOCKER:
                version = Version.find(found.info.version) or Version()
                make_builder(node, self._environment, version)
            try_builder(node, self._environment)
        except PolyarchError as error:
            return _broken(found, error, "it does not build")
        return replace(self._looked(node), action=Action.TRIED)

    def _removed(self, node: Node) -> Found:
        absent = EngineInfo(name=BuildxEngine.name, details={"status": ABSENT})
        found = Found(node=node, info=absent, action=Action.REMOVED)
        if node.driver == _DOCKER:
            kept = replace(absent, details={"status": _THEIR_OWN})
            return Found(node=node, info=kept, action=Action.NOTHING)
        try:
            removed = remove_builder(node, self._environment)
        except PolyarchError as error:
            return _broken(found, error, "it could not be removed")
        return found if removed else replace(found, action=Action.NOTHING)


def select_nodes(names: Sequence[str], nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The builders of these names or globs, in the file's order; none means all.

    Raises:
        NothingSelectedError: a name that no builder has.
    """
    known = [node.name for node in nodes]
    for name in names:
        if not any(fnmatch.fnmatchcase(each, name) for each in known):
            raise NothingSelectedError(name, known, kind="builder")
    return tuple(
        node
        for node in nodes
        if not names or any(fnmatch.fnmatchcase(node.name, name) for name in names)
    )


def _broken(found: Found, error: PolyarchError, what: str) -> Found:
    words = error.last_lines if isinstance(error, ProcessFailedError) else (error.message,)
    told = next((line for line in reversed(words) if line.strip()), error.message)
    problem = f"the builder `{found.node.name}`: {what}: {told.removeprefix('ERROR: ')}"
    info = replace(found.info, problem=problem, hint=start_hint(found.node, told), details={})
    return replace(found, info=info)
