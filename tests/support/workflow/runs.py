"""A repository on a forge: events start runs of its workflow, whose failed jobs can run again."""

import itertools
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.workflow import contexts
from tests.support.workflow.api import Runs
from tests.support.workflow.artifacts import Artifacts
from tests.support.workflow.contexts import Known
from tests.support.workflow.events import Event
from tests.support.workflow.expressions import as_text, is_true
from tests.support.workflow.legs import Leg
from tests.support.workflow.machine import Machine
from tests.support.workflow.matrix import legs
from tests.support.workflow.reading import Job, Workflow, read_workflow
from tests.support.workflow.results import (
    CANCELLED,
    FAILURE,
    SKIPPED,
    SUCCESS,
    JobResult,
    LegResult,
)
from tests.support.workflow.triggers import starts
from tests.support.workflow.values import Declared, WorkflowError

FILE = ".github/workflows/polyarch.yml"
RUNNERS: Mapping[str, str] = {
    "ubuntu-24.04": "X64",
    "ubuntu-22.04": "X64",
    "ubuntu-latest": "X64",
    "ubuntu-24.04-arm": "ARM64",
    "ubuntu-22.04-arm": "ARM64",
}
"""Labels and what `RUNNER_ARCH` says there; a job with another one would wait for a day."""


@dataclass(frozen=True, kw_only=True)
class Forge:
    """Where the project lives; `origin` is its bare repository, `folder` takes what runs leave.

    `tokens` are what GITHUB_TOKEN is worth by what it may do with packages: `write`, `read`, and
    `none`. `labels` are what `runs-on` may say besides. `known` is set on every machine.
    `ended` is what `api` tells.
    """

    origin: Path
    folder: Path
    path: str
    tokens: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[Any, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    api: str = "http://127.0.0.1:9"
    ended: Runs = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(42))

    def start(self, event: Event, file: str = FILE) -> "Run | None":
        """Run the workflow as it stands in the event's commit; None where it does not start."""
        shown = ["git", "--git-dir", str(self.origin), "show", f"{event.sha}:{file}"]
        text = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
        workflow = read_workflow(text, file)
        if not starts(workflow.values["on"], event):
            return None
        run = Run(forge=self, workflow=workflow, event=event, number=next(self.numbers))
        run.go()
        return run


