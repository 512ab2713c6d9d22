"""A way to a server on loopback that is as far as another continent, and of any width."""

from contextlib import AbstractContextManager

from tests.support.line_proxy import LineProxy, over_line
from tests.support.lines import Line


def delaying(
    target: str, round_trip_s: float, *, shakes_hands: bool = False
) -> AbstractContextManager[LineProxy]:
    """Run a proxy that holds every byte back for half the round trip, in each direction."""
    return over_line(target, Line.delaying(round_trip_s), shakes_hands=shakes_hands)
