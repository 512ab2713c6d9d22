"""A workflow gone through as a runner would, without running anything.

For an event all that the file and the event tell is known; without one what depends on events
stays as it is written. What metadata-action gives is worked out by whoever plays (`names`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from polyarch.ci.expression_values import Table, Unknown, Value, text_of, truth_of, unknown_names
from polyarch.ci.expressions import Contexts, condition, fill, value_of_text
from polyarch.ci.importing.flow import Flow, FlowJob, FlowStep, tree_value
from polyarch.ci.importing.occasion import Occasion, Surface, github_context, inputs_context
from polyarch.ci.importing.shell import run_script
from polyarch.ci.matrix import Leg

METADATA = "docker/metadata-action"
_VARIABLES = {
    "GITHUB_REF": "ref",
    "GITHUB_REF_NAME": "ref_name",
    "GITHUB_REF_TYPE": "ref_type",
    "GITHUB_SHA": "sha",
    "GITHUB_EVENT_NAME": "event_name",
    "GITHUB_REPOSITORY": "repository",
    "GITHUB_REPOSITORY_OWNER": "repository_owner",
    "GITHUB_ACTOR": "actor",
    "GITHUB_RUN_ID": "run_id",
    "GITHUB_RUN_NUMBER": "run_number",
}
_SHELLS = ("", "bash", "sh")
_REGARDLESS = re.compile(r"\b(?:always|failure|cancelled)\s*\(", re.IGNORECASE)

Names = Callable[[Mapping[str, str], Occasion], Mapping[str, Value]]
"""The outputs of docker/metadata-action for its inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One step of one run of a job, as it would come to run; `truth` is that of its conditions.

    `env` and `contexts` are what held when it began. `conditions` are those that nobody can know
    here, with their lines.
    """

    job: FlowJob
    leg: Leg
    leg_number: int
    step: FlowStep
    truth: bool | None
    contexts: Contexts

    def text(self, key: str) -> str:
        """An input with its expressions worked out."""
        return fill(self.step.input(key), self.contexts).text

    def value(self, key: str) -> Value:
        """An input as a value, None where it is not given."""
        written = self.step.input(key)
        return value_of_text(written, self.contexts) if written else None

    def runner(self) -> str:
        """The label of the machine."""
        return fill(self.job.runner, self.contexts).text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of a job."""

    job: FlowJob
    leg: Leg
    number: int
    truth: bool | None

    def played(self, step: FlowStep, truth: bool | None, contexts: Contexts) -> Played:  # noqa: FBT001 - the value is what it is about
        return Played(
            job=self.job,
            leg=self.leg,
            leg_number=self.number,
            step=step,
            truth=truth,
            contexts=contexts,
        )


