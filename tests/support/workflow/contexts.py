"""The names that expressions may use, by where they stand.

Source: docs.github.com, "Contexts reference", Context availability.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.workflow.events import REPOSITORY, Event
from tests.support.workflow.expressions import Scope
from tests.support.workflow.reading import Workflow
from tests.support.workflow.results import CANCELLED, FAILURE, SUCCESS
from tests.support.workflow.triggers import inputs

_WORKFLOW = ("github", "inputs", "vars")
_JOB = (*_WORKFLOW, "needs")
_LEG = (*_JOB, "matrix", "strategy")
_STEP = (*_LEG, "env", "job", "runner", "secrets", "steps")
AVAILABLE: Mapping[str, tuple[str, ...]] = {
    "concurrency": _WORKFLOW,
    "env": (*_WORKFLOW, "secrets"),
    "job.if": _JOB,
    "job.strategy": _JOB,
    "job.concurrency": _LEG,
    "job.environment": _LEG,
    "job.runs-on": _LEG,
    "job.env": (*_LEG, "secrets"),
    "job.outputs": _STEP,
    "step.if": tuple(name for name in _STEP if name != "secrets"),
    "step": _STEP,
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """All contexts, of which each place of a workflow sees some."""

    contexts: Mapping[str, Any]

    def scope(self, place: str, status: Mapping[str, bool] | None = None) -> Scope:
        """What may stand at a place."""
        return Scope(contexts={n: self.contexts[n] for n in AVAILABLE[place]}, status=status)

    def and_also(self, **contexts: Any) -> "Known":
        """The same with more."""
        return Known(contexts={**self.contexts, **contexts})

    def holds(self, condition: Any, place: str, before: Iterable[str]) -> bool:
        """Whether an `if` holds after these results."""
        results = set(before)
        status = {
            "always": True,
            "success": results <= {SUCCESS},
            "failure": FAILURE in results,
            "cancelled": CANCELLED in results,
        }
        return self.scope(place, status).holds(condition)


def of_run(
    workflow: Workflow,
    event: Event,
    *,
    number: int,
    attempt: int,
    variables: Mapping[str, str],
    api: str,
) -> Known:
    """What every job of a run sees."""
    github = {
        "event_name": event.name,
        "event": event.payload,
        "ref": event.ref,
        "ref_name": event.ref_name,
        "ref_type": event.ref_type,
        "sha": event.sha,
        "base_ref": event.base_ref,
        "head_ref": event.head_ref,
        "repository": REPOSITORY,
        "repository_owner": REPOSITORY.partition("/")[0],
        "actor": "octocat",
        "triggering_actor": "octocat",
        "run_id": str(number),
        "run_number": "7",
        "run_attempt": str(attempt),
        "workflow": workflow.name,
        "workflow_ref": f"{REPOSITORY}/{workflow.path}@{event.ref}",
        "workflow_sha": event.sha,
        "server_url": "https://github.com",
        "api_url": api,
    }
    given = inputs(workflow.values["on"], event)
    return Known(contexts={"github": github, "inputs": given, "vars": dict(variables)})


def variables(known: Known, job: str) -> dict[str, str]:
    """The variables that the forge sets on a machine from what it knows of the run."""
    github = known.contexts["github"]
    told = {f"GITHUB_{name.upper()}": text for name, text in github.items() if name != "event"}
    fixed = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_JOB": job, "RUNNER_OS": "Linux"}
    return {**told, **fixed}
