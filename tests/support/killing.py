"""`kill -9` at the moment that a test names, and what is counted of the registries afterwards.

A moment is a request: it comes to a registry of the test, and its process is dead before it is
applied, or right after it was and before it is answered. What the process sent before arrives.
"""

import asyncio
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from polyarch.sandbox.manifests import write
from polyarch.sandbox.quirks import OnRequest
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Body, Call
from tests.support.counted import Counted
from tests.support.whole import Standing

Tags = Mapping[str, Standing]
LOOK_S = 0.0005


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A request of the process, its number among all, and what its journal says by then.

    `within` counts the requests since the first tag began to move, from 1 on; 0 before that.
    `moves` counts the writes of tags, this one among them.
    """

    call: Call
    number: int
    within: int
    moves: int
    steps: Sequence[str]

    @property
    def moves_a_tag(self) -> bool:
        """Whether it writes a tag."""
        return moves_a_tag(self.call)

    def __str__(self) -> str:
        item = f"{self.call.method} {self.call.target.kind.name.lower()} {self.call.target.item}"
        last = self.steps[-1] if self.steps else "nothing"
        return f"request {self.number} ({item}), {last} in the journal"


Strike = Callable[[Moment], bool]
Steps = list[str]
IsTime = Callable[[Steps], bool]


def at_request(number: int) -> Strike:
    """At the so manieth request of all."""
    return lambda moment: moment.number == number


def within_flip(number: int) -> Strike:
    """At the so manieth request since the first tag began to move."""
    return lambda moment: moment.within == number


def at_move(number: int) -> Strike:
    """At the so manieth write of a tag."""
    return lambda moment: moment.moves_a_tag and moment.moves == number


def at_nth(number: int, is_it: Callable[[Call], bool]) -> Strike:
    """At the so manieth request of a kind."""
    seen = count(1)
    return lambda moment: is_it(moment.call) and next(seen) == number


def at_line(number: int) -> Strike:
    """At the first request when the journal has so many lines."""
    return lambda moment: len(moment.steps) >= number


class Killer:
    """Watches what comes to all registries from one process, whose journal lies below `machine`.

    With `applied` the request that it strikes at is carried out first; with `after_bytes` it lives
    until so many bytes of that have come.
    """

    def __init__(
        self, machine: Path, strike: Strike, *, applied: bool = False, after_bytes: int = 0
    ) -> None:
        self._machine = machine
        self._strike = strike
        self._applied = applied
        self._after_bytes = after_bytes
        self._number = 0
        self._within = 0
        self._moves = 0
        self._pid = 0
        self._born = threading.Event()
        self.struck: Moment | None = None
        self.seen: list[Moment] = []

    def aim(self, pid: int) -> None:
        """Know the process; its requests wait for this."""
        self._pid = pid
        self._born.set()

    def end(self) -> None:
        """Kill it."""
        os.kill(self._pid, signal.SIGKILL)

    def before(self, then: OnRequest | None) -> OnRequest:
        """The hook for a registry that has one of its own."""

        async def both(call: Call) -> Answer | Call | None:
            seen = await self.see(call)
            return await then(call) if seen is None and then else seen

        return both

    async def see(self, call: Call) -> Answer | Call | None:
        """Kill if it is time."""
        if not self._born.is_set():
            await asyncio.to_thread(self._born.wait)
        if self.struck:
            return None
        moment = self._moment(call)
        self.seen.append(moment)
        if not self._strike(moment):
            return None
        self.struck = moment
        if self._after_bytes:
            return replace(call, body=_Deadly(call.body, self._after_bytes, self.end))
        if self._applied:
            await write(call)
        self.end()
        return HANG_UP

    def _moment(self, call: Call) -> Moment:
        steps = journal_steps(self._machine)
        self._number += 1
        self._within += "moving" in steps
        self._moves += moves_a_tag(call)
        return Moment(
            call=call, number=self._number, within=self._within, moves=self._moves, steps=steps
        )


class _Deadly:
    """A body that kills once some of it has come; what is on its way still comes."""

    def __init__(self, body: Body, after_bytes: int, end: Callable[[], None]) -> None:
        self._body = body
        self._left = after_bytes
        self._end = end

    async def blocks(self) -> AsyncIterator[bytes]:
        """The blocks as they come."""
        async for block in self._body.blocks():
            before, self._left = self._left, self._left - len(block)
            if before > 0 >= self._left:
                self._end()
            yield block


def newest_journal(machine: Path) -> Path | None:
    """The journal of the last run there, of a project or without one."""
    states = (machine / "project" / ".polyarch", machine / "state" / "polyarch")
    found = [path for state in states for path in state.glob("runs/*/journal.jsonl")]
    return max(found, key=lambda path: path.parent.name, default=None)


def journal_steps(machine: Path) -> Steps:
    """What stands in that."""
    journal = newest_journal(machine)
    lines = journal.read_text().splitlines() if journal else []
    found = []
    for line in lines:
        with suppress(ValueError):  # it is being written
            found.append(str(json.loads(line)["do"]))
    return found


def kill_at(pid: int, machine: Path, is_time: IsTime) -> Steps:
    """Kill a process as soon as its journal is so; gives the journal, empty where it was quicker.

    The process must not have been waited for.
    """
    while _is_alive(pid):
        steps = journal_steps(machine)
        if is_time(steps):
            os.kill(pid, signal.SIGKILL)
            return journal_steps(machine)
        time.sleep(LOOK_S)
    return []


def _is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


@dataclass
class Tally:
    """Kills, and what stood in the registries after them; printed at the end."""

    what: str
    platforms: tuple[str, ...]
    kills: int = 0
    within: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    neither: list[str] = field(default_factory=list)
    apart: int = 0
    apart_after: list[str] = field(default_factory=list)

    def killed(self, steps: Sequence[str]) -> None:
        """A process died with this in its journal."""
        self.kills += 1
        self.within += "moving" in steps and steps[-1] != "end"
        self.steps[steps[-1] if steps else "nothing"] += 1

    def look(self, found: Sequence[Tags], is_known: Callable[[Standing], bool], when: str) -> None:
        """Judge every tag: it shows what is old or what is new, and shows it whole."""
        for number, tags in enumerate(found):
            for tag, standing in tags.items():
                less = set(standing.children) != set(self.platforms)
                if standing.flaws or less or not is_known(standing):
                    self.neither.append(f"registry {number}, {tag}: {standing} ({when})")
        self.apart += is_apart(found)

    def look_again(self, found: Sequence[Tags], when: str) -> None:
        """Judge what stands after one more run."""
        if is_apart(found) or any(s.flaws for tags in found for s in tags.values()):
            self.apart_after.append(f"{when}: {found}")

    def tell(self, counted: Counted) -> None:
        """Let it be printed at the end, if anything was killed, and see that the rule held."""
        if self.kills:
            counted(str(self))
        assert self.neither == []
        assert self.apart_after == []

    def __str__(self) -> str:
        steps = ", ".join(f"{step} {count}" for step, count in self.steps.most_common())
        return (
            f"{self.what}: {self.kills} kills, {self.within} within the flip; "
            f"tags that were neither old nor new whole {len(self.neither)}; "
            f"apart when killed {self.apart}, after one re-run {len(self.apart_after)}; "
            f"last in the journal: {steps}"
        )


def is_apart(found: Iterable[Tags]) -> bool:
    """Whether two tags of any of the registries show different things."""
    shown = [{tag: standing.digest for tag, standing in tags.items()} for tags in found]
    digests = {digest for tags in shown for digest in tags.values()}
    return len(digests) > 1 or any(tags.keys() != shown[0].keys() for tags in shown)


def moves_a_tag(call: Call) -> bool:
    """Whether a request writes a manifest under a tag."""
    is_manifest = call.target.kind is Kind.MANIFEST
    return call.method == "PUT" and is_manifest and ":" not in call.target.item
