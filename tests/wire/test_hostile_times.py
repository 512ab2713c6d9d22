"""Trouble that begins at any moment of a run, lasts, and comes in company; time is simulated."""

import errno
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from polyarch.errors import (
    DeadlinePassedError,
    RateLimitedError,
    RegistryUnavailableError,
    StorageError,
)
from polyarch.sandbox.quirks import Quirks
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.values import Outcome, Status
from tests.support.hostile_quirks import CHUNKED, Hostile, hostile, tokens
from tests.support.hostile_scene import Scene
from tests.support.hostile_told import STANDS
from tests.support.hostile_ways import FIRST, MOVE, OTHERWISE, WAYS, Way
from tests.support.sampled import sampled
from tests.support.simulated import simulated

NICE = Hostile(quirks=Quirks())
NEVER = 10_000_000.0
HOUR, TEN_MINUTES = 3600.0, 600.0
LONGEST_S = 1800.0
"""No run here may take longer: each request is given up after ten minutes at most."""

MOMENTS = range(1, 64, 3)
"""After which requests to the hostile registry trouble begins; a run has about fifty."""


def since(now: float, seconds: float) -> tuple[float, float]:
    return (now, now + seconds)


TROUBLES: Mapping[str, Callable[[float], Quirks]] = {
    "down-for-good": lambda _: Quirks(down=True),
    "down-ten-minutes": lambda now: Quirks(down_between=since(now, TEN_MINUTES)),
    "down-ten-seconds": lambda now: Quirks(down_between=since(now, 10)),
    "silent": lambda _: Quirks(silent=100),
    "unavailable": lambda _: Quirks(unavailable=100),
    "throttled-an-hour": lambda now: Quirks(throttled_between=since(now, HOUR), retry_after="60"),
    "login-withdrawn": lambda _: Quirks(refuse_login=True),
    "no-longer-allowed": lambda _: Quirks(denied_actions=frozenset({"push"})),
    "tags-lost": lambda _: Quirks(lost_tags=100),
    "answers-lost": lambda _: Quirks(lost_tag_answers=100, lost_commit_answers=100),
    "swept": lambda _: Quirks(untagged_requests=0),
}
REACHED = 3
"""A registry that never answered is given up sooner."""

PASSING = frozenset({"down-ten-seconds"})


def stands(outcomes: tuple[Outcome, ...]) -> bool:
    return all(outcome.status in STANDS for outcome in outcomes)


async def run_trouble(way: Way, trouble: str, moment: int, folder: Path) -> None:
    async with Scene.open(way, NICE, folder) as scene:
        scene.at[moment] = lambda: scene.trouble(TROUBLES[trouble](scene.now))
        outcomes = await scene.run()
        scene.judge(outcomes)
        assert scene.now < LONGEST_S
        if trouble in PASSING and moment > REACHED and not way.blocked:
            assert stands(outcomes)
        if not stands(outcomes):
            await scene.converge()


@pytest.mark.parametrize(
    ("way", "trouble", "moments"), sampled(["late", "back"], TROUBLES, moments=MOMENTS, every=3)
)
def test_trouble_may_begin_at_any_moment(
    way: str, trouble: str, moments: range, tmp_path: Path
) -> None:
    for moment in moments:
        simulated(run_trouble(replace(OTHERWISE, blocked=way == "back"), trouble, moment, tmp_path))


DEADLINE_S = 120.0
AFTER_S = 35.0
"""What putting back and cleaning up may take when a deadline has passed."""


async def run_against_the_clock(way: Way, trouble: str, moment: int, folder: Path) -> None:
    async with Scene.open(way, NICE, folder) as scene:
        scene.at[moment] = lambda: scene.trouble(TROUBLES[trouble](scene.now))
        outcomes = await scene.run(deadline_s=DEADLINE_S)
        assert scene.now < DEADLINE_S + AFTER_S, (moment, scene.now)
        scene.judge(outcomes)
        if not stands(outcomes):
            await scene.converge()


LATER = (6, 20, 33, 38, 41, 44, 47, 50, 56)


@pytest.mark.parametrize(
    ("way", "trouble", "moments"), sampled(["otherwise", "merge"], TROUBLES, moments=LATER, every=3)
)
def test_a_deadline_holds(way: str, trouble: str, moments: tuple[int, ...], tmp_path: Path) -> None:
    asked = OTHERWISE if way == "otherwise" else WAYS[way]
    for moment in moments:
        simulated(run_against_the_clock(asked, trouble, moment, tmp_path))


