"""The transaction against registries that behave, refuse and fail in the middle."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Literal

import pytest

from polyarch.errors import (
    DeniedError,
    LoginRefusedError,
    RegistryUnavailableError,
    TagRefusedError,
)
from polyarch.events import Event, TagMoved, ignore
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.profile_data import ECR
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction import flip
from polyarch.transaction.hold import Hold
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    Guard,
    Labels,
    OnRegistryFailure,
    Status,
    Submission,
    TagStatus,
    Target,
    Verdict,
)
from tests.support.images import MadeImage, make_index

OLD, NEW = make_index(content=b"old"), make_index(content=b"new")
TAGS = ("1.2.3", "latest")
IMPATIENT = RetryPolicy(tries=2, first_tries=1, budget_s=5, first_s=0.01)


async def refuse_latest(call: Call) -> Answer | None:
    """Take every tag but `latest`."""
    moves = call.method == "PUT" and call.target.item == "latest"
    return refusal("TAG_INVALID", "this tag is immutable") if moves else None


def submission(made: MadeImage, *registries: SandboxRegistry) -> Submission:
    targets = tuple(
        Target(repository=Repository.parse(f"{registry.host}/team/app"), tags=TAGS)
        for registry in registries
    )
    return Submission(name="app", root=made.index, source=made.store, targets=targets)


async def digests_under_tags(registry: SandboxRegistry) -> set[str | None]:
    async with RegistryClient() as client:
        remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
        found = [await remote.head(tag) for tag in TAGS]
    return {str(item.digest) if item else None for item in found}


async def shows(registry: SandboxRegistry, made: MadeImage) -> bool:
    return await digests_under_tags(registry) == {str(made.index.descriptor.digest)}


@pytest.fixture
async def three():
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(SandboxRegistry()) for _ in range(3)]


async def test_one_index_in_three_registries_children_before_tags(three):
    events: list[Event] = []
    async with RegistryClient() as client:
        outcomes = await publish([submission(NEW, *three)], client, events.append)
    assert [outcome.status for outcome in outcomes] == [Status.PUBLISHED] * 3
    for registry in three:
        assert await shows(registry, NEW)
        puts = [r.path for r in registry.requests if r.method == "PUT" and "/manifests/" in r.path]
        names = [path.rpartition("/")[2] for path in puts]
        assert names[-2:] == list(TAGS)
        assert names[-3] == str(NEW.index.descriptor.digest)
        assert all(name.startswith("sha256:") for name in names[:-2])
    first_tag = next(n for n, event in enumerate(events) if isinstance(event, TagMoved))
    assert all(isinstance(event, TagMoved) for event in events[first_tag:])


async def test_publishing_again_sends_nothing(three):
    async with RegistryClient() as client:
        await publish([submission(NEW, *three)], client, ignore)
        for registry in three:
            registry.forget_requests()
        outcomes = await publish([submission(NEW, *three)], client, ignore)
    assert [outcome.status for outcome in outcomes] == [Status.UNCHANGED] * 3
    sent = [r for registry in three for r in registry.requests if r.method in {"PUT", "PATCH"}]
    assert sent == []


@pytest.mark.parametrize(
    ("quirks", "error"),
    [
        (Quirks(refuse_login=True), LoginRefusedError),
        (Quirks(denied_actions=frozenset({"push"})), DeniedError),
        (Quirks(down=True), RegistryUnavailableError),
    ],
)
async def test_one_registry_that_refuses_moves_no_tag_anywhere(three, quirks, error):
    async with RegistryClient(policy=IMPATIENT) as client:
        await publish([submission(OLD, *three)], client, ignore)
        for registry in three:
            registry.forget_requests()
        three[1].quirks = quirks
        outcomes = await publish([submission(NEW, *three)], client, ignore)
    three[1].quirks = Quirks()
    assert [o.status for o in outcomes] == [Status.SKIPPED, Status.FAILED, Status.SKIPPED]
    assert isinstance(outcomes[1].error, error)
    for registry in three:
        assert await shows(registry, OLD)
        assert not [r for r in registry.requests if r.method in {"PUT", "PATCH"}]


async def test_with_continue_the_others_are_published(three):
    three[1].quirks = Quirks(denied_actions=frozenset({"push"}))
    async with RegistryClient(policy=IMPATIENT) as client:
        outcomes = await publish(
            [submission(NEW, *three)], client, ignore, on_failure=OnRegistryFailure.CONTINUE
        )
    assert [o.status for o in outcomes] == [Status.PUBLISHED, Status.FAILED, Status.PUBLISHED]
    assert await shows(three[0], NEW)
    assert await shows(three[2], NEW)


async def test_a_failure_in_the_flip_puts_the_old_tags_back(three):
    """The last registry takes everything but the second tag: all return to the old index."""
    async with RegistryClient(policy=IMPATIENT) as client:
        await publish([submission(OLD, *three)], client, ignore)
        three[2].quirks = Quirks(on_request=refuse_latest)
        outcomes = await publish([submission(NEW, *three)], client, ignore)
    assert [outcome.status for outcome in outcomes] == [Status.ROLLED_BACK] * 3
    three[2].quirks = Quirks()
    for registry in three:
        assert await shows(registry, OLD)
    assert {tag.status for tag in outcomes[0].tags} == {TagStatus.RESTORED}


async def test_a_new_tag_that_cannot_be_deleted_is_told_as_left(three):
    three[0].quirks = Quirks(tag_delete=False)
    async with RegistryClient(policy=IMPATIENT) as client:
        await publish([submission(OLD, three[2])], client, ignore)
        three[2].quirks = Quirks(on_request=refuse_latest)
        outcomes = await publish([submission(NEW, *three)], client, ignore)
    assert outcomes[0].status is Status.LEFT
    assert outcomes[0].digest == NEW.index.descriptor.digest
    assert outcomes[1].status is Status.ROLLED_BACK
    assert await digests_under_tags(three[1]) == {None}


async def test_an_interrupt_before_the_flip_leaves_everything_as_it_was(three):
    async with RegistryClient() as client:
        await publish([submission(OLD, *three)], client, ignore)

    staged = asyncio.Event()

    def listen(event: Event) -> None:
        if type(event).__name__ == "ManifestStored":
            staged.set()

    async with RegistryClient() as client:
        running = asyncio.ensure_future(publish([submission(NEW, *three)], client, listen))
        await staged.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    for registry in three:
        assert await shows(registry, OLD)


async def test_an_interrupt_within_the_flip_lets_it_finish(three):
    async with RegistryClient() as client:
        await publish([submission(OLD, *three)], client, ignore)

    moved = asyncio.Event()

    def listen(event: Event) -> None:
        if isinstance(event, TagMoved):
            moved.set()

    async with RegistryClient() as client:
        running = asyncio.ensure_future(publish([submission(NEW, *three)], client, listen))
        await moved.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    for registry in three:
        assert await shows(registry, NEW)


async def test_a_bug_in_the_flip_puts_the_old_tags_back(three):
    async with RegistryClient() as client:
        await publish([submission(OLD, *three)], client, ignore)

    def listen(event: Event) -> None:
        if isinstance(event, TagMoved):
            raise RuntimeError("nobody foresaw this")  # noqa: TRY004 - any bug

    async with RegistryClient() as client:
        with pytest.raises(ExceptionGroup) as caught:
            await publish([submission(NEW, *three)], client, listen)
    assert "foresaw" in str(caught.value.exceptions[0])
    for registry in three:
        assert await shows(registry, OLD)


async def test_a_registry_that_shows_a_moved_tag_late_is_waited_for(three):
    async with RegistryClient() as client:
        await publish([submission(OLD, *three)], client, ignore)
    old, lagging = str(OLD.index.descriptor.digest), [2]

    async def show_the_old_tag(call: Call) -> Call | None:
        """Twice after the tag was moved, as a registry that answers from a copy does."""
        moved = any(r.method == "PUT" and r.path.endswith("/latest") for r in three[0].requests)
        if call.method == "HEAD" and call.target.item == "latest" and moved and lagging[0]:
            lagging[0] -= 1
            return replace(call, target=replace(call.target, item=old))
        return None

    three[0].forget_requests()
    three[0].quirks = Quirks(on_request=show_the_old_tag)
    async with RegistryClient() as client:
        outcomes = await publish([submission(NEW, *three)], client, ignore)
    assert [outcome.status for outcome in outcomes] == [Status.PUBLISHED] * 3
    assert lagging == [0]


def guarded(made: MadeImage, guard: Guard, *registries: SandboxRegistry) -> Submission:
    whole = submission(made, *registries)
    return replace(whole, targets=tuple(replace(each, guard=guard) for each in whole.targets))


def keeping(kept: MadeImage, *, may: Literal["keep", "refuse"] = "keep") -> Guard:
    """Nothing takes the place of this index."""

    def guard(
        _tag: str,
        standing: ImageIndex | ImageManifest | None,
        _labels: Labels,
        _holds: Sequence[Hold],
    ) -> Verdict:
        if standing and standing.descriptor.digest == kept.index.descriptor.digest:
            return Verdict(may=may, reason="it is newer")
        return Verdict(may="move")

    return guard


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch):
    """Every tag is looked at once more right before it moves, however short ago it was frozen."""
    monkeypatch.setattr(flip, "FRESH_S", 0.0)


class Overtaking:
    """Another run publishes to a registry right before the first tag moves there."""

    def __init__(self, registry: SandboxRegistry, made: MadeImage) -> None:
        self._registry = registry
        self._made = made
        self._looks = 0

    async def __call__(self, call: Call) -> Answer | None:
        if call.method == "HEAD" and call.target.item == TAGS[0]:
            self._looks += 1
            if self._looks == 2:  # the first is for the freeze
                async with RegistryClient() as client:
                    await publish([submission(self._made, self._registry)], client, ignore)
        return None


async def test_a_tag_that_is_kept_is_told_and_the_others_move(three):
    first = replace(submission(OLD, three[1]).targets[0], tags=TAGS[1:])
    async with RegistryClient() as client:
        await publish([replace(submission(OLD, three[1]), targets=(first,))], client, ignore)
        outcomes = await publish([guarded(NEW, keeping(OLD), *three)], client, ignore)
    assert [outcome.status for outcome in outcomes] == [Status.PUBLISHED] * 3
    told = {tag.tag: (tag.status, tag.reason) for tag in outcomes[1].tags}
    assert told == {
        "1.2.3": (TagStatus.CREATED, ""),
        "latest": (TagStatus.KEPT, "it is newer"),
    }
    assert outcomes[1].tags[1].digest == OLD.index.descriptor.digest
    assert outcomes[1].digest == NEW.index.descriptor.digest
    assert await shows(three[0], NEW)


async def test_a_refused_tag_moves_nothing_anywhere(three):
    async with RegistryClient() as client:
        await publish([submission(OLD, three[2])], client, ignore)
        outcomes = await publish([guarded(NEW, keeping(OLD, may="refuse"), *three)], client, ignore)
    assert [o.status for o in outcomes] == [Status.SKIPPED, Status.SKIPPED, Status.FAILED]
    assert isinstance(outcomes[2].error, TagRefusedError)
    assert await shows(three[2], OLD)
    assert await digests_under_tags(three[0]) == {None}


@pytest.mark.usefixtures("careful")
async def test_what_another_run_published_since_the_freeze_is_judged_anew(three):
    other = make_index(content=b"other")
    three[1].quirks = Quirks(on_request=Overtaking(three[1], other))
    async with RegistryClient() as client:
        outcomes = await publish([guarded(NEW, keeping(other), *three)], client, ignore)
    assert [o.status for o in outcomes] == [Status.PUBLISHED, Status.UNCHANGED, Status.PUBLISHED]
    assert {tag.status for tag in outcomes[1].tags} == {TagStatus.KEPT}
    assert outcomes[1].digest == other.index.descriptor.digest
    assert await shows(three[1], other)
    assert await shows(three[0], NEW)


@pytest.mark.usefixtures("careful")
async def test_a_tag_that_is_refused_in_the_flip_brings_all_back(three):
    """What the other run published stays: it was never ours to undo."""
    other = make_index(content=b"other")
    async with RegistryClient() as client:
        await publish([submission(OLD, *three)], client, ignore)
        three[1].quirks = Quirks(on_request=Overtaking(three[1], other))
        guard = keeping(other, may="refuse")
        outcomes = await publish([guarded(NEW, guard, *three)], client, ignore)
    assert [o.status for o in outcomes] == [
        Status.ROLLED_BACK, Status.FAILED, Status.ROLLED_BACK
    ]  # fmt: skip
    assert await shows(three[0], OLD)
    assert await shows(three[1], other)
    assert await shows(three[2], OLD)


@pytest.mark.usefixtures("careful")
async def test_what_another_run_put_there_is_what_a_roll_back_puts_back(three):
    """It is asked again right before the move, so the other run's index is not lost."""
    other = make_index(content=b"other")
    async with RegistryClient(policy=IMPATIENT) as client:
        await publish([submission(OLD, *three)], client, ignore)
        three[1].quirks = Quirks(on_request=Overtaking(three[1], other))
        three[2].quirks = Quirks(on_request=refuse_latest)
        outcomes = await publish([submission(NEW, *three)], client, ignore)
    assert [outcome.status for outcome in outcomes] == [Status.ROLLED_BACK] * 3
    assert await shows(three[0], OLD)
    assert await shows(three[1], other)


@pytest.mark.parametrize("drops", [False, True])
async def test_a_repository_that_has_to_be_made_first_is_told_with_the_command(drops: bool):
    quirks = Quirks(repositories=frozenset({"other"}), missing_drops=drops)
    async with SandboxRegistry(quirks=quirks) as registry:
        profiles = {registry.host: ECR}
        async with RegistryClient(policy=IMPATIENT, profiles=profiles) as client:
            [outcome] = await publish([submission(NEW, registry)], client, ignore)
    assert outcome.status is Status.FAILED
    assert outcome.error
    assert "aws ecr create-repository --repository-name team/app" in (outcome.error.hint or "")
