"""Smoke tests on a node that offers nothing but BuildKit: a throw-away build on the pinned digest.

Each test is one RUN, in exec form, on the image as it stands in a registry; nothing of it is kept.
"""

import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.content.files import write_bytes
from polyarch.engines.base import Bounds as BuildBounds
from polyarch.engines.base import BuildRequest, RegistryLogin
from polyarch.engines.buildx import BuildxEngine
from polyarch.errors import BuildFailedError, BuildTooSlowError, HostError
from polyarch.events import BuildLog, Event
from polyarch.host.watched import Cut
from polyarch.oci.platform import Platform
from polyarch.runtimes.base import Ended
from polyarch.runtimes.outcome import How, Outcome, Reason, Status
from polyarch.runtimes.smoke import SmokeTest, judge
from polyarch.runtimes.symptoms import Circumstances

_SLACK_S = 600
"""For the pull of the image, beside what the test may take."""
_STEP = re.compile(r"^#\d+ ?")
_EXIT = re.compile(r"did not complete successfully: exit code: (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeBuild:
    """Tries one image, `reference` in its registry, on one builder; `folder` is for files of it."""

    engine: BuildxEngine
    builder: str
    reference: str
    platform: Platform
    how: How
    folder: Path
    logins: tuple[RegistryLogin, ...] = ()

    def run(self, tests: Sequence[SmokeTest]) -> tuple[Outcome, ...]:
        """The tests in their order."""
        return tuple(self._one(test) for test in tests)

    def _one(self, test: SmokeTest) -> Outcome:
        command = test.run or ()
        try:
            ended = self._build(test, command)
        except HostError as error:
            return Outcome(
                status=Status.NOT_RUN,
                reason=Reason.RUNTIME_FAILED,
                command=command,
                message=error.message,
                hint=error.hint or "",
            )
        about = Circumstances(
            platform=str(self.platform),
            how=self.how,
            runtime=f"a throw-away build on `{self.builder}`",
        )
        note = f"it ran as a build on `{self.builder}`, which has BuildKit alone"
        outcome = judge(test, command, ended, about)
        return replace(outcome, notes=(*outcome.notes, note))

    def _build(self, test: SmokeTest, command: tuple[str, ...]) -> Ended:
        place = self.folder / secrets.token_hex(4)
        dockerfile = place / "Dockerfile"
        write_bytes(dockerfile, f"FROM {self.reference}\nRUN {json.dumps(command)}\n".encode())
        said: list[str] = []

        def listen(event: Event) -> None:
            if isinstance(event, BuildLog) and _STEP.match(event.line):
                said.append(_STEP.sub("", event.line))

        request = BuildRequest(
            image="smoke-test",
            platform=self.platform,
            project=place,
            context=place,
            dockerfile=dockerfile,
            network="none",
            no_cache=True,
            logins=self.logins,
            bounds=BuildBounds(whole_s=int(test.timeout_s) + _SLACK_S),
        )
        begun = time.monotonic()
        status: int | None = 0
        cut: Cut | None = None
        try:
            self.engine.try_out(request, listen)
        except BuildTooSlowError:
            status, cut = None, Cut.TIME
        except BuildFailedError as error:
            codes = [_EXIT.search(line) for line in error.last_lines]
            found = next((code for code in reversed(codes) if code), None)
            if found is None:
                return Ended(status=None, output="", seconds=0, fault=error.message)
            status = int(found[1])
        seconds = time.monotonic() - begun
        return Ended(status=status, output="\n".join(said), seconds=seconds, cut=cut)
