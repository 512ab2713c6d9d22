"""How a run in an image ended, in words that scripts can rely on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

How = Literal["native", "emulated"]


class Status(StrEnum):
    """Whether the image was proven; `not-run` proves nothing: it was inspected only."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not-run"


class Reason(StrEnum):
    """Why it did not pass."""

    NONE = ""
    EXIT = "exit"
    OUTPUT = "output"
    TIMEOUT = "timeout"
    HANG = "hang"
    OUT_OF_MEMORY = "out-of-memory"
    TOO_MANY_PROCESSES = "too-many-processes"
    WRONG_ARCHITECTURE = "wrong-architecture"
    EXEC_FORMAT = "exec-format"
    COMMAND_NOT_FOUND = "command-not-found"
    PERMISSION_DENIED = "permission-denied"
    MISSING_LOADER = "missing-loader"
    MISSING_LIBRARY = "missing-library"
    SEGMENTATION_FAULT = "segmentation-fault"
    ILLEGAL_INSTRUCTION = "illegal-instruction"
    SIGNAL = "signal"
    EMULATOR_CRASH = "emulator-crash"
    NO_COMMAND = "no-command"
    BROKEN_IMAGE = "broken-image"
    NO_RUNTIME = "no-runtime"
    NO_EMULATOR = "no-emulator"
    RUNTIME_FAILED = "runtime-failed"
    NO_ROOM = "no-room"
    UNSUPPORTED_IMAGE = "unsupported-image"
    DOUBTFUL = "doubtful"


NOT_LOADED = frozenset(
    {
        Reason.WRONG_ARCHITECTURE,
        Reason.EXEC_FORMAT,
        Reason.MISSING_LOADER,
        Reason.MISSING_LIBRARY,
    }
)
"""Nobody expects these, whatever exit code is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one smoke test.

    `message` says what happened and why, `hint` what to do; both are empty when it passed.
    `exit_code` is that of the command, 128 and the signal's number where a signal ended it, None
    where it was not started or was ended by us. `output` is what it printed, both kinds in one.
    `how` and `runtime` are empty where it was not started. `notes` are said of any outcome.
    """

    status: Status
    reason: Reason = Reason.NONE
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    output: str = ""
    how: How | Literal[""] = ""
    runtime: str = ""
    seconds: float = 0
    message: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the image was run and did what it should."""
        return self.status is Status.PASSED

    def __str__(self) -> str:
        if self.passed:
            return f"passed in {self.seconds:.1f} s ({self.how}, {self.runtime})"
        word = "inspected only" if self.status is Status.NOT_RUN else "failed"
        return f"{word}: {self.message}"
