"""BuildKit, through `docker buildx`: one platform per build, exported as an OCI layout."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, EngineInfo
from polyarch.engines.builder_life import make_builder
from polyarch.engines.buildkit import BuildProgress
from polyarch.engines.buildx_command import EXPORT, METADATA, buildx_command
from polyarch.engines.buildx_probe import INSTALL_DOCKER, NAME, RAW_JSON, Probe
from polyarch.engines.caching import WITHOUT_CACHE, failed_by_cache, renewed, without_cache
from polyarch.engines.contexts import check_contexts, dockerfile_of
from polyarch.engines.dial import DIAL, dialled
from polyarch.engines.endpoint import DEFAULT, shown
from polyarch.engines.export import take_export, workplace
from polyarch.engines.failure import Evidence, explained
from polyarch.engines.logins import docker_logins
from polyarch.engines.node import Node
from polyarch.engines.node_hints import start_hint
from polyarch.engines.node_probe import READY, probe_node
from polyarch.engines.pushed import take_pushed
from polyarch.engines.site import Site
from polyarch.engines.transcript import Transcript
from polyarch.engines.version import Version
from polyarch.errors import EngineUnusableError, PolyarchError, ProcessFailedError
from polyarch.events import Listener
from polyarch.host.process import run, stream

_LOADED = re.compile(r"^Loaded image(?: ID)?: (\S+)$", re.MULTILINE)

_UNIX = "unix://"


class BuildxEngine:
    """Docker's BuildKit; `builder` is a builder of buildx, None the one in use.

    `node` is a machine of the config that takes its place. Images are loaded into the Docker Engine
    of this machine all the same.
    """

    name = NAME

    def __init__(
        self,
        environment: Mapping[str, str],
        builder: str | None = None,
        *,
        node: Node | None = None,
    ) -> None:
        self._environment = environment
        self._node = node
        own = Site(environment=environment, builder=builder)
        self._site = Site.of(node, environment) if node else own
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._info: EngineInfo | None = None

    def probe(self) -> EngineInfo:
        """Ask docker, its plugin, the builder and the daemon."""
        if self._node is None:
            info = Probe(self._site.environment, self._site.builder).ask()
        else:
            info = probe_node(self._node, self._environment)
        with self._lock:
            self._info = info
        return info

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        """Build one platform with BuildKit and take its export over, or let it push by digest.

        Raises:
            BuildFailedError: the build ended badly.
            EngineUnusableError: docker, buildx, the daemon or its image store cannot do it.
            StorageError: a disk is full.
        """
        info = self._usable()
        check_contexts(request, self.name)
        with (
            Transcript(request, listen) as transcript,
            workplace(layout) as folder,
            renewed(request) as asked,
        ):
            if request.push_to:
                with self._pushing(info, transcript) as site:
                    if site:
                        self._run(asked, info, folder, transcript, site, push=True)
                        return take_pushed(folder / METADATA, request.push_to)
            self._run(asked, info, folder, transcript, self._site)
            return take_export(folder / EXPORT, layout)

    def try_out(self, request: BuildRequest, listen: Listener) -> None:
        """Build for what the steps say, and keep nothing of it.

        Raises:
            BuildFailedError, EngineUnusableError: as of `build`.
        """
        info = self._usable()
        with Transcript(request, listen) as transcript:
            self._run(request, info, request.context, transcript, self._site, keep=False)

    def load(self, archive: Path, name: str) -> None:
        """Take an image of one platform into Docker's store as `name`.

        Raises:
            EngineUnusableError: docker is absent or does not understand the archive.
            ProcessFailedError: it did not take it.
        """
        command = ["docker", "load", "--input", str(archive)]
        done = run(command, environment=self._environment, timeout_s=None)
        loaded = _LOADED.findall(done.stdout)
        if not loaded:
            raise EngineUnusableError(self.name, "`docker load` did not say what it loaded")
        tag = ["docker", "tag", loaded[-1], name]
        run(tag, environment=self._environment)

    @property
    def _here(self) -> Mapping[str, str] | None:
        """The environment of programs of the machine that builds, where it is this one."""
        own = self._environment.get("DOCKER_HOST", _UNIX).startswith(_UNIX)
        return self._environment if own and self._node is None else None

    def _usable(self) -> EngineInfo:
        with self._lock:
            info = self._info
        info = info or self.probe()
        if info.problem is not None:
            raise EngineUnusableError(self.name, info.problem, hint=info.hint or INSTALL_DOCKER)
        if self._node is None:
            return info
        info = self._started(self._node, info)
        # An error is to name the machine that it came from.
        return replace(info, name=f"{self.name} on {self._node.name}")

    def _started(self, node: Node, info: EngineInfo) -> EngineInfo:
        """What the node says once its BuildKit runs, where the first build has to start it."""
        with self._starting:
            with self._lock:
                info = self._info or info
            if info.details.get("status") != READY:
                return info
            try:
                make_builder(node, self._environment, Version.find(info.version) or Version())
            except ProcessFailedError as error:
                told = next((line for line in reversed(error.last_lines) if line.strip()), "")
                problem = f"{shown(node)}: its BuildKit could not be started: {told}"
                raise EngineUnusableError(
                    self.name, problem, hint=start_hint(node, told)
                ) from error
            return self.probe()

    @contextmanager
    def _pushing(self, info: EngineInfo, transcript: Transcript) -> Iterator[Site | None]:
        """Where buildx can push by digest; None where it cannot."""
        if info.details.get("driver") != "docker":
            yield self._site
        elif (Version.find(info.version) or DIAL) < DIAL:
            transcript.note(
                f"buildx {info.version} does not push from this Engine by digest, as {DIAL} does:"
                " the image is fetched here"
            )
            yield None
        else:
            target = self._site.builder or info.details.get("builder") or DEFAULT
            with dialled(self._site.environment, target) as bridge:
                try:
                    yield Site(environment=bridge.environment, builder=bridge.builder)
                except PolyarchError:
                    for line in bridge.complaints:
                        transcript.note(f"{target}: {line}")
                    raise

    def _run(
        self,
        request: BuildRequest,
        info: EngineInfo,
        folder: Path,
        transcript: Transcript,
        site: Site,
        *,
        push: bool = False,
        keep: bool = True,
    ) -> None:
        raw_json = (Version.find(info.version) or RAW_JSON) >= RAW_JSON
        command = buildx_command(
            request,
            site.environment,
            dockerfile_of(request),
            builder=site.builder,
            raw_json=raw_json,
            push=push,
            keep=keep,
        )
        progress = BuildProgress(transcript)
        try:
            with docker_logins(request.logins, site.environment) as logins:
                stream(
                    command.arguments,
                    environment={**command.environment, **logins},
                    on_line=progress.feed if raw_json else transcript.line,
                    folder=folder,
                    timeout_s=request.bounds.whole_s,
                    silent_s=request.bounds.silent_s,
                )
        except ProcessFailedError as error:
            progress.finish()
            evidence = progress.evidence if raw_json else _plain(transcript.last_lines)
            if failed_by_cache(request, evidence):
                transcript.warn(WITHOUT_CACHE)
                plain = without_cache(request)
                return self._run(plain, info, folder, transcript, site, push=push)
            raise explained(request, info, evidence, error, self._here) from error
        return progress.finish()


def _plain(lines: tuple[str, ...]) -> Evidence:
    errors = tuple(line for line in lines if line.startswith("ERROR:"))
    return Evidence(verdict=errors, steps=lines) if errors else Evidence(verdict=lines)
