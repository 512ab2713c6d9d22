"""Registries behind a narrow line: the bytes that lack have to go through it, and nothing else."""

from collections.abc import Iterator, Sequence

from benchmarks.clients import OURS, Client
from benchmarks.images import Image
from benchmarks.loopback import best_of, fastest, told
from benchmarks.places import Places, places
from benchmarks.row import Row
from tests.support.shaping_proxy import uplink

LARGE = Image(layers=8, layer_bytes=128 << 20)
SMALLER = Image(layers=8, layer_bytes=32 << 20)
MBIT = 100
SLOW_MBIT = 25
ROUND_TRIP_S = 0.1
LIMIT = 1.05
SENT_SHARE = 0.999


def one(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """One registry, then three that share the line, over TLS and with tokens."""
    image = SMALLER if quick else LARGE
    for count in (1, 3):
        line = [uplink(up_mbit=MBIT, round_trip_s=ROUND_TRIP_S)]
        with places(count, secure=True, lines=line, shakes_hands=True) as where:
            clients = [OURS, *peers] if count == 1 else [OURS]
            best = best_of(clients, image, where, runs=1)
        ideal = count * ideal_s(image.size, MBIT)
        what = (
            f"{image.size / 1e6:.0f} MB each to {count} over one line of {MBIT} Mbit/s / its rate"
        )
        note = f"{told(best)}; the fastest took {fastest(best) / ideal:.3f}" if count == 1 else ""
        yield Row(what, best[""].elapsed_s, ideal, limit=LIMIT, note=note)


def half_there(_peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """One platform is there already: only the other has to go through the line."""
    image = SMALLER if quick else LARGE
    line = [uplink(up_mbit=MBIT, round_trip_s=ROUND_TRIP_S)]
    with places(1, secure=True, lines=line, shakes_hands=True) as where:
        where.empty()
        OURS.copy_platform(image, where, "linux/amd64")
        where.forget()
        taken = OURS.copy(image, where)
        sent = where.every[0].ways[0].bytes_up
    what = f"the same with half of it there, {MBIT} Mbit/s / rate for the other half"
    note = f"{sent / 1e6:.1f} MB went through"
    yield Row(what, taken.elapsed_s, ideal_s(image.size / 2, MBIT), limit=LIMIT, note=note)


def slow_registry(_peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """Three lines of their own: what the others feel of it that one is slow."""
    image = SMALLER
    del quick
    alike = _when_sent(image, [MBIT, MBIT, MBIT])
    beside = _when_sent(image, [SLOW_MBIT, MBIT, MBIT])
    note = f"the slow one had all after {beside[0]:.1f} s"
    what = f"time until a registry has all bytes, beside one of {SLOW_MBIT} Mbit/s / alike"
    yield Row(what, max(beside[1:]), max(alike[1:]), limit=LIMIT, note=note)


def ideal_s(size: float, mbit: float) -> float:
    """How long so many bytes take at least."""
    return size * 8 / (mbit * 1e6)


def _when_sent(image: Image, rates: Sequence[float]) -> list[float]:
    """Seconds from the first byte that any registry got until each had all of the image."""
    lines = [uplink(up_mbit=rate, round_trip_s=ROUND_TRIP_S) for rate in rates]
    with places(len(rates), secure=True, lines=lines, shakes_hands=True) as where:
        where.empty()
        OURS.copy(image, where)
        return _sent(where, image.size * SENT_SHARE)


def _sent(where: Places, size: float) -> list[float]:
    begun = min(way.arrivals[1][0] for way in where.ways if len(way.arrivals) > 1)
    return [place.ways[0].arrived(int(size)) - begun for place in where.every]
