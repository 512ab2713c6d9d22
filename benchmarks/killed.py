"""`kill -9` while one image goes to three tags in three registries: polyarch beside a loop.

Both sides are killed equally often: half the times at any moment of their run, half the times once
some of their tags show what is new. What stands in the registries is read by neither.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.clients import POLYARCH, Client
from benchmarks.places import Places, places
from benchmarks.row import WIDTH, Row
from tests.lab.commands import run
from tests.lab.reasons import Missing
from tests.support.dying import NAME, PLATFORMS, TAGS, new_layout
from tests.support.killing import Tally, is_apart
from tests.support.whole import Shelf, Standing

LAYER_BYTES = 8 << 20
LOOK_S = 0.001
WAIT_S = 0.05
LINKS = "docker/registry/v2/repositories/{repository}/_manifests/tags/{tag}/current/link"
LOOP = """\
source=$1
shift
for to; do
    skopeo --insecure-policy copy --quiet --all --preserve-digests --dest-tls-verify=false \
        "$source" "docker://$to" || exit 1
done
"""


@dataclass(frozen=True)
class Counts(Row):
    """Two counts, of which no ratio is worth telling."""

    def __str__(self) -> str:
        return (
            f"{self.what:<{WIDTH}} {self.ours:9.0f} {self.other:9.0f} {'':>7} {self.note}".rstrip()
        )


def beside_a_loop(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    if "skopeo" not in {peer.name for peer in peers}:
        raise Missing("no `skopeo` here", "as root: apt-get install skopeo")
    times, seed = 10 if quick else 50, time.time_ns()
    with places() as where:
        ours = Side("ours", where, (POLYARCH, "copy", "--quiet"), random.Random(seed))  # noqa: S311 - no secret
        loop = Side("loop", where, ("sh", "-c", LOOP, "sh"), random.Random(seed))  # noqa: S311 - no secret
        for side in (ours, loop):
            side.begin()
        for number in range(times):
            for side in (ours, loop):
                side.trial(at_random=number % 2 == 0)
    yield from _rows(ours, loop, f"killed {times} times", f"seed {seed}")


def _rows(ours: "Side", loop: "Side", what: str, note: str) -> Iterator[Row]:
    def counts(told: str, of: Callable[[Tally], int]) -> Row:
        return Counts(f"{what}: {told} / skopeo in a loop", of(ours.tally), of(loop.tally))

    yield Row(
        "seconds from the first tag that moves to the last / skopeo in a loop",
        ours.flip_s,
        loop.flip_s,
        note=note,
    )
    yield counts("tags neither old nor new whole", lambda tally: len(tally.neither))
    yield counts("registries or tags apart", lambda tally: tally.apart)
    yield counts("apart after one re-run", lambda tally: len(tally.apart_after))


@dataclass
class Side:
    """One of the two, with a repository of its own in all registries."""

    name: str
    where: Places
    command: Sequence[str]
    chosen: random.Random
    numbers: "count[int]" = field(default_factory=count)
    old: str = ""
    revision: str = ""
    whole_s: float = 0.0
    flip_s: float = 0.0

    def __post_init__(self) -> None:
        self.tally = Tally(what=self.name, platforms=PLATFORMS)

    def begin(self) -> None:
        """Bring what is old in the first trial, and learn how long it takes to bring another."""
        self._renew()
        self._run()
        self._renew()
        before, began = self._links(), time.monotonic()
        moves: list[float] = []
        with self._start() as process:
            while process.poll() is None:
                moves += [time.monotonic()] * (self._moved(before) - len(moves))
                time.sleep(LOOK_S)
        self.whole_s, self.flip_s = time.monotonic() - began, moves[-1] - moves[0]
        self._settle()

    def trial(self, *, at_random: bool) -> None:
        """Kill a run, look, run again, look."""
        while not self._killed(at_random=at_random):
            self._settle()
        self.tally.kills += 1
        self.tally.look([shelf.tags() for shelf in self._shelves()], self._is_known, self.name)
        self._run()
        self._settle()

    def _killed(self, *, at_random: bool) -> bool:
        """Whether the run of something new was still there at its moment."""
        self._renew()
        before, began = self._links(), time.monotonic()
        after_s = self.chosen.uniform(0, self.whole_s)
        moves = self.chosen.randint(1, len(before) - 1)
        with self._start() as process:
            while process.poll() is None:
                if at_random and time.monotonic() - began >= after_s:
                    break
                if not at_random and self._moved(before) >= moves:
                    time.sleep(self.chosen.uniform(0, WAIT_S))
                    break
                time.sleep(LOOK_S)
            lives = process.poll() is None
            if lives:
                os.killpg(process.pid, signal.SIGKILL)
        return lives

    def _settle(self) -> None:
        """What stands now is old in the next trial."""
        found = [shelf.tags() for shelf in self._shelves()]
        self.tally.look_again(found, self.name)
        if not is_apart(found):
            self.old = found[0][TAGS[0]].digest

    def _is_known(self, standing: Standing) -> bool:
        return standing.digest == self.old or standing.revision == self.revision

    def _renew(self) -> None:
        self.revision = f"{self.name} {next(self.numbers)}"
        new_layout(self._layout, self.revision, LAYER_BYTES)

    @property
    def _layout(self) -> Path:
        return self.where.folder / self.name

    @property
    def _repository(self) -> str:
        return f"team/{self.name}"

    def _shelves(self) -> list[Shelf]:
        return [Shelf(host=p.host, repository=self._repository) for p in self.where.every]

    def _links(self) -> list[str]:
        """What each tag shows, as the registries keep it."""
        paths = [
            place.storage / LINKS.format(repository=self._repository, tag=tag)
            for place in self.where.every
            for tag in TAGS
            if place.storage
        ]
        return [path.read_text() if path.exists() else "" for path in paths]

    def _moved(self, before: Sequence[str]) -> int:
        return sum(now != then for now, then in zip(self._links(), before, strict=True))

    @property
    def _words(self) -> Sequence[str]:
        to = [f"{p.host}/{self._repository}:{tag}" for p in self.where.every for tag in TAGS]
        return (*self.command, f"oci:{self._layout}:{NAME}", *to)

    @property
    def _env(self) -> dict[str, str]:
        """Each run remembers nothing of those before."""
        state = str(self.where.folder / f"state-{self.revision}")
        return {**self.where.env, "XDG_STATE_HOME": state}

    def _run(self) -> None:
        run(*self._words, env=self._env, cwd=self.where.folder)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._words,
            cwd=self.where.folder,
            env={**os.environ, **self._env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
