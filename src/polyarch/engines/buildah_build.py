"""One build with Buildah, from the Dockerfile to the image in the layout."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import Bounds, BuildRequest, EngineInfo
from polyarch.engines.buildah_command import (
    DOCKERFILE,
    EXPORT,
    IMAGE_ID_FILE,
    Prepared,
    build_command,
    export_command,
)
from polyarch.engines.buildah_dockerfile import lay_dockerfile
from polyarch.engines.buildah_images import pulling
from polyarch.engines.buildah_output import BuildahOutput
from polyarch.engines.caching import (
    WITHOUT_CACHE,
    failed_by_cache,
    not_for_buildah,
    without_cache,
)
from polyarch.engines.contexts import dockerfile_of
from polyarch.engines.export import find_image
from polyarch.engines.failure import explained
from polyarch.engines.given import link_secrets
from polyarch.engines.registries_conf import write_registries_conf
from polyarch.engines.stamp import Stamp, stamp_image
from polyarch.engines.transcript import Transcript
from polyarch.errors import EngineUnusableError, PolyarchError, ProcessFailedError
from polyarch.host.process import run, stream
from polyarch.oci.descriptor import Descriptor

_NO_BOUNDS = Bounds()
_DOCKER, _PODMAN = ".dockerignore", ".containerignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildahBuild:
    """All that one build needs; `folder` is its own and vanishes after it."""

    request: BuildRequest
    info: EngineInfo
    environment: Mapping[str, str]
    folder: Path
    transcript: Transcript

    def run(self, layout: LayoutStore) -> Descriptor:
        """Build, export, and take the image into `layout`.

        Raises:
            BuildFailedError, EngineUnusableError, StorageError: as `BuildahEngine.build`.
        """
        hosts = write_registries_conf(self.folder, self.request.plain_http, self.environment)
        environment = {**self.environment, **hosts}
        original = dockerfile_of(self.request)
        output = BuildahOutput(self.transcript)
        with pulling(self.folder, environment, output.pulled) as pulls:
            output.pull_problems = pulls.problems
            native = self.info.native[0] if self.info.native else self.request.platform
            laid = lay_dockerfile(
                self.request, original, engine=self.info.name, native=native, pulls=pulls
            )
            output.names = laid.names
            copy = self.folder / DOCKERFILE
            copy.write_text(laid.text, encoding="utf-8", errors="surrogateescape")
            prepared = Prepared(
                ignore_file=self._ignore_file(original),
                images=laid.images,
                secrets=link_secrets(self.request, self.folder),
            )
            self._build(self.request, environment, prepared, output)
            image = self._image_id()
            self._stream(export_command(image), environment, output)
        stays = laid.platform == self.request.platform and not output.mixed_base
        stamp = Stamp(
            created=self.request.created,
            labels=self.request.labels,
            platform=self.request.platform if stays else None,
            docker=self._docker_config(image),
        )
        export = LayoutStore(self.folder / EXPORT)
        found, _ = find_image(export)
        return stamp_image(export, found, stamp, layout)

    def _build(
        self,
        request: BuildRequest,
        environment: Mapping[str, str],
        prepared: Prepared,
        output: BuildahOutput,
    ) -> None:
        isolation = self.info.details.get("isolation", "chroot")
        command = build_command(request, environment, prepared, isolation=isolation)
        if unheeded := not_for_buildah(request):
            self.transcript.warn(unheeded)
        try:
            self._stream(command.arguments, command.environment, output, request.bounds)
        except PolyarchError:
            if not failed_by_cache(request, output.evidence):
                raise
            self.transcript.warn(WITHOUT_CACHE)
            output.forget()
            self._build(without_cache(request), environment, prepared, output)

    def _stream(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: BuildahOutput,
        bounds: Bounds = _NO_BOUNDS,
    ) -> None:
        try:
            stream(
                arguments,
                environment=environment,
                on_line=output.feed,
                folder=self.folder,
                timeout_s=bounds.whole_s,
                silent_s=bounds.silent_s,
            )
        except ProcessFailedError as error:
            here = self.environment
            raise explained(self.request, self.info, output.evidence, error, here) from error

    def _image_id(self) -> str:
        path = self.folder / IMAGE_ID_FILE
        image = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        if not image:
            raise EngineUnusableError(self.info.name, "it did not say which image it built")
        return image

    def _docker_config(self, image: str) -> Mapping[str, Any]:
        try:
            value = json.loads(self._run("inspect", "--type", "image", image))
            config = value["Docker"]["config"]
        except (PolyarchError, ValueError, KeyError, TypeError):
            return {}
        return config if isinstance(config, dict) else {}

    def _run(self, *arguments: str) -> str:
        return run(["buildah", *arguments], environment=self.environment).stdout

    def _ignore_file(self, dockerfile: Path) -> Path:
        """The file that BuildKit would read, so that every engine leaves out the same."""
        request = self.request
        others = (dockerfile.with_name(dockerfile.name + _PODMAN), request.context / _PODMAN)
        if other := next(filter(Path.is_file, others), None):
            self.transcript.warn(
                f"`{other.name}` is not read: call it `.dockerignore`, which every engine reads"
            )
        own = dockerfile.with_name(dockerfile.name + _DOCKER)
        for path in (own, request.context / _DOCKER):
            if path.is_file():
                return path
        empty = self.folder / _DOCKER
        empty.touch()
        return empty
