"""`publish` and `copy` over lines on which things go wrong, to real registries.

Three registries: a good line to the first, bad ones to the second (passwords) and to the third
(tokens, its token service behind a bad line too). Each holds an old index under three tags. A fault
comes to one kind of request, once or for good; afterwards every tag shows what is old or what is
new, whole, read past the proxies; what was told is so; and one run in a fresh folder, when all is
well again, brings what is new everywhere.
"""

import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from typing import Any

import pytest

from tests.lab.absence import require
from tests.lab.registries import Auth
from tests.support.bad_ground import (
    CONSTANTS,
    DAMAGE,
    LASTING,
    PASSING,
    TOML,
    CopyingBehind,
    PublishingBehind,
    Trials,
)
from tests.support.bad_lines import REQUESTS, Line, line_to, rule, since
from tests.support.counted import Counted
from tests.support.dying import (
    PLATFORMS,
    REPOSITORY,
)
from tests.support.faults import Fault, Rule
from tests.support.killing import Tally, is_apart
from tests.support.tiny_project import TinyProject
from tests.support.warm import WarmPolyarch, warm_polyarch

pytestmark = pytest.mark.xdist_group("bad lines")
RANDOM = 40


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmPolyarch]:
    with warm_polyarch() as parent:
        yield parent


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Line]]:
    require("registry")
    folder = tmp_path_factory.mktemp("lines")
    with ExitStack() as stack:
        yield [
            stack.enter_context(line_to(folder / "good", Auth.HTPASSWD, bad=False)),
            stack.enter_context(line_to(folder / "bad", Auth.HTPASSWD)),
            stack.enter_context(line_to(folder / "worse", Auth.TOKEN)),
        ]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    require("registry")
    with line_to(tmp_path_factory.mktemp("source") / "registry", Auth.NONE) as line:
        yield line


BODIES = {"send a chunk", "send a blob", "write a manifest", "move a tag"}
READS = {"token", "read a manifest", "read a tag", "read a blob", "list referrers"}
OF_A_SOURCE = ("look at a tag", "read a manifest", "read a tag", "read a blob", "list referrers")
OF_A_DESTINATION = tuple(each for each in REQUESTS if each not in OF_A_SOURCE[2:])
BEFORE_THE_DEADLINE = {"ping", "token", "look at a tag", "read a manifest"}
"""What `publish` also asks before there is anything to upload, when no deadline counts yet."""
DEADLINE_S = 3.0
SLOW_S = 20.0
"""What a busy machine takes to start it, and to say its last words."""
COMMANDS = ("publish", "copy", "copy from a registry")
SHORT = {
    ("publish", "token", "503"),
    ("publish", "send a blob", "lost answer"),
    ("publish", "read a manifest", "short answer"),
    ("publish", "move a tag", "reset"),
    ("copy", "look for a blob", "429"),
    ("copy", "open an upload", "502"),
    ("copy", "send a chunk", "reset within"),
    ("copy", "move a tag", "lost answer"),
    ("copy from a registry", "read a blob", "short answer"),
}
SHORT_LASTING = {
    ("publish", "send a blob", "503"),
    ("copy", "write a manifest", "unanswered"),
    ("copy", "open an upload", "denied"),
}
SHORT_DEATHS = {("publish", "reset", 1, (1,)), ("copy", "503", 0, (0, 1))}


def cells(faults: Mapping[str, Fault]) -> Iterator[tuple[str, str, str]]:
    """Every command with every kind of request and every fault that can meet it."""
    for command in COMMANDS:
        for request in OF_A_SOURCE if command == COMMANDS[2] else OF_A_DESTINATION:
            for fault in faults:
                within = fault == "reset within" and request not in BODIES
                after = fault in {"reset answer", "short answer"} and request not in READS
                # A minute a try, when no deadline counts yet.
                slow = fault in {"stall", "unanswered"} and faults is LASTING
                early = command == COMMANDS[2] or (
                    command == COMMANDS[0] and request in BEFORE_THE_DEADLINE
                )
                if not (within or after or (slow and early)):
                    yield command, request, fault


def grid(faults: Mapping[str, Fault], short: AbstractSet[tuple[str, str, str]]) -> list[object]:
    """All cells, of which some are the short form."""
    found = [*cells(faults)]
    assert short <= set(found)
    return [
        pytest.param(*cell, id=named(*cell), marks=() if cell in short else (pytest.mark.long,))
        for cell in found
    ]


def named(*words: str) -> str:
    return ", ".join(words).replace(" ", "-")


def deaths() -> Iterator[object]:
    """Commands, faults, how many tags have moved before, and the lines that die."""
    for command in COMMANDS[:2]:
        for fault in ("reset", "lost answer", "503", "unanswered", "denied"):
            for passing in (0, 1, 2):
                for dead in ((0,), (1,), (0, 1)):
                    cell = command, fault, passing, dead
                    name = named(command, fault, str(passing), "both" if dead[1:] else str(dead[0]))
                    long = () if cell in SHORT_DEATHS else (pytest.mark.long,)
                    yield pytest.param(*cell, id=name, marks=long)


