"""A way to a server on loopback that is as narrow as an uplink of an office."""

import math
from contextlib import AbstractContextManager

from tests.support.line_proxy import LineProxy, over_line
from tests.support.lines import Direction, Line

BITS = 8
MEGA = 1_000_000
BURST = 32 * 1024


def uplink(
    *, up_mbit: float, down_mbit: float = math.inf, round_trip_s: float = 0.0, burst: int = BURST
) -> Line:
    """Return a line of so many Mbit/s in each direction; proxies that are given it share it."""
    half = round_trip_s / 2
    rates = (rate * MEGA / BITS for rate in (up_mbit, down_mbit))
    up, down = (Direction(delay_s=half, bytes_per_s=rate, burst=burst) for rate in rates)
    return Line(up=up, down=down)


def shaping(
    target: str, line: Line, *, shakes_hands: bool = False
) -> AbstractContextManager[LineProxy]:
    """Run a proxy whose connections share the line with those of its other proxies."""
    return over_line(target, line, shakes_hands=shakes_hands)
