"""A pipeline of GitLab CI: the same shape in its words.

Parts go from job to job as artifacts. Source for forms: docs.gitlab.com, "CI/CD YAML syntax
reference"; `variables` and `rules` are expanded by GitLab, so no value of the config stands in them
that could hold a `$`.
"""

from collections.abc import Mapping
from typing import Final

from polyarch.ci.pipelines.gitlab_patterns import expression
from polyarch.ci.pipelines.gitlab_scripts import (
    docker_variables,
    logins_of_the_job,
    preparing,
    preparing_builds,
    result_of,
    telling,
)
from polyarch.ci.pipelines.head import head
from polyarch.ci.pipelines.logins import Origin
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.shape import JOURNALS, Leg, Pipeline
from polyarch.ci.pipelines.yaml_text import Node, yaml_text
from polyarch.registry.credential import default_variables

FILE = ".gitlab-ci.yml"
_TIMES = {
    "native": "90m",
    "emulated": "5h 50m",
    "publish": "90m",
    "notify": "10m",
    "watch": "60m",
}
_MERGE_REQUEST: Final = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_BY_HAND: Final = "$CI_PIPELINE_SOURCE =~ /^(web|api|trigger|chat)$/"
_WATCH: Final = '$CI_PIPELINE_SOURCE == "schedule" && $POLYARCH_WATCH == "true"'
"""A schedule that has this variable watches, and does nothing else."""
_KEPT = "30 days"


def gitlab_pipeline(pipeline: Pipeline, _pins: Mapping[str, Pin]) -> str:
    """The text of the file."""
    return head(pipeline) + yaml_text(gitlab_tree(pipeline))


def gitlab_tree(pipeline: Pipeline) -> Mapping[str, Node]:
    """What the file says, without its head."""
    jobs = _single(pipeline) if pipeline.single else _jobs(pipeline)
    return {
        "stages": ["build", "publish"],
        "workflow": {"rules": _rules(pipeline)},
        "variables": {"GIT_DEPTH": "0"},
        **jobs,
        **_watching(pipeline),
    }


def _rules(pipeline: Pipeline) -> list[Node]:
    told = pipeline.triggers
    rules: list[Mapping[str, Node]] = []
    if told.pull_request:
        rules.append({"if": _MERGE_REQUEST, "auto_cancel": {"on_new_commit": "interruptible"}})
    pushed = '$CI_PIPELINE_SOURCE == "push"'
    conditions = [
        *(f"{pushed} && $CI_COMMIT_BRANCH =~ {expression(each)}" for each in told.branches),
        *(f"{pushed} && $CI_COMMIT_TAG =~ {expression(each)}" for each in told.tags),
        *(['$CI_PIPELINE_SOURCE == "schedule"'] if told.schedule else []),
        *([_WATCH] if told.watch and not told.schedule else []),
        *([_BY_HAND] if told.dispatch else []),
    ]
    rules += [{"if": each, "auto_cancel": {"on_new_commit": "none"}} for each in conditions]
    return [*rules] or [{"when": "never"}]


def _jobs(pipeline: Pipeline) -> Mapping[str, Node]:
    building = {f"build-{leg.word}": _building(leg, pipeline) for leg in pipeline.legs}
    return {
        **building,
        "publish": _joining(pipeline),
        "notify": _telling(pipeline, [*building, "publish"]),
    }


def _building(leg: Leg, pipeline: Pipeline) -> Mapping[str, Node]:
    emulated = leg.runner.emulated
    run = (
        f'polyarch build --platform "$PLATFORM" --stage{_stage_option(pipeline)}'
        f"{_options(pipeline)}"
    )
    return {
        "stage": "build",
        **_machine(pipeline, leg.runner.labels, containers=True),
        "timeout": _TIMES["emulated" if emulated else "native"],
        "interruptible": True,
        **_unless_watching(pipeline),
        "variables": {
            **_variables(pipeline, containers=True),
            "POLYARCH_LOGINS": "optional",
            "PLATFORM": str(leg.platform),
        },
        "before_script": preparing_builds(pipeline, (leg,) if emulated else ()),
        "script": [
            *_start(pipeline),
            *(_freshness(pipeline) if leg is pipeline.legs[0] else ()),
            *logins_of_the_job(),
            f"exec {run}",
        ],
        **_kept(pipeline, f"build-{leg.word}", parts=True),
    }


