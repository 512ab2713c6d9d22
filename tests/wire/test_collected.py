"""A registry that collects what no tag holds, while others still take what they lack."""

import pytest

from polyarch.errors import BlobNotFoundError
from polyarch.events import ignore
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Call
from polyarch.transaction import stage
from polyarch.transaction.run import publish
from polyarch.transaction.staging import stage_only
from polyarch.transaction.values import Status, Submission, Target
from tests.support.images import MadeImage, make_index

TAG = "latest"
OLD, NEW = make_index(content=b"old"), make_index(content=b"new")
ROOT = NEW.index.descriptor.digest


def submission(made: MadeImage, *repositories: Repository) -> Submission:
    targets = tuple(Target(repository=each, tags=(TAG,)) for each in repositories)
    return Submission(name="app", root=made.index, source=made.store, targets=targets)


async def test_what_stood_there_long_ago_is_asked_for_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stage, "STOCK_S", -1.0)
    moves: list[str] = []
    async with (
        SandboxRegistry() as forgetful,
        SandboxRegistry() as slow,
        RegistryClient() as client,
    ):
        places = [Repository.parse(f"{each.host}/team/app") for each in (forgetful, slow)]
        await publish([submission(OLD, *places)], client, ignore)
        await stage_only([submission(NEW, places[0])], client, ignore)

        async def collect(call: Call) -> None:
            if call.method == "PUT" and call.target.item == TAG:
                moves.append(TAG)
            if call.method == "PUT" and call.target.item == str(ROOT):
                await client.repository(places[0]).delete_manifest(ROOT)

        forgetful.quirks = slow.quirks = Quirks(on_request=collect)
        outcomes = await publish([submission(NEW, *places)], client, ignore)
        assert [each.status for each in outcomes] == [Status.FAILED, Status.SKIPPED]
        assert isinstance(outcomes[0].error, BlobNotFoundError)
        assert moves == []
        again = await publish([submission(NEW, *places)], client, ignore)
        assert {each.status for each in again} == {Status.PUBLISHED}