@pytest.fixture(scope="module")
def trials(
    tmp_path_factory: pytest.TempPathFactory,
    lines: Sequence[Line],
    source: Line,
    warm: WarmPolyarch,
) -> Trials:
    folder = tmp_path_factory.mktemp("grounds")
    repositories = json.dumps([f"{line.host}/{REPOSITORY}" for line in lines])
    files = {"polyarch.toml": TOML.format(repositories=repositories)}
    tally = Tally(what="bad lines", platforms=PLATFORMS)
    project = TinyProject.make(folder / "publish" / "project", files)
    nothing = TinyProject.make(folder / "copy" / "project", {}, git=False)
    other = TinyProject.make(folder / "other" / "project", {}, git=False)
    more: dict[str, Any] = {"constants": CONSTANTS, "lines": lines}
    grounds = {
        "publish": PublishingBehind(project, (), warm, tally, **more),
        "copy": CopyingBehind(nothing, (), warm, tally, **more),
        "copy from a registry": CopyingBehind(other, (), warm, tally, **more, source=source),
    }
    for ground in grounds.values():
        ground.begin()
    return Trials(grounds)


@pytest.fixture
def fresh(trials: Trials) -> Trials:
    """Every ground begins with what stands there now, whoever brought it."""
    first, *others = trials.grounds.values()
    if is_apart(first.look()):  # a test has failed before it could mend that
        first.begin()
    first.old = first.one()
    for ground in others:
        ground.old = first.old
    return trials


@pytest.mark.parametrize(("command", "request_", "fault"), grid(PASSING, SHORT))
def test_what_passes_is_not_seen(fresh: Trials, command: str, request_: str, fault: str) -> None:
    spoilt = rule(request_, PASSING[fault])
    said = fresh.run(command, {-1: [spoilt]})
    assert said.code == 0, said


@pytest.mark.parametrize(("command", "request_", "fault"), grid(LASTING, SHORT_LASTING))
def test_what_lasts_is_told(fresh: Trials, command: str, request_: str, fault: str) -> None:
    spoilt = rule(request_, LASTING[fault], times=math.inf)
    said = fresh.run(command, {-1: [spoilt]}, "--deadline", f"{DEADLINE_S:g}s")
    assert said.code in ({0, 7} if fault == "denied" else {0, 5, 6}), said
    if command != COMMANDS[2] and request_ not in BEFORE_THE_DEADLINE:
        assert fresh.elapsed_s < DEADLINE_S + SLOW_S


@pytest.mark.parametrize("fault", [*DAMAGE])
@pytest.mark.parametrize(
    ("command", "request_"),
    [
        *((command, request) for command in COMMANDS[:2] for request in sorted(BODIES)),
        *((COMMANDS[2], request) for request in OF_A_SOURCE),
    ],
)
@pytest.mark.long
def test_what_is_damaged_never_stands_there(
    fresh: Trials, command: str, request_: str, fault: str
) -> None:
    """Whether it is seen or refused, once or for good."""
    for times in (1, math.inf):
        spoilt = rule(request_, DAMAGE[fault], times=times)
        said = fresh.run(command, {-1: [spoilt]}, "--deadline", f"{DEADLINE_S:g}s")
        assert said.code in {0, 1, 5, 6, 7}, said


@pytest.mark.parametrize(("command", "fault", "passing", "dead"), [*deaths()])
def test_a_line_that_dies_within_the_flip(
    fresh: Trials, command: str, fault: str, passing: int, dead: tuple[int, ...]
) -> None:
    """Nothing passes any more once so many tags have moved; then nothing can be put back there."""
    rules = {number: [since("move a tag", LASTING[fault], passing=passing)] for number in dead}
    said = fresh.run(command, rules, "--deadline", f"{DEADLINE_S:g}s")
    assert said.code in ({6, 7} if fault == "denied" else {5, 6}), said
    assert fresh.elapsed_s < DEADLINE_S + SLOW_S


def at_random(chosen: random.Random) -> Iterator[Rule]:
    """Up to four things that pass; a registry that was never reached is not tried long."""
    requests = {"open an upload", *chosen.sample(OF_A_DESTINATION[2:-1], chosen.randrange(3))}
    first = chosen.choice(("ping", "token", ""))
    for request in sorted({*requests, first} - {""}):
        fault = PASSING[chosen.choice(sorted(PASSING))]
        times = 1 if first else chosen.choice((1, 1, 2))
        skip = 0 if request == first else chosen.randrange(3)
        yield rule(request, fault, skip=skip, times=times)


@pytest.mark.long
def test_troubles_at_random(fresh: Trials, counted: Counted) -> None:
    """Several at once, at any request, on both lines."""
    seed = time.time_ns()
    chosen = random.Random(seed)  # noqa: S311 - told when it fails, and no secret
    codes: Counter[int] = Counter()
    for _ in range(RANDOM):
        command = chosen.choice(COMMANDS[:2])
        rules = {number: [*at_random(chosen)] for number in (0, 1)}
        try:
            said = fresh.run(command, rules)
            assert said.code == 0, said
        except AssertionError as error:
            raise AssertionError(seed, command, rules) from error
        codes[said.code] += 1
    counted(f"bad lines, troubles at random: {sum(codes.values())} runs, exit codes {dict(codes)}")
