"""What a smoke test asks of an image, and whether how it ended is what was asked."""

import re
from dataclasses import dataclass, replace

from polyarch.host.watched import Cut
from polyarch.runtimes.base import Ended
from polyarch.runtimes.outcome import NOT_LOADED, Outcome, Reason, Status
from polyarch.runtimes.symptoms import (
    Circumstances,
    Symptom,
    symptom_of,
    uncaught_signal,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """A command to run in an image; None is the image's own entrypoint with its command.

    `matches` is a regular expression to be found in what it prints, on either stream; `timeout_s`
    in seconds.
    """

    run: tuple[str, ...] | None = None
    exit: int = 0
    matches: str | None = None
    timeout_s: float = 60


def judge(test: SmokeTest, command: tuple[str, ...], ended: Ended, about: Circumstances) -> Outcome:
    """Whether a command ended as it should, and why not."""
    found = Outcome(
        status=Status.FAILED,
        command=command,
        exit_code=_exit_code(ended),
        output=ended.output,
        how=about.how,
        runtime=about.runtime,
        seconds=ended.seconds,
    )
    symptom = symptom_of(ended, about)
    if symptom is not None and _counts(symptom, ended, test):
        return _told(found, symptom)
    if ended.status != test.exit:
        return _told(found, _exit(test, ended))
    if test.matches is not None and not re.search(test.matches, ended.output, re.MULTILINE):
        return _told(found, _mismatch(test, ended))
    return replace(found, status=Status.PASSED)


def _told(outcome: Outcome, symptom: Symptom) -> Outcome:
    return replace(
        outcome,
        status=symptom.status,
        reason=symptom.reason,
        message=symptom.message,
        hint=symptom.hint,
    )


def _exit(test: SmokeTest, ended: Ended) -> Symptom:
    return Symptom(
        reason=Reason.EXIT,
        message=f"it ended with exit code {ended.status}, and {test.exit} was expected",
        hint="read what it printed; is the command right, and may it run without its settings?",
    )


def _mismatch(test: SmokeTest, ended: Ended) -> Symptom:
    gap = " (its middle was too long to be kept)" if ended.dropped else ""
    if ended.output.strip():
        message = f"`{test.matches}` is not found in what it printed{gap}"
    else:
        message = f"it printed nothing, and `{test.matches}` was to be found in it"
    return Symptom(reason=Reason.OUTPUT, message=message, hint="compare `matches` with the output")


def _counts(symptom: Symptom, ended: Ended, test: SmokeTest) -> bool:
    if symptom.certain or ended.status != test.exit:
        return True
    # A command that is expected to fail may not pass because it could not be started.
    return test.exit != 0 and symptom.reason in NOT_LOADED


def _exit_code(ended: Ended) -> int | None:
    if ended.cut is Cut.LAST_WORDS:
        number = uncaught_signal(ended.output)
        return 128 + number if number else None
    return ended.status
