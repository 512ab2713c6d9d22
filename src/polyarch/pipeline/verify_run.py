"""Starting the program of an image, of any image: with a command that was named, or with probes."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.places import Kind
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import NotRunError, shorten
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.runtimes.outcome import Outcome, Reason, Status
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.run import run_all
from polyarch.runtimes.smoke import SmokeTest

PROBES = ("--version", "--help")
"""Words that most programs answer and end; asked of what an image starts if nothing is named."""

PROBE_TIMEOUT_S = 20
_STARTED = frozenset({Reason.EXIT, Reason.TIMEOUT, Reason.HANG})
"""How a program ends that runs and does not know the probe; a server that waits seems to hang."""

_WORDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Starts programs; `commands` are named by a person, else the project's own tests count.

    `environment` is that of the runtimes, `scratch` a folder to unpack in.
    """

    commands: tuple[tuple[str, ...], ...]
    project: Project | None
    environment: Mapping[str, str]
    scratch: Path

    def look(
        self, store: Fetcher, image: Descriptor, platform: Platform, subject: str
    ) -> tuple[Report, str]:
        """Run one platform's image.

        Raises:
            NotRunError: nothing here can run it, so that it was inspected only.
            RegistryError: a layer could not be read.
        """
        tests, are_probes = self._tests(store, image, platform, subject)
        if not tests:
            reason = "it has neither entrypoint nor command"
            raise NotRunError(subject, str(platform), reason, hint="name one: `--smoke-test CMD`")
        request = RunRequest(
            store=store,
            manifest=image,
            platform=platform,
            environment=self.environment,
            scratch=self.scratch,
        )
        outcomes = run_all(request, tests)
        if are_probes:
            outcomes = _best(outcomes)
        not_run = next((each for each in outcomes if each.status is Status.NOT_RUN), None)
        if not_run:
            raise NotRunError(subject, str(platform), not_run.message, hint=not_run.hint)
        findings = tuple(_told(outcomes, platform, subject, are_probes=are_probes))
        return Report(subject=subject, findings=findings, platforms=1), _how(outcomes)

    def _tests(
        self, store: Fetcher, image: Descriptor, platform: Platform, subject: str
    ) -> tuple[tuple[SmokeTest, ...], bool]:
        """What is run, and whether it is only a guess."""
        if self.commands:
            return tuple(SmokeTest(run=words) for words in self.commands), False
        configured = self._configured(platform, subject)
        if configured:
            return configured, False
        manifest = ImageManifest.parse(read_small(store, image), image.media_type)
        config = ImageConfig.parse(read_small(store, manifest.config), manifest.config.media_type)
        words = config.entrypoint or config.command[:1]
        probes = [(*words, probe) for probe in PROBES] if words else []
        return tuple(SmokeTest(run=each, timeout_s=PROBE_TIMEOUT_S) for each in probes), True

    def _configured(self, platform: Platform, subject: str) -> tuple[SmokeTest, ...]:
        """The smoke tests of an image that this project has built."""
        name = subject.removeprefix(f"{Kind.BUILT.value}:")
        settings = self.project.images.get(name) if self.project and name != subject else None
        built = settings.per_platform.get(platform) if settings else None
        return tuple(
            SmokeTest(run=test.run, exit=test.exit, matches=test.matches, timeout_s=test.timeout_s)
            for test in (built.smoke_test if built else ())
        )


def _best(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Of probes the one that says most: that ended well, else what is no matter of the probe."""
    passed = [each for each in outcomes if each.passed]
    telling = [each for each in outcomes if not _is_puzzled(each)]
    return ((*passed, *telling, *outcomes)[0],)


def _is_puzzled(outcome: Outcome) -> bool:
    """Whether what started did not know what to do with the probe."""
    if outcome.reason is Reason.COMMAND_NOT_FOUND and outcome.exit_code is not None:
        # A script that ends with `exec "$@"` takes the probe for the command to start.
        said = rf"(?m)(?:^|\s){re.escape(outcome.command[-1])}: (?:not found|No such file)"
        return re.search(said, outcome.output) is not None
    return outcome.reason in _STARTED


def _told(
    outcomes: Iterable[Outcome], platform: Platform, subject: str, *, are_probes: bool
) -> Iterable[Finding]:
    for outcome in outcomes:
        if outcome.passed:
            continue
        command = shlex.join(outcome.command)
        is_unclear = are_probes and _is_puzzled(outcome)
        message = f"`{shorten(command)}`: {outcome.message}"
        hint = outcome.hint
        if is_unclear:
            message = f"it starts, and does not answer `{shorten(command)}`: {outcome.message}"
            hint = "name a command that ends: `--smoke-test CMD`"
        yield Finding(
            code="run-unclear" if is_unclear else f"run-{outcome.reason or 'failed'}",
            severity=Severity.WARNING if is_unclear else Severity.ERROR,
            subject=subject,
            platform=platform,
            message=message,
            hint=hint,
            details=_details(outcome),
        )


def _details(outcome: Outcome) -> Mapping[str, str]:
    told = {
        "command": shlex.join(outcome.command),
        "exit-code": "" if outcome.exit_code is None else str(outcome.exit_code),
        "how": outcome.how,
        "runtime": outcome.runtime,
        "output": shorten(outcome.output.strip()[-_WORDS:], _WORDS),
    }
    return {key: text for key, text in told.items() if text}


def _how(outcomes: Sequence[Outcome]) -> str:
    known = [each for each in outcomes if each.how]
    return f"{known[0].how}, {known[0].runtime}" if known else ""
