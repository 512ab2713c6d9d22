"""A registry that takes no holds: what is bad goes back all the same, and people are told."""

from polyarch.events import Event, Warned
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.hold import Hold, Holds
from polyarch.transaction.run import publish
from polyarch.transaction.values import Status, Submission, Target
from tests.support.images import MadeImage
from tests.wire.test_holds import NEW, OLD, TAGS, hold, place, remote_of

KNOWN = {
    str(each.digest) for made in (OLD, NEW) for each in (made.index.descriptor, *made.children)
}


async def refuse_artifacts(call: Call) -> Answer | None:
    """What no image needs is no image."""
    writes = call.method == "PUT" and call.target.kind is Kind.MANIFEST
    if writes and call.target.item not in {*KNOWN, *TAGS}:
        return refusal("MANIFEST_INVALID", "this kind of artifact is not taken")
    return None


async def test_tags_go_back_and_a_warning_says_what_it_means():
    heard: list[Event] = []
    async with SandboxRegistry() as registry, RegistryClient() as client:

        async def move(made: MadeImage, *holds: Hold) -> Status:
            target = Target(repository=place(registry), tags=TAGS, new_holds=holds)
            one = Submission(name="app", root=made.index, source=made.store, targets=(target,))
            [outcome] = await publish([one], client, heard.append)
            return outcome.status

        await move(OLD)
        await move(NEW)
        registry.quirks = Quirks(on_request=refuse_artifacts)
        assert await move(OLD, hold("latest")) is Status.PUBLISHED
        remote = remote_of(client, registry)
        shown = await remote.head("latest")
        assert shown
        assert shown.digest == OLD.index.descriptor.digest
        assert await Holds().on(remote, shown.digest) == ()
    told = [each.text for each in heard if isinstance(each, Warned)]
    assert len(told) == 1
    assert "nothing keeps it there" in told[0]
    assert "latest" in told[0]
