"""What a pipeline was decided to be, for people and as the document `polyarch.ci/v1`."""

from collections.abc import Iterator

from polyarch.ci.pipelines.logins import Origin, Variable, unique
from polyarch.ci.pipelines.shape import Pipeline
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.ci_writing import Written

SCHEMA = "polyarch.ci/v1"


def to_json(written: Written, *, state: str) -> JsonObject:
    """`state` is written, unchanged, stale, or printed."""
    pipeline = written.pipeline
    return {
        "schema": SCHEMA,
        "path": str(written.path),
        "state": state,
        "command": pipeline.command,
        "environment": pipeline.environment or None,
        "triggers": list(pipeline.triggers.words),
        "platforms": [
            {
                "platform": str(leg.platform),
                "runner": list(leg.runner.labels),
                "emulated": leg.runner.emulated,
                "reason": leg.runner.reason,
            }
            for leg in pipeline.legs
        ],
        "secrets": [_json(each) for each in asked_for(pipeline, Origin.SECRET)],
        "variables": [_json(each) for each in asked_for(pipeline, Origin.PLAIN)],
        "permissions": {job: dict(given) for job, given in written.permissions.items()},
        "actions": [{"action": pin.action, "tag": pin.tag, "sha": pin.sha} for pin in written.pins],
    }


def lines(written: Written) -> Iterator[str]:
    """What was chosen, and what a person has to do now."""
    pipeline = written.pipeline
    if not written.dialect.starts:
        return
    yield "starts on:"
    yield from (f"  {each}" for each in pipeline.triggers.words)
    yield "builds on:" if not pipeline.single else f"builds in one job on {pipeline.default[0]}:"
    yield from (f"  {each}" for each in _machines(pipeline))
    if not pipeline.single:
        yield f"parts are staged: {_staged(pipeline)}"
    if written.permissions:
        yield "permissions of the job's token:"
    for job, given in written.permissions.items():
        yield f"  {job}: {', '.join(f'{scope} {right}' for scope, right in given.items())}"
    yield from _to_create(pipeline)
    yield from written.dialect.notes
    if pipeline.triggers.watch and written.dialect.watching:
        yield written.dialect.watching


def asked_for(pipeline: Pipeline, origin: Origin) -> tuple[Variable, ...]:
    """The variables of one kind that the pipeline reads."""
    every = (*pipeline.staging, *pipeline.builds, *pipeline.publishing, *pipeline.telling)
    found = unique(each for each in every if each.origin is origin)
    more = (each for each in pipeline.watching if each.origin is origin and each.stored)
    return (*found, *more)


def _machines(pipeline: Pipeline) -> Iterator[str]:
    for leg in pipeline.legs:
        label = ", ".join(leg.runner.labels)
        how = "emulated by QEMU, which is slow" if leg.runner.emulated else "native"
        if pipeline.single:
            native = not leg.runner.emulated and leg.runner.labels == pipeline.default
            yield f"{leg.platform}: {'native' if native else 'emulated by QEMU, which is slow'}"
        else:
            yield f"{leg.platform}: {label}, {how} ({leg.runner.reason})"


def _staged(pipeline: Pipeline) -> str:
    if pipeline.stage_to is None:
        return "where [publish] stage-to says"
    return pipeline.stage_to or f"at {pipeline.own_registry}, in a repository of this project"


def _to_create(pipeline: Pipeline) -> Iterator[str]:
    secrets, plain = asked_for(pipeline, Origin.SECRET), asked_for(pipeline, Origin.PLAIN)
    if secrets:
        where = f", those of logins in the environment {pipeline.protect}"
        yield f"secrets to create{where if pipeline.protect else ''}:"
        yield from (f"  {each.created}: {each.purpose}" for each in secrets)
    if plain:
        yield "variables to create (no secrets: what is secret is cut out of what jobs hand on):"
        yield from (f"  {each.created}: {each.purpose}" for each in plain)


def _json(variable: Variable) -> JsonObject:
    return {"name": variable.created, "purpose": variable.purpose}
