"""Registries behind a long line, where time goes into round trips and not into bytes."""

from collections.abc import Iterator, Sequence

from benchmarks.clients import OURS, Client
from benchmarks.images import Image
from benchmarks.loopback import best_of, fastest, told
from benchmarks.places import Places, places
from benchmarks.row import Row
from tests.support.line_proxy import LineProxy
from tests.support.lines import Line

MANY_LAYERS = Image(layers=40, layer_bytes=275_000)
ROUND_TRIP_S = 0.1
MANY_LAYERS_LIMIT = 0.4
UPLOADS = ("POST ", "PUT ", "PATCH ")
SLACK = 0.98


def many_layers(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """On plain HTTP, then over TLS with tokens, where each connection costs two more."""
    for secure, how in ((False, "plain HTTP"), (True, "TLS and tokens")):
        line = [Line.delaying(ROUND_TRIP_S)]
        with places(secure=secure, lines=line, shakes_hands=secure) as where:
            best = best_of([OURS, *peers], MANY_LAYERS, where, runs=1 if quick else 3)
            trips = _of_another_copy(where)
        ours = best[""].elapsed_s
        note = f"{told(best)}; {ours / ROUND_TRIP_S:.1f} round trips long, {trips}"
        what = f"40 small layers to 3 registries at 100 ms, {how} / fastest"
        limit = None if secure else MANY_LAYERS_LIMIT
        yield Row(what, ours, fastest(best), limit=limit, note=note)


def again(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """What is there already: nothing is sent, and little is asked."""
    line = [Line.delaying(ROUND_TRIP_S)]
    with places(lines=line) as where:
        where.empty()
        OURS.copy(MANY_LAYERS, where)
        best = {}
        for client in (OURS, *peers):
            taken = [client.copy(MANY_LAYERS, where) for _ in range(1 if quick else 3)]
            best[client.name] = min(taken, key=lambda each: each.elapsed_s)
        where.forget()
        OURS.copy(MANY_LAYERS, where)
        trips = told_trips(where.ways)
    ours = best[""].elapsed_s
    note = f"{told(best)}; {ours / ROUND_TRIP_S:.1f} round trips long, {trips}"
    yield Row("the same again, nothing new, 100 ms / fastest", ours, fastest(best), note=note)


def _of_another_copy(where: Places) -> str:
    where.empty()
    OURS.copy(MANY_LAYERS, where)
    return told_trips(where.ways)


def told_trips(ways: Sequence[LineProxy]) -> str:
    """How many round trips there were: one after the other, in all, and with uploads."""
    requests = [turn.request for way in ways for turn in way.turns]
    uploads = sum(request.startswith(UPLOADS) for request in requests)
    connections = sum(way.connections for way in ways)
    return (
        f"{in_a_row(ways)} in a row, {len(requests)} on {connections} connections"
        f", {uploads} with uploads"
    )


def in_a_row(ways: Sequence[LineProxy]) -> int:
    """The longest chain of round trips of which each began when the one before had ended."""
    count, ended = 0, 0.0
    for at in sorted(turn.at for way in ways for turn in way.turns):
        if at >= ended:
            count, ended = count + 1, at + SLACK * ROUND_TRIP_S
    return count