@dataclass(kw_only=True)
class Run:
    """One run of a workflow, with what its jobs came to so far."""

    forge: Forge
    workflow: Workflow
    event: Event
    number: int
    attempt: int = 1
    jobs: dict[str, JobResult] = field(default_factory=dict)

    @property
    def artifacts(self) -> Artifacts:
        """What its jobs kept."""
        return Artifacts(folder=self.forge.folder / f"run-{self.number}" / "artifacts")

    @property
    def result(self) -> str:
        """What the run came to."""
        results = {job.result for job in self.jobs.values()}
        return next((each for each in (FAILURE, CANCELLED) if each in results), SUCCESS)

    @property
    def log(self) -> str:
        """All that was said, for the message of a test that fails."""
        each = (leg for job in self.jobs.values() for leg in job.legs)
        return "".join(f"# {leg.job} {dict(leg.matrix)}: {leg.result}\n{leg.log}" for leg in each)

    @property
    def concurrency(self) -> dict[str, Any]:
        """What the workflow says of runs at the same time, worked out for this event."""
        found = self._known().scope("concurrency").deep(self.workflow.values.get("concurrency", {}))
        return {"group": found} if isinstance(found, str) else found

    def go(self) -> None:
        """Run all jobs."""
        self.forge.ended[self.number] = []
        for job in self.workflow.jobs:
            self.jobs[job.key] = self._job(job, ())
        self.forge.ended[self.number].append(self.result)

    def again(self) -> None:
        """Run again what failed and what waited for it; the rest keeps its results and outputs."""
        self.attempt += 1
        fresh = {key for key, job in self.jobs.items() if job.result in {FAILURE, CANCELLED}}
        for job in self.workflow.jobs:
            if self.workflow.before(job) & fresh:
                self.jobs[job.key] = self._job(job, ())
            elif job.key in fresh:
                self.jobs[job.key] = self._job(job, self.jobs[job.key].legs)
        self.forge.ended[self.number].append(self.result)

    def _known(self) -> Known:
        return contexts.of_run(
            self.workflow,
            self.event,
            number=self.number,
            attempt=self.attempt,
            variables=self.forge.variables,
            api=self.forge.api,
        )

    def _job(self, job: Job, former: tuple[LegResult, ...]) -> JobResult:
        """Run a job, apart from legs that were well before."""
        known = self._known().and_also(needs=self._needs(job))
        before = [self.jobs[key].result for key in self.workflow.before(job)]
        if not known.holds(job.values.get("if"), "job.if", before):
            return JobResult(legs=(self._left_out(job, {}, SKIPPED),))
        strategy = known.scope("job.strategy").deep(job.values.get("strategy", {}))
        fail_fast = is_true(strategy.get("fail-fast", True))
        made: list[LegResult] = []
        combinations = legs(strategy["matrix"]) if "matrix" in strategy else [{}]
        names = frozenset(name for each in combinations for name in each)
        for at, combination in enumerate(combinations):
            if former and former[at].result == SUCCESS:
                made.append(former[at])
            elif fail_fast and any(leg.result == FAILURE for leg in made):
                made.append(self._left_out(job, combination, CANCELLED))
            else:
                place = {"fail-fast": fail_fast, "job-index": at, "job-total": len(combinations)}
                matrix = Declared("matrix", combination, names)
                leg = known.and_also(matrix=matrix, strategy=place)
                made.append(self._leg(job, leg, combination, at))
        return JobResult(legs=tuple(made))

    def _leg(self, job: Job, known: Known, matrix: Mapping[str, Any], at: int) -> LegResult:
        label = known.scope("job.runs-on").deep(job.values["runs-on"])
        if label not in RUNNERS and label not in self.forge.labels:
            raise WorkflowError(f"{job.key}: no runner is {label}")
        arch = RUNNERS.get(str(label), "X64")
        powers = self._powers(job)
        secrets = {} if self.event.from_fork else dict(self.forge.secrets)
        secrets["GITHUB_TOKEN"] = self.forge.tokens[powers.get("packages", "none")]
        github = {**known.contexts["github"], "token": secrets["GITHUB_TOKEN"]}
        known = known.and_also(github=github, runner={"os": "Linux", "arch": arch}, secrets=secrets)
        folder = self.forge.folder / f"run-{self.number}" / f"{self.attempt}-{job.key}-{at}"
        told = contexts.variables(self._known(), job.key) | {"RUNNER_ARCH": arch}
        machine = Machine(folder=folder, path=self.forge.path, known={**self.forge.known, **told})
        leg = Leg(
            job=job,
            known=known,
            event=self.event,
            machine=machine,
            artifacts=self.artifacts,
            origin=self.forge.origin,
            secrets=secrets,
            env=self._env(job, known),
            defaults={**_defaults(self.workflow.values), **_defaults(job.values)},
        )
        return leg.run(matrix=matrix, attempt=self.attempt, runner=str(label), powers=powers)

    def _env(self, job: Job, known: Known) -> dict[str, str]:
        outer = known.scope("env").deep(dict(self.workflow.values.get("env") or {}))
        inner = known.scope("job.env").deep(dict(job.values.get("env") or {}))
        return {name: as_text(value) for name, value in {**outer, **inner}.items()}

    def _needs(self, job: Job) -> Declared:
        needs = {}
        for key in job.needs:
            [other] = [each for each in self.workflow.jobs if each.key == key]
            declared = frozenset(other.outputs)
            outputs = Declared(f"needs.{key}.outputs", self.jobs[key].outputs, declared)
            needs[key] = {"result": self.jobs[key].result, "outputs": outputs}
        return Declared("needs", needs)

    def _powers(self, job: Job) -> dict[str, str]:
        """A job's own list replaces that of the workflow; a fork's token only reads."""
        given = job.values.get("permissions", self.workflow.values.get("permissions"))
        if not isinstance(given, dict):
            raise WorkflowError(f"{job.key}: its token's powers are not listed")
        less: dict[str, str] = {"write": "read"} if self.event.from_fork else {}
        return {name: less.get(str(power), str(power)) for name, power in given.items()}

    def _left_out(self, job: Job, matrix: Mapping[str, Any], result: str) -> LegResult:
        return LegResult(job=job.key, matrix=matrix, attempt=self.attempt, result=result)


def _defaults(values: Mapping[str, Any]) -> dict[str, str]:
    return dict((values.get("defaults") or {}).get("run") or {})
