"""One job run once: its steps in order, on a machine of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.workflow import actions
from tests.support.workflow.artifacts import Artifacts, StepFailed
from tests.support.workflow.contexts import Known
from tests.support.workflow.events import Event
from tests.support.workflow.expressions import as_text, is_true
from tests.support.workflow.machine import Machine, Ran
from tests.support.workflow.reading import Job, Step
from tests.support.workflow.results import FAILURE, SKIPPED, SUCCESS, LegResult, StepResult
from tests.support.workflow.values import Declared, WorkflowError


@dataclass(kw_only=True)
class Leg:
    """A run of a job under way; `secrets` are all that the job may ask for, its token among them.

    `known` has every context but `env` and `steps`, which grow; `defaults` are of scripts.
    """

    job: Job
    known: Known
    event: Event
    machine: Machine
    artifacts: Artifacts
    origin: Path
    secrets: Mapping[str, str]
    env: dict[str, str]
    defaults: Mapping[str, str]
    done: list[StepResult] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()

    def run(
        self, *, matrix: Mapping[str, Any], attempt: int, runner: str, powers: Mapping[str, str]
    ) -> LegResult:
        """Run all steps, whatever becomes of each."""
        self.machine.set_up(self.event.payload)
        for step in self.job.steps:
            self._step(step)
        outputs, dropped = self._outputs()
        return LegResult(
            job=self.job.key,
            matrix=matrix,
            attempt=attempt,
            result=self._result,
            runner=runner,
            powers=powers,
            steps=tuple(self.done),
            outputs=outputs,
            dropped=dropped,
            secrets=frozenset(self._given()),
            machine=self.machine,
        )

    @property
    def _result(self) -> str:
        return FAILURE if any(step.conclusion == FAILURE for step in self.done) else SUCCESS

    def _scope(self, env: Mapping[str, str]) -> Known:
        ids = frozenset(step.id for step in self.job.steps if step.id)
        steps = Declared("steps", self.outputs, ids)
        job = {"status": self._result}
        return self.known.and_also(env=dict(env), steps=steps, job=job, secrets=dict(self.secrets))

    def _step(self, step: Step) -> None:
        own = self._scope(self.env).scope("step").deep(dict(step.values.get("env") or {}))
        env = {**self.env, **{name: as_text(value) for name, value in own.items()}}
        known = self._scope(env)
        before = (result.conclusion for result in self.done)
        wanted = (FAILURE if FAILURE in set(before) else SUCCESS,)
        if not known.holds(step.values.get("if"), "step.if", wanted):
            self._end(step, SKIPPED, Ran(code=0, log=""))
            return
        ran = self._act(step, known, env)
        self.env |= ran.variables
        self.paths += ran.paths
        self._end(step, FAILURE if ran.code else SUCCESS, ran)

    def _end(self, step: Step, outcome: str, ran: Ran) -> None:
        forgiven = outcome == FAILURE and is_true(step.values.get("continue-on-error"))
        conclusion = SUCCESS if forgiven else outcome
        self.done.append(
            StepResult(name=step.name, outcome=outcome, conclusion=conclusion, ran=ran)
        )
        if step.id:
            self.outputs[step.id] = {
                "outputs": dict(ran.outputs),
                "outcome": outcome,
                "conclusion": conclusion,
            }

    def _act(self, step: Step, known: Known, env: Mapping[str, str]) -> Ran:
        scope = known.scope("step")
        if "run" in step.values:
            if "${{" in step.values["run"]:
                raise WorkflowError(f"{self.job.key}, {step.name}: an expression in a script")
            return self.machine.run(
                step.number,
                step.values["run"],
                shell=step.values.get("shell", self.defaults.get("shell", "")),
                env=env,
                folder=step.values.get(
                    "working-directory", self.defaults.get("working-directory", ".")
                ),
                paths=self.paths,
            )
        inputs = {
            name: as_text(scope.deep(value)) for name, value in step.values.get("with", {}).items()
        }
        what = actions.Use(
            inputs=inputs,
            machine=self.machine,
            event=self.event,
            origin=self.origin,
            artifacts=self.artifacts,
        )
        given = {**env, **{f"INPUT_{name}": text for name, text in inputs.items()}}
        try:
            actions.use(step.values["uses"], what)
        except StepFailed as error:
            return Ran(code=1, log=str(error), given=given)
        return Ran(code=0, log="", outputs=what.outputs, given=given)

    def _outputs(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """The outputs that say something, without those that hold a secret."""
        scope = self._scope(self.env).scope("job.outputs")
        made = {name: scope.text(text) for name, text in self.job.outputs.items()}
        held = [name for name, text in made.items() if any(map(text.__contains__, self._masked()))]
        kept = {name: text for name, text in made.items() if text and name not in held}
        return kept, tuple(held)

    def _masked(self) -> Iterator[str]:
        """What is replaced by stars: each line of each secret, and what scripts asked for."""
        for secret in self.secrets.values():
            yield from filter(None, map(str.strip, secret.splitlines()))
        for step in self.done:
            for line in step.ran.log.splitlines():
                if line.startswith("::add-mask::") and line != "::add-mask::":
                    yield line.removeprefix("::add-mask::")

    def _given(self) -> Iterator[str]:
        """The names of secrets that stood in the surroundings of any step."""
        texts = [text for step in self.done for text in step.ran.given.values()]
        for name, secret in self.secrets.items():
            if secret and any(secret in text for text in texts):
                yield name
