"""Smoke tests: the project's own commands, run in the image of one platform, by its digest."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.config.project import SmokeTest
from polyarch.content.files import write_bytes
from polyarch.content.store import Fetcher
from polyarch.engines.buildx import BuildxEngine
from polyarch.events import Listener, ProofStep
from polyarch.host.mask import Mask
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.part import Part
from polyarch.pipeline.smoke_build import SmokeBuild
from polyarch.pipeline.smoke_place import SmokePlaces
from polyarch.runs.folder import RunFolder
from polyarch.runtimes import smoke
from polyarch.runtimes.outcome import Outcome
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.run import run_all

SMOKE = "smoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """Runs smoke tests; `places` says where, `scratch` is where images unpack.

    `mask` hides secrets in what they print.
    """

    places: SmokePlaces
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
        asked = [_asked(test) for test in tests]
        outcomes = self._built(part, asked, store) or self._run(part, asked, store)
        for number, outcome in enumerate(outcomes, start=1):
            text = f"$ {shlex.join(outcome.command)}\n{outcome.output.rstrip()}\n# {outcome}\n"
            path = self.log(part.image, part.platform, number)
            write_bytes(path, self.mask(text).encode("utf-8", "replace"), mode=0o600)
        return outcomes

    def _run(
        self, part: Part, tests: Sequence[smoke.SmokeTest], store: Fetcher
    ) -> tuple[Outcome, ...]:
        with self.places.of(part, store) as place:
            request = RunRequest(
                store=store,
                manifest=part.manifest,
                platform=part.platform,
                environment=place.environment,
                runtime=place.runtime,
                scratch=self.scratch,
            )
            return run_all(request, tests)

    def _built(
        self, part: Part, tests: Sequence[smoke.SmokeTest], store: Fetcher
    ) -> tuple[Outcome, ...]:
        """What came of them on a node that only builds; nothing where they are to be run."""
        node = self.places.builds_only(part)
        reference = self.places.put(part, store) if node else ""
        if node is None or not reference:
            return ()
        engine = BuildxEngine(self.places.environment, node=node)
        native = any(part.platform.satisfies(each) for each in engine.probe().native)
        return SmokeBuild(
            engine=engine,
            builder=node.name,
            reference=reference,
            platform=part.platform,
            how="native" if native else "emulated",
            folder=self.scratch / "smoke-builds",
            logins=self.places.logins(Repository.parse(reference.partition("@")[0])),
        ).run(tests)

    def log(self, image: str, platform: Platform, number: int) -> Path:
        """What a test printed; `number` counts those of the platform from 1."""
        return self.run.command_log(SMOKE, image, platform.slug, number)


def _asked(test: SmokeTest) -> smoke.SmokeTest:
    return smoke.SmokeTest(
        run=test.run, exit=test.exit, matches=test.matches, timeout_s=test.timeout_s
    )
