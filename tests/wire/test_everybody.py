"""`public = true`: what was published is asked for without a login, after all else is done."""

from collections.abc import Callable

import pytest

from polyarch.errors import ImmutableTagError, NotPublicError, RateLimitedError
from polyarch.events import ignore
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.everybody import CONFIRM_S
from polyarch.transaction.run import publish
from polyarch.transaction.values import Options, Outcome, Status, Submission, Target
from tests.support.images import make_index
from tests.support.simulated import loop_clock, simulated

TAG = "latest"
NEW = make_index(content=b"new")


async def write(*registries: SandboxRegistry, options: Options | None = None) -> list[Outcome]:
    targets = tuple(
        Target(repository=Repository.parse(f"{each.host}/team/app"), tags=(TAG,), public=True)
        for each in registries
    )
    submission = Submission(name="app", root=NEW.index, source=NEW.store, targets=targets)
    async with RegistryClient(clock=loop_clock()) as client:
        return list(await publish([submission], client, ignore, options=options))


class ForStrangers:
    """Answers those who look at the tag when it has been seen once with a login."""

    def __init__(self, answer: Callable[[], Answer], times: int) -> None:
        self._answer = answer
        self._times = times
        self._looks = -1

    async def __call__(self, call: Call) -> Answer | None:
        if call.target.item != TAG:
            return None
        if call.method == "PUT":
            self._looks = 0
        elif self._looks >= 0:
            self._looks += 1
            if 1 < self._looks <= 1 + self._times:
                return self._answer()
        return None


def absent() -> Answer:
    return refusal("MANIFEST_UNKNOWN", "not yet")


def in_an_hour() -> Answer:
    return Answer(status=429, headers=(("Retry-After", "3600"),))


def in_ten_seconds() -> Answer:
    return Answer(status=429, headers=(("Retry-After", "10"),))


@pytest.mark.parametrize(
    ("answer", "times", "error"),
    [
        (absent, 3, type(None)),
        (absent, 100, NotPublicError),
        (in_ten_seconds, 1, type(None)),
        (in_an_hour, 1, RateLimitedError),
    ],
)
def test_who_asks_is_patient_and_not_for_ever(
    answer: Callable[[], Answer], times: int, error: type[Exception]
):
    async def published() -> None:
        async with SandboxRegistry() as registry:
            registry.quirks = Quirks(on_request=ForStrangers(answer, times))
            begun = loop_clock().monotonic()
            [outcome] = await write(registry, options=Options(deadline_s=5))
            assert loop_clock().monotonic() - begun <= 5 + CONFIRM_S
            assert outcome.status is Status.PUBLISHED
            assert type(outcome.error) is error

    simulated(published())


def test_what_was_taken_back_is_not_asked_for():
    async def refuse(call: Call) -> Answer | None:
        moves = call.method == "PUT" and call.target.item == TAG
        return refusal("TAG_INVALID", "this tag is immutable") if moves else None

    async def published() -> None:
        async with SandboxRegistry() as registry, SandboxRegistry() as refusing:
            refusing.quirks = Quirks(on_request=refuse)
            outcomes = await write(registry, refusing)
            assert [type(each.error) for each in outcomes] == [type(None), ImmutableTagError]
            assert [each.status for each in outcomes] == [Status.ROLLED_BACK, Status.FAILED]

    simulated(published())
