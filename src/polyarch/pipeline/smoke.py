"""Smoke tests: the project's own commands, run in the image of one platform, by its digest."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.config.project import SmokeTest
from polyarch.content.files import write_bytes
from polyarch.content.store import Fetcher
from polyarch.events import Listener, ProofStep
from polyarch.host.mask import Mask
from polyarch.oci.platform import Platform
from polyarch.pipeline.part import Part
from polyarch.runs.folder import RunFolder
from polyarch.runtimes import smoke
from polyarch.runtimes.outcome import Outcome
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.run import run_all

SMOKE = "smoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """Runs smoke tests; `environment` is what engines may see, `scratch` where images unpack.

    `mask` hides secrets in what they print.
    """

    environment: Mapping[str, str]
    scratch: Path
    run: RunFolder
    listen: Listener
    mask: Mask = field(default_factory=Mask)

    def test(self, part: Part, tests: Sequence[SmokeTest], store: Fetcher) -> tuple[Outcome, ...]:
        """Run the tests of one platform, one after another; what they print goes into logs.

        Raises:
            RegistryError: a layer that only a registry holds could not be read.
            StorageError: a log cannot be written.
        """
        if not tests:
            return ()
        shown = ", ".join(shlex.join(test.run) for test in tests)
        self.listen(ProofStep(image=part.image, platform=part.platform, text=f"running {shown}"))
        request = RunRequest(
            store=store,
            manifest=part.manifest,
            platform=part.platform,
            environment=self.environment,
            scratch=self.scratch,
        )
        outcomes = run_all(request, [_asked(test) for test in tests])
        for number, outcome in enumerate(outcomes, start=1):
            text = f"$ {shlex.join(outcome.command)}\n{outcome.output.rstrip()}\n# {outcome}\n"
            path = self.log(part.image, part.platform, number)
            write_bytes(path, self.mask(text).encode("utf-8", "replace"), mode=0o600)
        return outcomes

    def log(self, image: str, platform: Platform, number: int) -> Path:
        """What a test printed; `number` counts those of the platform from 1."""
        return self.run.command_log(SMOKE, image, platform.slug, number)


def failure_line(platform: Platform, outcome: Outcome) -> str:
    """Why a smoke test failed, in one line."""
    where = f" ({outcome.how}, {outcome.runtime})" if outcome.how else ""
    return f"{platform}: `{shlex.join(outcome.command)}`: {outcome.message}{where}"


def _asked(test: SmokeTest) -> smoke.SmokeTest:
    return smoke.SmokeTest(
        run=test.run, exit=test.exit, matches=test.matches, timeout_s=test.timeout_s
    )
