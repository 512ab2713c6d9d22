"""What a node says of itself: its Engine, or the BuildKit that its builder stands for.

Nothing is started. A builder that is not made yet, or was made of other options, is usable where it
is known without it what its machine runs: the first build makes it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from polyarch.engines.base import EngineInfo
from polyarch.engines.builder import builder_name, inspect_command, node_name
from polyarch.engines.builder_life import make_builder
from polyarch.engines.buildx_inspect import Builder
from polyarch.engines.buildx_probe import VERSION, Probe, Question, daemon_platform
from polyarch.engines.endpoint import engine_builder, engine_environment, shown
from polyarch.engines.faults import ENABLE_CONTAINERD_STORE, MAY_USE_SOCKET, REACH_DAEMON, diagnose
from polyarch.engines.node import Node
from polyarch.engines.node_hints import reach_hint, store_hint
from polyarch.engines.version import Version
from polyarch.errors import PolyarchError, shorten
from polyarch.host.process import Finished

RUNNING = "running"
READY = "ready"
"""A builder that is not made, or stopped, and that the first build starts."""

ABSENT = "absent"
"""One that has to be made before it is known what it builds."""

_ABSENT = re.compile(r"no builder .* found", re.IGNORECASE)
_BUSY = re.compile(r"deadline ?exceeded", re.IGNORECASE)
"""A BuildKit that is slow to answer while its Engine does: all that is lost is what it emulates."""
_LAST_CAUSE = re.compile(r"stderr=(.+)", re.DOTALL)


def probe_node(node: Node, environment: Mapping[str, str]) -> EngineInfo:
    """Ask one node; never raises. A problem names the builder and its endpoint."""
    info = _NodeProbe(node, environment).ask()
    if info.problem is None:
        return replace(info, title=f"{info.title} on {shown(node)}")
    return replace(info, problem=f"{shown(node)}: {info.problem}")


class _NodeProbe(Probe):
    def __init__(self, node: Node, environment: Mapping[str, str]) -> None:
        wanted = engine_builder(node, environment) if node.driver == "docker" else None
        super().__init__(engine_environment(node, environment), wanted or builder_name(node))
        self._node = node

    def _likely(self) -> Sequence[Question]:
        return super()._likely() if self._node.driver == "docker" else (VERSION,)

    def _builder(self) -> EngineInfo:
        if self._node.driver == "docker":
            return self._engine()
        builder = self._standing()
        if isinstance(builder, EngineInfo):
            return builder
        if builder.node == node_name(self._node) and builder.status == RUNNING:
            return self._remote(builder)
        return self._not_running(builder)

    def _engine(self) -> EngineInfo:
        # The daemon first: of an Engine that is not there buildx says nothing that helps.
        daemon = self._daemon()
        if isinstance(daemon, EngineInfo):
            return daemon
        answer = self._inspect()
        if answer.status != 0:
            return self._from_words(answer, "its builder cannot be inspected")
        builder = self._parsed(answer)
        if builder.problem and not _BUSY.search(builder.problem):
            return self._bad(f"its BuildKit does not answer: {builder.problem}", self._reach())
        return self._docker(builder, daemon)

    def _standing(self) -> Builder | EngineInfo:
        """The node's builder as it stands; for a BuildKit that runs elsewhere it is made here."""
        answer = self._run(*inspect_command(self._node))
        found = Builder.parse(answer.stdout) if answer.status == 0 else Builder()
        if answer.status != 0 and not _ABSENT.search(answer.stderr):
            return self._from_words(answer, "its builder cannot be inspected")
        if self._node.driver == "remote":
            if found.node != node_name(self._node):
                # That writes down an address, and changes nothing at that address.
                version = Version.find(self._version) or Version()
                try:
                    make_builder(self._node, self._environment, version, start=False)
                except PolyarchError as error:
                    return self._bad(_told(error), self._reach())
            if found.node != node_name(self._node) or found.status != RUNNING:
                answer = self._run(*inspect_command(self._node, bootstrap=True))
                if answer.status != 0:
                    return self._from_words(answer, "its BuildKit does not answer")
        return self._parsed(answer)

    def _not_running(self, builder: Builder) -> EngineInfo:
        """A BuildKit that the first build is to start."""
        if builder.problem and builder.node == node_name(self._node):
            return self._bad(f"its BuildKit does not work: {builder.problem}", self._reach())
        if self._node.driver == "docker-container":
            daemon = self._daemon()
            if isinstance(daemon, EngineInfo):
                return daemon
            self._details |= {"driver": self._node.driver, "status": READY}
            manner = f"with a container of BuildKit on Docker {daemon['ServerVersion']}"
            return self._good(manner, daemon_platform(daemon), Builder())
        self._details["status"] = ABSENT
        return self._bad(
            "its BuildKit has not been started, or was started with other options",
            f"`polyarch builders up {self._node.name}` starts it",
        )

    def _reach(self) -> str:
        return reach_hint(self._node)

    def _bad(self, problem: str, hint: str, **more: object) -> EngineInfo:
        mended = {ENABLE_CONTAINERD_STORE: store_hint(self._node), REACH_DAEMON: self._reach()}
        return super()._bad(problem, mended.get(hint, hint), **more)  # type: ignore[arg-type]  # passed on

    def _from_words(self, answer: Finished, problem: str, hint: str = "") -> EngineInfo:
        text = f"{answer.stderr}\n{answer.stdout}"
        if "permission denied while trying to connect to the docker" in text.lower():
            return self._bad("you may not use the socket of its Docker daemon", MAY_USE_SOCKET)
        fault = diagnose(text.splitlines())
        if fault and fault.code == "builder-image-unreachable":
            return self._bad(fault.problem, fault.hint)
        return self._bad(f"{problem}: {_cause(answer)}", hint or self._reach())


def _cause(answer: Finished) -> str:
    """The innermost reason: what ssh said, where docker quotes it."""
    told = (*answer.stderr.splitlines(), *_server_errors(answer.stdout))
    lines = [line.strip() for line in told if line.strip()]
    errors = tuple(line for line in lines if line.startswith("ERROR:"))
    first = next(iter((*errors[-1:], *lines)), f"it ended with status {answer.status}")
    inner = _LAST_CAUSE.search(first)
    return shorten((inner[1] if inner else first).strip().removeprefix("ERROR: "), 300)


def _server_errors(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    errors = value.get("ServerErrors") if isinstance(value, dict) else None
    return tuple(e for e in errors if isinstance(e, str)) if isinstance(errors, list) else ()


def _told(error: PolyarchError) -> str:
    return f"its builder cannot be made: {error.message}"
