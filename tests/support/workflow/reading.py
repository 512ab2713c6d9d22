"""A workflow's file as values; a key that this runner does not heed is an error.

Source: docs.github.com, "Workflow syntax".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from tests.support.workflow.values import WorkflowError

_WORKFLOW = {"name", "run-name", "on", "permissions", "concurrency", "env", "defaults", "jobs"}
_JOB = {
    "name", "needs", "if", "runs-on", "permissions", "concurrency", "env", "defaults", "outputs",
    "strategy", "steps", "timeout-minutes", "environment", "continue-on-error",
}  # fmt: skip
_STEP = {
    "name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory",
    "continue-on-error", "timeout-minutes",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; `number` counts from 1."""

    number: int
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id, empty where it has none."""
        return str(self.values.get("id", ""))

    @property
    def name(self) -> str:
        """What it is called in messages."""
        what = self.values.get("name") or self.values.get("uses") or self.values.get("run", "")
        return f"{self.number}. {what}".strip().partition("\n")[0]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of the file."""

    key: str
    values: Mapping[str, Any]
    steps: tuple[Step, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """The jobs before it."""
        given = self.values.get("needs", [])
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def outputs(self) -> Mapping[str, str]:
        """Its outputs as written."""
        return self.values.get("outputs") or {}


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """One file; `jobs` stand in the order in which they can run."""

    path: str
    values: Mapping[str, Any]
    jobs: tuple[Job, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.values.get("name", self.path))

    def before(self, job: Job) -> frozenset[str]:
        """All jobs that this one waits for, also through others."""
        known = {each.key: each for each in self.jobs}
        return frozenset(job.needs).union(*(self.before(known[key]) for key in job.needs))


def read_workflow(text: str, path: str) -> Workflow:
    """Read one file.

    Raises:
        WorkflowError: the forge would refuse it, or this runner has no part for what it says.
    """
    values = YAML(typ="safe", pure=True).load(text)
    _known(values, _WORKFLOW, path)
    jobs = [_job(key, each) for key, each in values["jobs"].items()]
    return Workflow(path=path, values=values, jobs=tuple(_in_order(jobs)))


def _job(key: str, values: Mapping[str, Any]) -> Job:
    _known(values, _JOB, f"job {key}")
    _known(values.get("strategy", {}), {"matrix", "fail-fast", "max-parallel"}, f"job {key}")
    steps = tuple(
        Step(number=number, values=each) for number, each in enumerate(values["steps"], 1)
    )
    for step in steps:
        _known(step.values, _STEP, f"job {key}, step {step.number}")
        if ("run" in step.values) == ("uses" in step.values):
            raise WorkflowError(f"job {key}, step {step.number}: `run` or `uses`")
    ids = [step.id for step in steps if step.id]
    if len(ids) != len(set(ids)):
        raise WorkflowError(f"job {key} has a step's id twice")
    return Job(key=key, values=values, steps=steps)


def _in_order(jobs: list[Job]) -> list[Job]:
    waiting, placed = list(jobs), list[Job]()
    while waiting:
        done = {job.key for job in placed}
        free = [job for job in waiting if done.issuperset(job.needs)]
        if not free:
            raise WorkflowError(f"`needs` of {[job.key for job in waiting]} leads nowhere")
        placed += free
        waiting = [job for job in waiting if job not in free]
    return placed


def _known(values: Mapping[str, Any], keys: set[str], where: str) -> None:
    if unknown := set(values) - keys:
        raise WorkflowError(f"{where}: {sorted(map(str, unknown))} is not known here")
