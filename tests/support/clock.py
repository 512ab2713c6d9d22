"""Time that passes only when somebody sleeps."""

import asyncio

from polyarch.registry.retry import Clock


class FakeClock:
    """`slept` holds every wait; `chance` is what each throw of the dice gives."""

    def __init__(
        self, *, now: float = 0.0, wall: float = 1_700_000_000.0, chance: float = 0.0
    ) -> None:
        self.now = now
        self.slept: list[float] = []
        self._wall = wall - now
        self._chance = chance
        self.clock = Clock(
            monotonic=lambda: self.now,
            wall=lambda: self._wall + self.now,
            sleep=self._sleep,
            random=lambda: self._chance,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
