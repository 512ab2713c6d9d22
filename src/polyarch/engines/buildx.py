"""BuildKit, through `docker buildx`: one platform per build, exported as an OCI layout."""

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, EngineInfo
from polyarch.engines.buildkit import BuildProgress
from polyarch.engines.buildx_command import EXPORT, buildx_command
from polyarch.engines.buildx_probe import INSTALL_DOCKER, NAME, RAW_JSON, Probe
from polyarch.engines.contexts import check_contexts, dockerfile_of
from polyarch.engines.export import take_export, workplace
from polyarch.engines.failure import Evidence, explained
from polyarch.engines.logins import docker_logins
from polyarch.engines.node import Node
from polyarch.engines.transcript import Transcript
from polyarch.engines.version import Version
from polyarch.errors import EngineUnusableError, ProcessFailedError
from polyarch.events import Listener
from polyarch.host.process import run, stream

_LOADED = re.compile(r"^Loaded image(?: ID)?: (\S+)$", re.MULTILINE)


class BuildxEngine:
    """Docker's BuildKit; `builder` is a builder of buildx, None the one in use.

    `node` is a machine of the config that takes its place.
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
        self._builder = builder
        self._node = node
        self._lock = threading.Lock()
        self._info: EngineInfo | None = None

    def probe(self) -> EngineInfo:
        """Ask docker, its plugin, the builder and the daemon."""
        info = Probe(self._environment, self._builder).ask()
        with self._lock:
            self._info = info
        return info

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        """Build one platform with BuildKit and take its export over.

        Raises:
            BuildFailedError: the build ended badly.
            EngineUnusableError: docker, buildx, the daemon or its image store cannot do it.
            StorageError: a disk is full.
        """
        info = self._usable()
        check_contexts(request, self.name)
        with Transcript(request, listen) as transcript, workplace(layout) as folder:
            self._run(request, info, folder, transcript)
            return take_export(folder / EXPORT, layout)

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

    def _usable(self) -> EngineInfo:
        with self._lock:
            info = self._info
        info = info or self.probe()
        if info.problem is not None:
            raise EngineUnusableError(self.name, info.problem, hint=info.hint or INSTALL_DOCKER)
        return info

    def _run(
        self, request: BuildRequest, info: EngineInfo, folder: Path, transcript: Transcript
    ) -> None:
        raw_json = (Version.find(info.version) or RAW_JSON) >= RAW_JSON
        command = buildx_command(
            request,
            self._environment,
            dockerfile_of(request),
            builder=self._builder,
            raw_json=raw_json,
        )
        progress = BuildProgress(transcript)
        try:
            with docker_logins(request.logins, self._environment) as logins:
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
            raise explained(request, info, evidence, error) from error
        progress.finish()


def _plain(lines: tuple[str, ...]) -> Evidence:
    errors = tuple(line for line in lines if line.startswith("ERROR:"))
    return Evidence(verdict=errors, steps=lines) if errors else Evidence(verdict=lines)
