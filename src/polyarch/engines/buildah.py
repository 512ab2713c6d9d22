"""Buildah: one platform per build, pushed from its store into an OCI layout."""

import threading
from collections.abc import Mapping
from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, EngineInfo
from polyarch.engines.buildah_build import BuildahBuild
from polyarch.engines.buildah_probe import INSTALL, NAME, buildah_environment, probe_buildah
from polyarch.engines.contexts import check_contexts
from polyarch.engines.export import workplace
from polyarch.engines.logins import containers_logins
from polyarch.engines.transcript import Transcript
from polyarch.errors import EngineUnusableError
from polyarch.events import Listener
from polyarch.host.process import run


class BuildahEngine:
    """Buildah with the isolation that the machine allows.

    What it builds stays in its layer cache, as after any `buildah build --layers`; the names that
    bases from layouts get in its store are taken away again.
    """

    name = NAME

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = buildah_environment(environment)
        self._lock = threading.Lock()
        self._info: EngineInfo | None = None

    def probe(self) -> EngineInfo:
        """Ask Buildah, and try whether it can start containers."""
        info = probe_buildah(self._environment)
        with self._lock:
            self._info = info
        return info

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        """Build one platform with Buildah and take its image over.

        Raises:
            BuildFailedError: the build ended badly.
            EngineUnusableError: Buildah is absent, too old, or cannot start containers.
            StorageError: a disk is full.
        """
        info = self._usable()
        check_contexts(request, self.name)
        with (
            Transcript(request, listen) as transcript,
            containers_logins(request.logins, self._environment) as logins,
            workplace(layout) as folder,
        ):
            build = BuildahBuild(
                request=request,
                info=info,
                environment={**self._environment, **logins},
                folder=folder,
                transcript=transcript,
            )
            return Built(manifest=build.run(layout))

    def load(self, archive: Path, name: str) -> None:
        """Take an image of one platform into Buildah's store as `name`.

        Raises:
            EngineUnusableError: Buildah is absent.
            ProcessFailedError: it did not take it.
        """
        # Behind a colon in the path Buildah would look for an image's name.
        pull = ["buildah", "pull", "--quiet", f"docker-archive:{archive.name}"]
        done = run(pull, environment=self._environment, folder=archive.parent, timeout_s=None)
        words = done.stdout.split()
        if not words:
            raise EngineUnusableError(self.name, "`buildah pull` did not say what it took")
        run(["buildah", "tag", words[-1], name], environment=self._environment)

    def _usable(self) -> EngineInfo:
        with self._lock:
            info = self._info
        info = info or self.probe()
        if info.problem is not None:
            raise EngineUnusableError(self.name, info.problem, hint=info.hint or INSTALL)
        return info
