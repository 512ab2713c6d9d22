"""What `publish --clean` concludes from journals, where only some repositories are asked for."""

import asyncio
from pathlib import Path

import pytest

from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.memory import Upload
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.litter import clean
from polyarch.transaction.past import unfinished

BLOB = Digest.of(b"blob")
IMPATIENT = RetryPolicy(tries=1, first_tries=1)


def app(registry: SandboxRegistry) -> Repository:
    return Repository.parse(f"{registry.host}/team/app")


def other(registry: SandboxRegistry) -> Repository:
    return Repository.parse(f"{registry.host}/team/other")


def die(runs: Path, registry: SandboxRegistry) -> None:
    """A run that moved a tag of one image, and was about to send something for it."""
    repository = app(registry)
    location = f"http://{registry.host}/v2/team/app/blobs/uploads/1"
    (runs / "1").mkdir()
    with Journal.create(runs / "1" / FILE) as journal:
        journal.begin([])
        journal.keep(Upload(repository=repository, digest=BLOB, location=location, acknowledged=5))
        asyncio.run(journal.moving(repository, "latest", BLOB))


@pytest.mark.parametrize(
    ("asked", "down", "over"),
    [(app, False, True), (other, False, False), (app, True, False)],
    ids=["all of it", "another image", "the registry is down"],
)
async def test_a_run_is_over_when_all_of_it_was_looked_at(
    tmp_path: Path, asked, down: bool, over: bool
):
    async with SandboxRegistry() as registry, RegistryClient(policy=IMPATIENT) as client:
        await asyncio.to_thread(die, tmp_path, registry)
        registry.quirks = Quirks(down=down)
        await clean([asked(registry)], unfinished(tmp_path), client)
    assert bool(unfinished(tmp_path)) is not over
