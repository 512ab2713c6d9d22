"""What jobs came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.workflow.machine import Machine, Ran

SUCCESS, FAILURE, SKIPPED, CANCELLED = "success", "failure", "skipped", "cancelled"


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one step came to; `outcome` is before `continue-on-error` makes it a success."""

    name: str
    outcome: str
    conclusion: str
    ran: Ran


@dataclass(frozen=True, kw_only=True)
class LegResult:
    """One run of a job: the whole job where it has no matrix.

    `powers` are its token's; `secrets` are those that any of its scripts was given; `dropped` are
    outputs that held a secret.
    """

    job: str
    matrix: Mapping[str, Any]
    attempt: int
    result: str
    runner: str = ""
    powers: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[StepResult, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    machine: Machine | None = None

    @property
    def log(self) -> str:
        """All that its steps said."""
        return "".join(f"## {step.name}: {step.outcome}\n{step.ran.log}\n" for step in self.steps)

    @property
    def summary(self) -> str:
        """The summaries of its steps, as one page."""
        return "\n".join(step.ran.summary for step in self.steps if step.ran.summary)


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """One job of the file in one run."""

    legs: tuple[LegResult, ...]

    @property
    def result(self) -> str:
        """What `needs` says of it."""
        results = {leg.result for leg in self.legs}
        for worst in (FAILURE, CANCELLED, SUCCESS):
            if worst in results:
                return worst
        return SKIPPED

    @property
    def outputs(self) -> dict[str, str]:
        """Of all legs: the last one that says something is heard."""
        return {name: text for leg in self.legs for name, text in leg.outputs.items()}
