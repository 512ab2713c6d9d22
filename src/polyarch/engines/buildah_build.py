"""One build with Buildah, from the Dockerfile to the image in the layout."""

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE, LAYOUT_VERSION, LayoutStore
from polyarch.engines.base import BuildRequest, EngineInfo, LayoutContext
from polyarch.engines.buildah_command import (
    EXPORT,
    IMAGE_ID_FILE,
    TAG,
    Prepared,
    build_command,
    context_image,
    export_command,
)
from polyarch.engines.buildah_output import BuildahOutput
from polyarch.engines.contexts import dockerfile_of
from polyarch.engines.export import find_image
from polyarch.engines.failure import explained
from polyarch.engines.froms import Pinned, pin_platforms
from polyarch.engines.registries_conf import write_registries_conf
from polyarch.engines.stamp import Stamp, stamp_image
from polyarch.engines.transcript import Transcript
from polyarch.errors import EngineUnusableError, PolyarchError, ProcessFailedError
from polyarch.host.process import run, stream
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex


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
        pinned = self._pin(original)
        with self._layouts() as layouts:
            prepared = Prepared(
                dockerfile=self._written(pinned, original),
                ignore_file=_ignore_file(original),
                layouts=layouts,
            )
            isolation = self.info.details.get("isolation", "chroot")
            command = build_command(self.request, environment, prepared, isolation=isolation)
            output = BuildahOutput(self.transcript)
            self._stream(command.arguments, command.environment, output)
            image = self._image_id()
            self._stream(export_command(image), environment, output)
        stays = pinned.platform == self.request.platform and not output.mixed_base
        stamp = Stamp(
            created=self.request.created,
            labels=self.request.labels,
            platform=self.request.platform if stays else None,
            docker=self._docker_config(image),
        )
        export = LayoutStore(self.folder / EXPORT)
        found, _ = find_image(export)
        return stamp_image(export, found, stamp, layout)

    def _pin(self, dockerfile: Path) -> Pinned:
        native = self.info.native[0] if self.info.native else self.request.platform
        return pin_platforms(
            dockerfile.read_text(encoding="utf-8", errors="surrogateescape"),
            target=self.request.platform,
            native=native,
            build_args=self.request.build_args,
            stage=self.request.target,
        )

    def _written(self, pinned: Pinned, original: Path) -> Path:
        if pinned.text is None:
            return original
        copy = self.folder / original.name
        copy.write_text(pinned.text, encoding="utf-8", errors="surrogateescape")
        return copy

    @contextlib.contextmanager
    def _layouts(self) -> Iterator[Mapping[str, str]]:
        """A folder for each layout context; the names that Buildah makes of them go afterwards.

        Every build has names of its own, so that builds at the same time do not take each other's
        bases away.
        """
        layouts = {
            name: self._layout(context)
            for name, context in self.request.contexts.items()
            if isinstance(context, LayoutContext)
        }
        try:
            yield layouts
        finally:
            for folder in layouts.values():
                with contextlib.suppress(PolyarchError):
                    self._run("rmi", context_image(folder))

    def _layout(self, context: LayoutContext) -> str:
        folder = self.folder / f"polyarch-{secrets.token_hex(8)}"
        folder.mkdir()
        (folder / LAYOUT_FILE).write_bytes(LAYOUT_VERSION)
        (folder / "blobs").symlink_to(context.layout.absolute() / "blobs")
        entry = replace(context.descriptor, annotations={annotation.REF_NAME: TAG})
        (folder / INDEX_FILE).write_bytes(ImageIndex.build([entry]).raw)
        return folder.name

    def _stream(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: BuildahOutput
    ) -> None:
        try:
            stream(arguments, environment=environment, on_line=output.feed, folder=self.folder)
        except ProcessFailedError as error:
            raise explained(self.request, self.info, output.evidence) from error

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


def _ignore_file(dockerfile: Path) -> Path | None:
    """The ignore file of this Dockerfile alone; the context's own one Buildah finds itself."""
    for suffix in (".containerignore", ".dockerignore"):
        path = dockerfile.with_name(dockerfile.name + suffix)
        if path.is_file():
            return path
    return None
