"""`make bench`: figures as ratios, both sides measured in one run, in turn.

Each row: what, ours, the other, ours / other. Times are in seconds of wall time, the median or the
best of several runs; a machine that does other things makes them unsteady, so read the ratios.

    python -m benchmarks                     every row; takes half an hour
    python -m benchmarks --quick             every row, with smaller images and fewer runs
    python -m benchmarks --list              the names of the rows
    python -m benchmarks [--quick] ROW...    some rows
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from benchmarks import (
    deep,
    distance,
    emulated,
    end_to_end,
    killed,
    loopback,
    memory,
    metadata,
    presets,
    project,
    thirty,
    unchanged,
    uplink,
    watching,
)
from benchmarks.clients import Client, peers_at_hand
from benchmarks.row import HEAD, Row
from tests.lab.commands import CommandFailedError
from tests.lab.reasons import Missing

Measure = Callable[..., Iterator[Row]]


def _alone(measure: Callable[[], Row], _peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """A row that knows neither peers nor a short form."""
    del quick
    yield measure()


ALONE: Mapping[str, Measure] = {
    "start": partial(_alone, project.start_up),
    "metadata": partial(_alone, metadata.metadata_of_twenty_rules),
    "plan": partial(_alone, project.plan_offline),
    "direct": partial(_alone, project.direct_in_parallel),
    "unchanged": partial(_alone, project.nothing_changed),
    "deep": deep.deep_check,
    "emulated": emulated.beside_fixed,
    "direct-go": presets.go_three_ways,
    "end-to-end": end_to_end.cross_compiled,
    "one-line": end_to_end.one_line,
    "elsewhere": unchanged.elsewhere,
}
BESIDE_PEERS: Mapping[str, Measure] = {
    "loopback-tls": loopback.over_tls,
    "loopback-plain": loopback.over_plain_http,
    "distance": distance.many_layers,
    "again": distance.again,
    "thirty": thirty.unchanged,
    "watch": watching.far_away,
    "uplink": uplink.one,
    "uplink-half": uplink.half_there,
    "uplink-slow": uplink.slow_registry,
    "memory": memory.peak,
    "killed": killed.beside_a_loop,
}
ROWS = {**ALONE, **BESIDE_PEERS}


def main(words: list[str]) -> int:
    """Measure what the words name and return the exit code."""
    quick, names = "--quick" in words, [word for word in words if word != "--quick"]
    if names == ["--list"]:
        print("\n".join(ROWS))
        return 0
    if unknown := [name for name in names if name not in ROWS]:
        print(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    chosen = names or list(ROWS)
    peers = peers_at_hand(print) if BESIDE_PEERS.keys() & set(chosen) else ()
    print(HEAD)
    return max([_measure(name, peers, quick=quick) for name in chosen])


def _measure(name: str, peers: Sequence[Client], *, quick: bool) -> int:
    """Print the rows of one name; 1 where they could not be had."""
    try:
        for row in ROWS[name](peers, quick=quick):
            print(row, flush=True)
    except (CommandFailedError, Missing) as error:
        print(f"{name}: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
