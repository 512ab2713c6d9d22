"""Images at places for the tests of `copy`: layouts on disk, artifacts about them, registries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import encode
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import UNKNOWN
from polyarch.sandbox.server import SandboxRegistry
from tests.support.images import MadeImage

EMPTY = "application/vnd.oci.empty.v1+json"
SIGNATURE = "application/vnd.example.signature"


def laid(made: MadeImage, folder: Path, tag: str = "1.2") -> LayoutStore:
    """The image in a layout of its own."""
    layout = LayoutStore(folder)
    copy_graph(made.store, layout, made.index.descriptor)
    layout.tag(made.index.descriptor, tag)
    return layout


def artifact_about(
    store: MemoryStore,
    subject: Descriptor,
    content: bytes = b"signed",
    *,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """A signature as `oras attach` makes one: an empty config, and what it is about."""
    value = {
        "schemaVersion": 2,
        "mediaType": mediatype.OCI_MANIFEST,
        "artifactType": SIGNATURE,
        "config": store.add(EMPTY, b"{}").to_json(),
        "layers": [store.add(SIGNATURE, content).to_json()],
        "subject": subject.bare().to_json(),
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return store.add(mediatype.OCI_MANIFEST, encode(value))


def with_attestations(made: MadeImage) -> MadeImage:
    """The image with an attestation for each platform, as BuildKit lists them."""
    listed = list(made.index.manifests)
    for child in made.children:
        layer = made.store.add("application/vnd.in-toto+json", str(child.digest).encode())
        config = made.store.add(mediatype.OCI_CONFIG, b"{}")
        manifest = ImageManifest.build(config=config, layers=[layer])
        made.store.add(mediatype.OCI_MANIFEST, manifest.raw)
        listed.append(
            Descriptor(
                media_type=mediatype.OCI_MANIFEST,
                digest=manifest.descriptor.digest,
                size=manifest.descriptor.size,
                platform=UNKNOWN,
                annotations={
                    annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST,
                    annotation.DOCKER_REFERENCE_DIGEST: str(child.digest),
                },
            )
        )
    index = ImageIndex.build(listed, annotations={"org.example": "kept"})
    made.store.add(mediatype.OCI_INDEX, index.raw)
    return MadeImage(store=made.store, index=index, children=made.children)


def docker_list(made: MadeImage) -> MadeImage:
    """The same platforms in the forms of Docker, as old registries hold them."""
    children = []
    for child in made.children:
        value = document(made.store, child)
        value["mediaType"] = mediatype.DOCKER_MANIFEST
        value["config"]["mediaType"] = mediatype.DOCKER_CONFIG
        for layer in value["layers"]:
            layer["mediaType"] = mediatype.DOCKER_LAYER_GZIP
        stored = made.store.add(mediatype.DOCKER_MANIFEST, encode(value))
        children.append(stored.with_platform(child.platform))
    value = {
        "schemaVersion": 2,
        "mediaType": mediatype.DOCKER_LIST,
        "manifests": [child.to_json() for child in children],
    }
    index = ImageIndex.parse(encode(value))
    made.store.add(mediatype.DOCKER_LIST, index.raw)
    return MadeImage(store=made.store, index=index, children=tuple(children))


@dataclass(frozen=True)
class Shown:
    """What a registry shows, looked up in its storage."""

    registry: SandboxRegistry

    def tag(self, repository: str, tag: str) -> Digest | None:
        return self.registry.storage.tag(repository, tag)

    def raw(self, repository: str, digest: Digest) -> bytes:
        stored = self.registry.storage.manifest(repository, digest)
        assert stored is not None
        return stored.raw

    def tags(self) -> dict[str, set[str]]:
        """All tags of all repositories that were ever asked for."""
        paths = {
            request.path.removeprefix("/v2/").partition("/manifests/")[0].partition("/blobs/")[0]
            for request in self.registry.requests
        }
        found = {path: set(self.registry.storage.tags(path)) for path in paths}
        return {path: tags for path, tags in found.items() if tags}

    def fetched(self) -> list[str]:
        """The digests of the blobs that were read, once for each time."""
        return [
            request.path.rpartition("/")[2]
            for request in self.registry.requests
            if request.method == "GET" and "/blobs/sha256:" in request.path
        ]

    def uploaded(self) -> int:
        """Bytes of blobs that were taken."""
        return sum(r.received for r in self.registry.requests if "/blobs/uploads/" in r.path)


def document(store: Fetcher, node: Descriptor) -> dict[str, Any]:
    """A manifest, index or config, parsed."""
    found: dict[str, Any] = json.loads(read_small(store, node))
    return found


def config_of(store: Fetcher, image: Descriptor) -> dict[str, Any]:
    """The config of one image."""
    manifest = ImageManifest.parse(read_small(store, image), image.media_type)
    return document(store, manifest.config)


def whole(store: Fetcher, root: Descriptor) -> None:
    """See that all of an image is there, every byte of it."""
    copy_graph(store, MemoryStore(), root)
