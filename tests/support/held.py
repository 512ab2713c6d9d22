"""Images put straight into a sandbox registry's storage, whole or with something amiss."""

from collections.abc import Collection

from polyarch.content.graph import walk
from polyarch.content.store import Fetcher
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from tests.support.images import MadeImage


def held(
    registry: SandboxRegistry,
    made: MadeImage,
    name: str = "team/app:1.2",
    *,
    without: Collection[Digest] = (),
) -> str:
    """Put an image there but for some of its content; gives the reference."""
    path, _, tag = name.partition(":")
    return put(registry, made.store, made.index.descriptor, path, tag, without=without)


def put(
    registry: SandboxRegistry,
    store: Fetcher,
    root: Descriptor,
    path: str,
    tag: str,
    *,
    without: Collection[Digest] = (),
) -> str:
    """Put all below a root there, and let a tag point to it."""
    storage = registry.storage
    for node in walk(store, root):
        if node.digest in without:
            continue
        with store.open(node) as content:
            raw = content.read()
        if mediatype.is_index(node.media_type) or mediatype.is_manifest(node.media_type):
            storage.put_manifest(
                path, node.digest, StoredManifest(media_type=node.media_type, raw=raw)
            )
            continue
        session = storage.start_upload(path, node.digest.algorithm)
        storage.append_upload(session, raw)
        assert storage.finish_upload(session, node.digest)
    storage.put_tag(path, tag, root.digest)
    return f"{registry.host}/{path}:{tag}"