async def run_for_an_hour(moment: int, deadline_s: float | None, folder: Path) -> None:
    retry_after_s = 60.0
    async with Scene.open(MOVE, NICE, folder) as scene:
        begun: list[float] = []

        def begin() -> None:
            begun.extend([scene.now, len(scene.times)])
            span = since(scene.now, HOUR)
            scene.trouble(Quirks(throttled_between=span, retry_after="60"))

        scene.at[moment] = begin
        outcomes = await scene.run(deadline_s=deadline_s)
        scene.judge(outcomes)
        assert not stands(outcomes)
        error = outcomes[1].error
        assert isinstance(error, RateLimitedError | DeadlinePassedError)
        for friendly in (outcomes[0], outcomes[2]):
            assert friendly.status in {Status.SKIPPED, Status.ROLLED_BACK}
        assert scene.now < (deadline_s or 2 * TEN_MINUTES) + AFTER_S
        under_way: list[float] = []
        later: list[float] = []
        for time in scene.times[int(begun[1]) :]:
            (later if time > begun[0] else under_way).append(time)
        assert len(under_way) <= 16
        gaps = [second - first for first, second in pairwise(later)]
        assert all(gap >= retry_after_s for gap in gaps), later
        assert len(later) <= 1 + (scene.now - begun[0]) / retry_after_s
        await scene.converge()


@pytest.mark.parametrize("deadline_s", [None, 200.0])
@pytest.mark.parametrize("moment", [3, 12, 20, 27, 30, 31, 32, 33, 34])
def test_an_hour_of_429_costs_one_request_per_retry_after(
    moment: int, deadline_s: float | None, tmp_path: Path
) -> None:
    simulated(run_for_an_hour(moment, deadline_s, tmp_path))


async def run_expired(hard: Hostile, moment: int, folder: Path) -> None:
    async with Scene.open(MOVE, hard, folder) as scene:

        def expire() -> None:
            scene.ahead_s += 2 * HOUR

        for each in range(moment, 200, 25):
            scene.at[each] = expire
        outcomes = await scene.run()
        scene.judge(outcomes)
        assert stands(outcomes), [str(each.error) for each in outcomes]


@pytest.mark.parametrize(
    ("profile", "moments"),
    [
        *sampled(["whole"], moments=range(1, 50), every=3),
        *sampled(["chunked"], moments=range(1, 75), every=3),
    ],
)
def test_tokens_may_expire_at_any_moment(profile: str, moments: range, tmp_path: Path) -> None:
    """The service says that they have two hours less than the client believes."""
    hard = tokens(hostile(profile=CHUNKED) if profile == "chunked" else NICE)
    for moment in moments:
        simulated(run_expired(hard, moment, tmp_path))


async def run_in_company(
    way: Way, others: tuple[int, ...], quirks: Quirks, moment: int, folder: Path
) -> None:
    async with Scene.open(way, NICE, folder) as scene:

        def begin() -> None:
            scene.trouble(quirks)
            for number in others:
                scene.registries[number].quirks = scene.watching(quirks)

        scene.at[moment] = begin
        outcomes = await scene.run()
        scene.judge(outcomes)
        assert isinstance(outcomes[1].error, RegistryUnavailableError | type(None))
        if not stands(outcomes):
            await scene.converge()


COMPANY: Mapping[str, Quirks] = {
    "down": Quirks(down=True),
    "down-for-a-while": Quirks(down_for=12),
    "unavailable": Quirks(unavailable=100),
}


@pytest.mark.parametrize(
    ("way", "others", "trouble", "moments"),
    sampled(
        ["first", "otherwise", "merge"],
        [(0,), (2,), (0, 2)],
        COMPANY,
        moments=range(30, 62, 2),
        every=4,
    ),
)
def test_several_registries_fail_at_once(
    way: str, others: tuple[int, ...], trouble: str, moments: range, tmp_path: Path
) -> None:
    asked = {"first": FIRST, "otherwise": OTHERWISE}.get(way) or WAYS[way]
    for moment in moments:
        simulated(run_in_company(asked, others, COMPANY[trouble], moment, tmp_path))


class FullDisk:
    """A file that takes so many lines and no more."""

    def __init__(self, path: Path, lines: int) -> None:
        self._file = path.open("ab", buffering=0)
        self._left = lines

    def write(self, line: bytes) -> int:
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(line)

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


async def run_on_a_full_disk(way: Way, lines: int, folder: Path) -> None:
    journal = Journal(FullDisk(folder / FILE, lines), "the journal")  # type: ignore[arg-type]  # the part of a file that journals use
    async with Scene.open(way, replace(NICE, profile=CHUNKED), folder) as scene:
        with journal:
            try:
                outcomes = await scene.run(journal=journal)
            except StorageError:
                assert all(each.is_old for each in scene.watched)
                assert list(scene.watch.broken) == []
            else:
                scene.judge(outcomes)
        await scene.converge()


@pytest.mark.parametrize(
    ("way", "moments"),
    sampled(["first", "move", "merge", "back-otherwise"], moments=range(30), every=3),
)
def test_the_disk_of_the_journal_may_be_full_at_any_moment(
    way: str, moments: range, tmp_path: Path
) -> None:
    for lines in moments:
        simulated(run_on_a_full_disk(WAYS[way], lines, tmp_path))