def _joining(pipeline: Pipeline) -> Mapping[str, Node]:
    run = f"polyarch publish --parts .polyarch/parts{_stage_option(pipeline)}{_options(pipeline)}"
    return {
        "stage": "publish",
        **_machine(pipeline, pipeline.default, containers=False),
        "timeout": _TIMES["publish"],
        "interruptible": False,
        "resource_group": f"{pipeline.name}-publish",
        "environment": {"name": pipeline.environment or "production", "action": "access"},
        "rules": [
            {"if": _MERGE_REQUEST, "when": "never"},
            *_never_watching(pipeline),
            {"when": "on_success"},
        ],
        "needs": [{"job": f"build-{leg.word}", "artifacts": True} for leg in pipeline.legs],
        "variables": _variables(pipeline, containers=False),
        "before_script": preparing(pipeline),
        "script": [*_start(pipeline), *logins_of_the_job(), f"exec {run}"],
        **_kept(pipeline, "publish", parts=False),
    }


def _single(pipeline: Pipeline) -> Mapping[str, Node]:
    foreign = tuple(
        leg for leg in pipeline.legs if leg.runner.emulated or leg.runner.labels != pipeline.default
    )
    return {
        "publish": {
            "stage": "publish",
            **_machine(pipeline, pipeline.default, containers=True),
            "timeout": _TIMES["emulated"],
            "interruptible": False,
            "resource_group": f"{pipeline.name}-publish",
            **_unless_watching(pipeline),
            "variables": _variables(pipeline, containers=True),
            "before_script": preparing_builds(pipeline, foreign),
            "script": [
                *_start(pipeline),
                *_freshness(pipeline),
                *logins_of_the_job(),
                f"exec polyarch publish{_options(pipeline)}",
            ],
            **_kept(pipeline, "publish", parts=False),
        },
        "notify": _telling(pipeline, ["publish"]),
    }


def _telling(pipeline: Pipeline, jobs: list[str]) -> Mapping[str, Node]:
    return {
        "stage": ".post",
        **_machine(pipeline, pipeline.default, containers=False),
        "timeout": _TIMES["notify"],
        "interruptible": False,
        "rules": [
            {"if": _MERGE_REQUEST, "when": "never"},
            *_never_watching(pipeline),
            {"when": "always"},
        ],
        "variables": _variables(pipeline, containers=False, silent=False),
        "before_script": preparing(pipeline),
        "script": [*_start(pipeline), *telling(jobs), _notice(pipeline)],
    }


def _watching(pipeline: Pipeline) -> Mapping[str, Node]:
    """The job that watches; its environment shows it logins that only read, under usual names."""
    if not pipeline.triggers.watch:
        return {}
    name = f"{pipeline.environment}-watch" if pipeline.environment else "watch"
    variables = _variables(pipeline, containers=False, silent=False)
    return {
        "watch": {
            "stage": "publish",
            **_machine(pipeline, pipeline.default, containers=False),
            "timeout": _TIMES["watch"],
            "interruptible": False,
            "environment": {"name": name, "action": "access"},
            "rules": [{"if": _WATCH, "when": "on_success"}],
            "variables": {**variables, "POLYARCH_LOGINS": "optional"},
            "before_script": preparing(pipeline),
            "script": [
                *_start(pipeline),
                *logins_of_the_job(),
                f"exec polyarch watch{_options(pipeline)}",
            ],
            **_kept(pipeline, "watch", parts=False),
        }
    }


