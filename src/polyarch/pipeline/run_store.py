"""Records of runs in a repository: what a CI's disk loses, a registry keeps.

Each is an OCI artifact under a tag made of the run's id. Its config is small and says what most
questions ask (the summary, and which tags moved), its one layer is the archive of all documents.
Logs stay behind: they hold what builds printed.
"""

import asyncio
from collections.abc import Mapping, Sequence

from polyarch.errors import (
    ContentError,
    MalformedManifestError,
    ManifestNotFoundError,
    RunUnreadableError,
    SpecError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import decode_object, encode, optional_object
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.body import Body
from polyarch.registry.repository import RemoteRepository
from polyarch.runs.bundle import MAX_BYTES, pack, unpack
from polyarch.runs.folder import ID
from polyarch.runs.moves import TagMove, parse_moves, read_moves
from polyarch.runs.reading import RUN, TAGS
from polyarch.runs.run import Origin, Run, RunRecord
from polyarch.runs.summary import RunSummary

ARTIFACT = "application/vnd.polyarch.run.v1"
CONFIG = "application/vnd.polyarch.run.config.v1+json"
LAYER = "application/vnd.polyarch.run.record.v1.tar+gzip"
SCHEMA = "polyarch.stored-run/v1"

TAG_PREFIX = "run-"
AT_ONCE = 8


class RunStore:
    """The records of one repository. Every method may raise RegistryError."""

    def __init__(self, repository: Repository, registries: BlockingRegistries) -> None:
        self.repository = repository
        self._registries = registries
        self._remote = registries.remote(repository)

    def push(self, documents: Mapping[str, bytes], run: str, *, within_s: float) -> str:
        """Store a record; gives its reference.

        Raises:
            TimeoutError: it took longer.
            MalformedManifestError: the documents are no record.
        """
        config = _config(documents)
        return self._registries.run(
            asyncio.wait_for(_push(self._remote, config, pack(documents), run), within_s)
        )

    def list(self, most: int) -> "tuple[StoredRun, ...]":
        """The newest records, newest first; what is none of ours is passed over."""
        return self._registries.run(_list(self._remote, most))

    def record(self, stored: "StoredRun") -> RunRecord:
        """A record with all of its documents.

        Raises:
            RunUnreadableError: the archive is damaged.
            ContentError: its bytes are others, or gone.
        """
        raw = self._registries.run(_layer(self._remote, stored.layer))
        documents = unpack(raw, stored.run.where)
        return RunRecord(run=stored.run, documents=documents)


class StoredRun:
    """A record as its config tells of it."""

    def __init__(self, run: Run, moves: Sequence[TagMove], layer: Descriptor) -> None:
        self.run = run
        self.moves = tuple(moves)
        self.layer = layer


def _config(documents: Mapping[str, bytes]) -> bytes:
    run = decode_object(documents.get(RUN, b""), RUN)
    tags = [move.to_json() for move in parse_moves(documents.get(TAGS, b"{}"))]
    return encode({"schema": SCHEMA, "run": run, "tags": tags})


async def _push(remote: RemoteRepository, config: bytes, layer: bytes, run: str) -> str:
    parts = [Descriptor.of(CONFIG, config), Descriptor.of(LAYER, layer)]
    for part, data in zip(parts, (config, layer), strict=True):
        await remote.push_blob(part, Body.of_bytes(data))
    tag = TAG_PREFIX + run
    record = ImageManifest.build(config=parts[0], layers=parts[1:], artifact_type=ARTIFACT)
    await remote.put_manifest(record, tag)
    return f"{remote.repository}:{tag}"


async def _list(remote: RemoteRepository, most: int) -> tuple[StoredRun, ...]:
    tags = await remote.tags()
    ids = sorted(
        (
            tag.removeprefix(TAG_PREFIX)
            for tag in tags
            if tag.startswith(TAG_PREFIX) and ID.fullmatch(tag.removeprefix(TAG_PREFIX))
        ),
        reverse=True,
    )
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(run: str) -> StoredRun | None:
        async with limit:
            try:
                return await _read(remote, run)
            except (SpecError, ContentError, ManifestNotFoundError):
                return None

    found = await asyncio.gather(*(one(run) for run in ids[:most]))
    return tuple(stored for stored in found if stored)


async def _read(remote: RemoteRepository, run: str) -> StoredRun:
    """One record's config.

    Raises:
        SpecError: it is no record, or that of another run.
    """
    tag = TAG_PREFIX + run
    where = f"{remote.repository}:{tag}"
    manifest = await remote.get_manifest(tag)
    if not isinstance(manifest, ImageManifest) or manifest.config.media_type != CONFIG:
        raise MalformedManifestError("record of a run", "it is something else", where=where)
    if len(manifest.layers) != 1:
        raise MalformedManifestError("record of a run", "it has not one layer", where=where)
    value = decode_object(await remote.read_blob(manifest.config), CONFIG)
    summary = RunSummary.parse(encode(optional_object(value, "run", CONFIG) or {}))
    if summary.id != run:
        raise MalformedManifestError("record of a run", "it is that of another", where=where)
    return StoredRun(
        Run(summary=summary, origin=Origin.STORE, where=where, images=summary.images),
        read_moves(value),
        manifest.layers[0],
    )


async def _layer(remote: RemoteRepository, layer: Descriptor) -> bytes:
    if layer.size > MAX_BYTES:
        raise RunUnreadableError(str(remote.repository), f"it is larger than {MAX_BYTES} bytes")
    stream = await remote.open_blob(layer)
    return b"".join([chunk async for chunk in stream])
