"""An engine for tests: true images with no program started, the same bytes for the same request."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import (
    BuildRequest,
    Built,
    EngineInfo,
    FolderContext,
    ImageContext,
    LayoutContext,
    NamedContext,
)
from polyarch.engines.contexts import (
    base_platform_error,
    check_contexts,
    dockerfile_of,
    pick_image,
)
from polyarch.engines.failure import Evidence, explained
from polyarch.engines.transcript import Transcript
from polyarch.errors import EngineUnusableError
from polyarch.events import Listener
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig, rfc3339
from polyarch.oci.descriptor import Descriptor, platform_to_json
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject, encode
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

FILE = "request.json"
"""The one file that it adds to an image: what was asked, as JSON."""

_TRUTHFUL: Mapping[Platform, Platform] = MappingProxyType({})


@dataclass(kw_only=True)
class FakeEngine:
    """Adds one layer that holds the request to the base, if a layout context is one.

    `fails` are the platforms whose build ends badly, `lies` what the configs of others say instead
    of the truth, `lines` what every build prints, `problem` why it cannot be used. `requests` are
    those that it got, in order of arrival.
    """

    name: str = "fake"
    fails: frozenset[Platform] = frozenset()
    lies: Mapping[Platform, Platform] = field(default_factory=lambda: _TRUTHFUL)
    lines: tuple[str, ...] = ("fake: laying the request into a layer",)
    problem: str | None = None
    native: tuple[Platform, ...] = ()
    requests: list[BuildRequest] = field(default_factory=list)
    loaded: list[tuple[Path, str]] = field(default_factory=list)

    def probe(self) -> EngineInfo:
        """What it was told to say."""
        return EngineInfo(
            name=self.name,
            version="1.0",
            title=f"{self.name} 1.0",
            problem=self.problem,
            hint="mend the fake" if self.problem else None,
            native=self.native,
        )

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        """Write the image into `layout`.

        Raises:
            BuildFailedError: it was told to fail.
            EngineUnusableError: it was told to be unusable.
        """
        if self.problem is not None:
            raise EngineUnusableError(self.name, self.problem, hint="mend the fake")
        self.requests.append(request)
        check_contexts(request, self.name)
        with Transcript(request, listen) as transcript:
            transcript.step("lay the request into a layer", done=0, total=1)
            for line in self.lines:
                transcript.line(line)
            if request.platform in self.fails:
                transcript.line("fake: error: told to fail")
                evidence = Evidence(verdict=transcript.last_lines)
                raise explained(request, self.probe(), evidence)
        return Built(manifest=self._write(request, layout))

    def load(self, archive: Path, name: str) -> None:
        """Note what was loaded."""
        self.loaded.append((archive, name))

    def _write(self, request: BuildRequest, layout: LayoutStore) -> Descriptor:
        layers, diff_ids = _base(request, layout)
        tar = _tar({FILE: encode(_told(request))})
        layers.append(layout.add(mediatype.OCI_LAYER_GZIP, gzip.compress(tar, mtime=0)))
        diff_ids.append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
        says = self.lies.get(request.platform, request.platform)
        config = {
            "created": rfc3339(request.created),
            **platform_to_json(says),
            "config": {"Labels": dict(sorted(request.labels.items()))},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
        manifest = ImageManifest.build(
            config=layout.add(mediatype.OCI_CONFIG, encode(config)), layers=layers
        )
        layout.add(mediatype.OCI_MANIFEST, manifest.raw)
        return manifest.descriptor.with_platform(says)


def _base(request: BuildRequest, layout: LayoutStore) -> tuple[list[Descriptor], list[str]]:
    """The layers of the first layout context, copied, and their diff IDs."""
    for name, context in sorted(request.contexts.items()):
        if isinstance(context, LayoutContext):
            store = LayoutStore(context.layout)
            image = pick_image(context, request.platform)
            if image is None:
                raise base_platform_error(request, "fake", name, context)
            copy_graph(store, layout, image)
            manifest = ImageManifest.parse(read_small(layout, image), image.media_type)
            config = ImageConfig.parse(read_small(layout, manifest.config))
            return list(manifest.layers), [str(digest) for digest in config.diff_ids]
    return [], []


def _told(request: BuildRequest) -> JsonObject:
    return {
        "image": request.image,
        "platform": str(request.platform),
        "target": request.target,
        "build-args": dict(sorted(request.build_args.items())),
        "dockerfile": None if request.direct else _digest_of(dockerfile_of(request)),
        "context": _digests_of(request.context),
        "contexts": {name: _name(value) for name, value in sorted(request.contexts.items())},
    }


def _name(context: NamedContext) -> str:
    match context:
        case LayoutContext():
            return str(context.descriptor.digest)
        case ImageContext():
            return context.reference
        case FolderContext():
            return str(_digests_of(context.path))


def _digests_of(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): _digest_of(path)
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def _digest_of(path: Path) -> str:
    return str(Digest.of(path.read_bytes()))


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