def _never_watching(pipeline: Pipeline) -> list[Node]:
    return [{"if": _WATCH, "when": "never"}] if pipeline.triggers.watch else []


def _unless_watching(pipeline: Pipeline) -> dict[str, Node]:
    """The rules of a job that runs in all other pipelines; nothing where none watches."""
    never = _never_watching(pipeline)
    return {"rules": [*never, {"when": "on_success"}]} if never else {}


def _notice(pipeline: Pipeline) -> str:
    return f"exec polyarch notify --needs-env NEEDS{_options(pipeline)}"


def _kept(pipeline: Pipeline, job: str, *, parts: bool) -> Mapping[str, Node]:
    """What stays of a job, and how it ended: `after_script` runs whatever happened before."""
    top = "" if pipeline.folder == "." else f"{pipeline.folder}/"
    paths = [f"{top}.polyarch/runs/", ".polyarch/jobs/"]
    if parts:
        paths.append(f"{top}.polyarch/parts/*/*.json")
    return {
        "after_script": [result_of(job)],
        "artifacts": {
            "when": "always",
            "name": f"polyarch-{job}-$CI_JOB_ID",
            "paths": paths,
            "exclude": [f"{paths[0]}{JOURNALS}"],
            "expire_in": _KEPT,
        },
    }


def _machine(pipeline: Pipeline, labels: tuple[str, ...], *, containers: bool) -> dict[str, Node]:
    found: dict[str, Node] = {"tags": list(labels)}
    if pipeline.image:
        found["image"] = pipeline.image
        if containers and pipeline.engine:
            found["services"] = [{"name": "docker:29-dind", "alias": "docker"}]
    return found


def _variables(pipeline: Pipeline, *, containers: bool, silent: bool = True) -> dict[str, Node]:
    found: dict[str, Node] = {}
    if silent:
        found["POLYARCH_NOTIFY"] = "off"
    if pipeline.file != "polyarch.toml":
        found["POLYARCH_CONFIG"] = pipeline.file
    if pipeline.environment:
        found["POLYARCH_ENVIRONMENT"] = pipeline.environment
    if pipeline.stage_to:
        found["POLYARCH_STAGE_TO"] = pipeline.stage_to
    if pipeline.image and containers and pipeline.engine:
        found |= docker_variables()
    known = default_variables(pipeline.own_registry)  # the scripts set these
    for each in (*pipeline.staging, *pipeline.publishing) if silent else ():
        if each.name in known:
            continue
        if each.origin is Origin.JOB_TOKEN:
            found[each.name] = "$CI_REGISTRY_PASSWORD"
        if each.origin is Origin.JOB_USER:
            found[each.name] = "$CI_REGISTRY_USER"
    return found


def _start(pipeline: Pipeline) -> list[str]:
    return [] if pipeline.folder == "." else [f"cd {pipeline.folder}"]


def _freshness(pipeline: Pipeline) -> list[str]:
    """Merge requests tell where the file is stale."""
    request = 'test "$CI_PIPELINE_SOURCE" != merge_request_event'
    check = f"polyarch ci gitlab --check{_options(pipeline)}"
    return [f"{request} || {check}"] if pipeline.usual_place else []


def _options(pipeline: Pipeline) -> str:
    words = ' --config "$POLYARCH_CONFIG"' if pipeline.file != "polyarch.toml" else ""
    return words + (' --env "$POLYARCH_ENVIRONMENT"' if pipeline.environment else "")


def _stage_option(pipeline: Pipeline) -> str:
    if pipeline.stage_to is None:
        return ""
    if pipeline.stage_to:
        return ' --stage-to "$POLYARCH_STAGE_TO"'
    word = "$POLYARCH_ENVIRONMENT-" if pipeline.environment else ""
    return f' --stage-to "$CI_REGISTRY_IMAGE/{word}stage"'