@dataclass(slots=True, kw_only=True)
class Stage:
    """All that is known while a file is played for one event, or for none."""

    flow: Flow
    surface: Surface
    occasion: Occasion | None = None
    names: Names | None = None
    jobs: dict[str, Value] = field(default_factory=dict)
    truths: dict[str, bool | None] = field(default_factory=dict)

    def play(self) -> Iterator[Played]:
        """Every step of every job, in the order in which jobs need each other."""
        for job in _ordered(self.flow):
            yield from self._job(job)

    def _job(self, job: FlowJob) -> Iterator[Played]:
        outputs: dict[str, Value] = {}
        needed: list[bool | None] = [self.truths.get(name, True) for name in job.needs]
        if _REGARDLESS.search(job.condition):
            needed = []
        before: bool | None = False if False in needed else (None if None in needed else True)
        self.truths[job.name] = before
        for number, leg in enumerate(job.legs or (Leg(matrix={}, env={}),)):
            contexts = self._contexts(job, leg)
            truth = _both(before, truth_of(condition(job.condition, contexts)))
            self.truths[job.name] = truth
            yield from self._leg(
                _Run(job=job, leg=leg, number=number, truth=truth), contexts, outputs
            )
        self.jobs[job.name] = Table(
            values={"outputs": self._outputs(job, outputs), "result": "success"}
        )

    def _contexts(self, job: FlowJob, leg: Leg) -> dict[str, Value]:
        given = self.surface.values
        contexts: dict[str, Value] = {
            "github": github_context(self.surface, self.occasion),
            "inputs": inputs_context(self.occasion),
            "vars": Table(values=_told("vars", given), rest="vars"),
            "secrets": Table(values=_told("secrets", given), rest="secrets"),
            "runner": Table(values={"os": "Linux"}, rest="runner"),
            "strategy": Table(values={}, rest="strategy"),
            "job": Table(values={}, rest="job"),
            "needs": Table(values={name: self.jobs.get(name) for name in job.needs}),
            "steps": Table(values={}),
        }
        matrix = {key: tree_value(tree) for key, tree in leg.matrix.items()}
        worked_out = job.has_matrix and not job.legs
        contexts["matrix"] = Table(values=matrix, rest="matrix" if worked_out else None)
        contexts["matrix"] = _filled_table(contexts["matrix"], contexts)
        env: dict[str, Value] = {}
        for table in (self.flow.env, job.env):
            for key, tree in table.items():
                contexts["env"] = Table(values=env)
                env = {**env, key: _as_variable(value_of_text(tree.text or "", contexts))}
        contexts["env"] = Table(values=env)
        return contexts

    def _leg(
        self, run: "_Run", contexts: dict[str, Value], outputs: dict[str, Value]
    ) -> Iterator[Played]:
        job = run.job
        for step in job.steps:
            here = dict(contexts)
            env = _table(here["env"])
            for key, tree in step.env.items():
                env[key] = _as_variable(value_of_text(tree.text or "", here))
            here["env"] = Table(values=env)
            own = truth_of(condition(step.condition, here))
            holds = _both(run.truth, own)
            played = run.played(step, holds, here)
            yield played
            if holds is not False:
                self._leave(played, contexts, is_certain=own is True)
        for key, tree in job.outputs.items():
            outputs[key] = value_of_text(tree.text or "", contexts)
        if job.called:
            yield run.played(_called_step(job), run.truth, contexts)

    def _outputs(self, job: FlowJob, outputs: dict[str, Value]) -> Table:
        rest = f"needs.{job.name}.outputs" if job.called else None
        return Table(values=outputs, rest=rest)

    def _leave(self, played: Played, contexts: dict[str, Value], *, is_certain: bool) -> None:
        """What a step leaves to those behind it; `is_certain`: it runs whenever its job does."""
        step = played.step
        here = f"steps.{step.identity}.outputs"
        if step.run and step.shell.split(" ")[0] in _SHELLS:
            script = fill(step.run, played.contexts).text
            written = run_script(script, self._variables(played), step.identity)
            env, outputs = written.env, written.outputs
            if written.open_env:
                env = {**_unknown_env(contexts["env"]), **env}
            if not is_certain:
                env = {key: Unknown.of(f"env.{key}") for key in env}
            contexts["env"] = Table(
                values={**_table(contexts["env"]), **env},
                rest="env" if written.open_env else _rest(contexts["env"]),
            )
            table = Table(values=outputs, rest=here if written.open_outputs else None)
        elif step.run:
            contexts["env"] = Table(values=_table(contexts["env"]), rest="env")
            table = Table(values={}, rest=here)
        elif step.uses == METADATA and self.names and self.occasion:
            given = self.names(_inputs(played), self.occasion)
            # Tags stay an expression: it says which metadata step gives a build its names.
            table = Table(values={**given, "tags": Unknown.of(f"{here}.tags")})
        else:
            table = Table(values={}, rest=here)
        if step.identity:
            steps = {**_table(contexts["steps"]), step.identity: Table(values={"outputs": table})}
            contexts["steps"] = Table(values=steps)

    def _variables(self, played: Played) -> dict[str, Value]:
        github = played.contexts["github"]
        found: dict[str, Value] = dict(_table(played.contexts["env"]))
        if isinstance(github, Table):
            for variable, name in _VARIABLES.items():
                found[variable] = github.get(name)
        return found


def _ordered(flow: Flow) -> list[FlowJob]:
    """Jobs behind those that they need; circles, which GitHub refuses, in the file's order."""
    done: list[FlowJob] = []
    waiting = list(flow.jobs)
    while waiting:
        names = {each.name for each in waiting}
        ready = [each for each in waiting if not names & set(each.needs)] or waiting
        done += ready
        waiting = [each for each in waiting if each not in ready]
    return done


def _both(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - the values are what it is about
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _inputs(played: Played) -> dict[str, str]:
    return {key: played.text(key) for key in played.step.inputs}


def _called_step(job: FlowJob) -> FlowStep:
    """A called workflow as if it were a step."""
    uses, _, version = job.called.partition("@")
    return FlowStep(
        identity="",
        name=job.name,
        line=job.line,
        uses=uses.lower(),
        version=version.split(" ")[0],
        run="",
        shell="",
        condition="",
        env={},
        inputs=job.inputs,
    )


def _table(value: Value) -> dict[str, Value]:
    return dict(value.values) if isinstance(value, Table) else {}


def _rest(value: Value) -> str | None:
    return value.rest if isinstance(value, Table) else None


def _unknown_env(value: Value) -> dict[str, Value]:
    """What stood there before still stands, unless a script names it."""
    return _table(value)


def _as_variable(value: Value) -> Value:
    """Variables are texts, whatever they are made of."""
    return value if isinstance(value, Unknown) else text_of(value)


def _told(context: str, given: Mapping[str, str]) -> dict[str, Value]:
    front = f"{context}."
    return {key.removeprefix(front): text for key, text in given.items() if key.startswith(front)}


def _filled_table(value: Value, contexts: Contexts) -> Value:
    """Expressions within the values of a matrix."""
    if isinstance(value, Table):
        made = {key: _filled_table(each, contexts) for key, each in value.values.items()}
        return replace(value, values=made)
    if isinstance(value, str) and "${{" in value:
        return value_of_text(value, contexts)
    return value


def conditions_unknown(played: Played) -> tuple[str, ...]:
    """What the conditions of a step and its job depend on and nobody knows here."""
    found: list[Value] = []
    for text in (played.job.condition, played.step.condition):
        value = condition(text, played.contexts)
        if truth_of(value) is None:
            found.append(value)
    return unknown_names(tuple(found)) or tuple(text_of(each) for each in found)
