"""A store of records that somebody else writes as well: what is in it is checked."""

import json
from collections.abc import Iterator

import pytest

from polyarch.errors import PolyarchError, RunUnreadableError, SpecError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import encode
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.run_store import CONFIG, LAYER, RunStore
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.body import Body
from polyarch.registry.client import RegistryClient
from polyarch.runs.bundle import pack
from polyarch.runs.history import tags_document
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.run_records import ID, MadeRun

OTHER = "20260302T120000.000Z-abcdef"


@pytest.fixture
def registries() -> Iterator[BlockingRegistries]:
    with BlockingRegistries(RegistryClient) as opened:
        yield opened


@pytest.fixture
def store(registries: BlockingRegistries) -> Iterator[RunStore]:
    registry = SandboxRegistry()
    with running(registry):
        yield RunStore(Repository.parse(f"{registry.host}/team/runs"), registries)


def documents(run: str = ID) -> dict[str, bytes]:
    found = MadeRun(id=run).documents()
    return {**found, "tags.json": tags_document(found, {})}


def plant(
    store: RunStore,
    registries: BlockingRegistries,
    config: bytes,
    *layers: bytes,
    tag: str = f"run-{ID}",
    kind: str = CONFIG,
) -> None:
    """Put something under the tag of a record."""
    remote = registries.remote(store.repository)
    parts = [Descriptor.of(kind, config), *(Descriptor.of(LAYER, each) for each in layers)]
    for part, data in zip(parts, (config, *layers), strict=True):
        registries.run(remote.push_blob(part, Body.of_bytes(data)))
    manifest = ImageManifest.build(config=parts[0], layers=parts[1:])
    registries.run(remote.put_manifest(manifest, tag))


def test_what_is_stored_is_read(store: RunStore) -> None:
    for run in (ID, OTHER):
        where = store.push(documents(run), run, within_s=30)
        assert where == f"{store.repository}:run-{run}"
    newest, oldest = store.list(10)
    assert (newest.run.id, oldest.run.id) == (OTHER, ID)
    assert [each.run.id for each in store.list(1)] == [OTHER]
    assert {move.tag for move in oldest.moves} == {"v1.2.3", "v1.2", "latest"}
    assert store.record(oldest).documents == documents()


def test_an_empty_store(store: RunStore) -> None:
    assert store.list(10) == ()


RUN = json.loads(MadeRun().documents()["run.json"])


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"[]",
        b"{}",
        b'{"run": 7}',
        encode({"run": {**RUN, "id": OTHER}}),
        encode({"run": {**RUN, "id": "../../etc"}}),
        encode({"run": {**RUN, "started": "now"}}),
    ],
)
def test_a_config_that_is_none_is_passed_over(
    store: RunStore, registries: BlockingRegistries, config: bytes
) -> None:
    plant(store, registries, config, pack(documents()))
    store.push(documents(OTHER), OTHER, within_s=30)
    assert [each.run.id for each in store.list(10)] == [OTHER]


def test_other_artifacts_are_passed_over(store: RunStore, registries: BlockingRegistries) -> None:
    good = encode({"run": RUN, "tags": []})
    plant(store, registries, good, b"a", b"b")
    plant(store, registries, good, b"a", kind="application/vnd.oci.image.config.v1+json")
    plant(store, registries, good, b"a", tag="run-latest")
    assert store.list(10) == ()


@pytest.mark.parametrize("layer", [b"", b"no archive", pack({})[:-3]])
def test_an_archive_that_is_none_is_refused(
    store: RunStore, registries: BlockingRegistries, layer: bytes
) -> None:
    plant(store, registries, encode({"run": RUN, "tags": 7}), layer)
    (found,) = store.list(10)
    assert found.moves == ()
    with pytest.raises(RunUnreadableError):
        store.record(found)


def test_no_record_is_not_stored(store: RunStore) -> None:
    with pytest.raises(SpecError):
        store.push({}, ID, within_s=30)
    with pytest.raises(PolyarchError):
        store.push({"run.json": b"[]"}, ID, within_s=30)
    assert store.list(10) == ()
