"""Smoke tests: the project's own commands, run in the image of one platform."""

from collections.abc import Sequence
from dataclasses import dataclass

from polyarch.config.project import SmokeTest
from polyarch.content.store import Fetcher
from polyarch.pipeline.part import Part
from polyarch.pipeline.proof import SmokeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """Runs smoke tests on the exact digest of a part."""

    def run(
        self, part: Part, tests: Sequence[SmokeTest], store: Fetcher
    ) -> tuple[SmokeResult, ...]:
        """Run the tests of one platform."""
        problem = f"nothing runs `{part.platform}` from {store}"
        return tuple(
            SmokeResult(command=test.run, status="not-run", problem=problem) for test in tests
        )
