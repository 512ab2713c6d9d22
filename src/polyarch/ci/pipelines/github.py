"""A workflow of GitHub Actions.

One job per platform builds, proves and stages; one joins what they staged and publishes it; one
tells people. Or, for a small project, one job does it all. Source for forms: docs.github.com,
"Workflow syntax for GitHub Actions".
"""

from collections.abc import Mapping

from polyarch.ci.pipelines import github_permissions as permissions
from polyarch.ci.pipelines import github_steps as steps
from polyarch.ci.pipelines.github_triggers import event_variables, triggers
from polyarch.ci.pipelines.github_watch import watch_job
from polyarch.ci.pipelines.head import head
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.shape import PART_PREFIX, Leg, Pipeline
from polyarch.ci.pipelines.yaml_text import Node, yaml_text

FOLDER = ".github/workflows"
_NATIVE_MIN, _EMULATED_MIN, _JOIN_MIN, _NOTICE_MIN = 90, 350, 90, 10
"""Minutes; without any a job may hang for six hours."""

_SILENT = {"POLYARCH_NOTIFY": "off"}
"""One job, or one step, tells people for all."""

_OWN_RESULT = """\
{"publish": {"result": ${{ toJSON(job.status) }},
 "outputs": {"notice": ${{ toJSON(steps.publish.outputs.notice) }}}}}
"""


def github_workflow(pipeline: Pipeline, pins: Mapping[str, Pin]) -> str:
    """The text of the file."""
    return head(pipeline) + yaml_text(github_tree(pipeline, pins))


def github_tree(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    """What the file says, without its head."""
    told: dict[str, Node] = {}
    if pipeline.triggers.dispatch:
        told["env"] = event_variables()
    run: dict[str, Node] = {"shell": "bash"}
    if pipeline.folder != ".":
        run["working-directory"] = pipeline.folder
    return {
        "name": steps.literal(pipeline.name),
        "on": triggers(pipeline),
        "permissions": {},
        "concurrency": {
            "group": _line(pipeline),
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        **told,
        "defaults": {"run": run},
        "jobs": {
            **(_single(pipeline, pins) if pipeline.single else _jobs(pipeline, pins)),
            **watch_job(pipeline, pins),
        },
    }


def _line(pipeline: Pipeline) -> str:
    """Runs that wait for each other; one that watches takes the place of none that publishes."""
    line = "${{ github.workflow }}-${{ github.ref }}"
    line += "-${{ inputs.ref }}" if pipeline.triggers.dispatch else ""
    watched = steps.is_watch(pipeline)
    return line + (f"-${{{{ {watched} && 'watch' || '' }}}}" if watched else "")


def _jobs(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    building = {f"build-{leg.word}": _building(leg, pipeline, pins) for leg in pipeline.legs}
    joining = {"publish": _joining(pipeline, pins)}
    needed = [*building, *joining]
    return {**building, **joining, "notify": _telling(pipeline, pins, needed)}


def _building(leg: Leg, pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    emulated = (leg,) if leg.runner.emulated else ()
    variables = {
        **_SILENT,
        "POLYARCH_LOGINS": "optional",
        "PLATFORM": str(leg.platform),
        **steps.stage_variable(pipeline),
        **steps.values(pipeline.staging, pull_requests=True, with_secrets=False),
        **steps.values(pipeline.builds, pull_requests=True),
    }
    run = (
        f'polyarch build --platform "$PLATFORM" --stage{steps.stage_option(pipeline)}'
        f"{steps.options(pipeline)} --json > {steps.PARTS_FILE}"
    )
    return {
        "name": f"build {leg.platform}",
        **steps.condition(pipeline),
        "runs-on": steps.runner(leg.runner.labels),
        "timeout-minutes": _EMULATED_MIN if emulated else _NATIVE_MIN,
        "permissions": permissions.building(pipeline),
        "outputs": {
            "parts": "${{ steps.parts.outputs.parts }}",
            "notice": "${{ steps.build.outputs.notice }}",
        },
        "steps": [
            *steps.preparing(pipeline, pins, emulated=emulated),
            *(steps.freshness(pipeline) if leg is pipeline.legs[0] else ()),
            *steps.builder(pipeline, pins),
            steps.verb("Build, prove and stage", run, variables, pipeline, step="build"),
            {
                "name": "Hand on what was built",
                "id": "parts",
                "run": f"parts=$(gzip -9 -n < {steps.PARTS_FILE} | base64 -w 0)\n"
                'echo "parts=$parts" >> "$GITHUB_OUTPUT"\n',
            },
            *steps.records(leg.word, pipeline, pins),
        ],
    }


def _joining(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    parts = {
        leg.variable: f"${{{{ needs.build-{leg.word}.outputs.parts }}}}" for leg in pipeline.legs
    }
    variables = {
        **_SILENT,
        **parts,
        **steps.stage_variable(pipeline),
        **steps.values(pipeline.publishing, pull_requests=False),
    }
    run = (
        f"polyarch publish --parts env:{PART_PREFIX}{steps.stage_option(pipeline)}"
        f"{steps.options(pipeline)}"
    )
    return {
        "name": "publish",
        "needs": [f"build-{leg.word}" for leg in pipeline.legs],
        **steps.condition(pipeline, steps.NO_PULL_REQUEST),
        "runs-on": steps.runner(pipeline.default),
        **({"environment": steps.literal(pipeline.protect)} if pipeline.protect else {}),
        "timeout-minutes": _JOIN_MIN,
        "permissions": permissions.publishing(pipeline),
        "outputs": {"notice": "${{ steps.publish.outputs.notice }}"},
        "steps": [
            *steps.preparing(pipeline, pins),
            steps.verb("Publish", run, variables, pipeline, step="publish"),
            *steps.records("publish", pipeline, pins),
        ],
    }


def _telling(pipeline: Pipeline, pins: Mapping[str, Pin], needed: list[str]) -> Mapping[str, Node]:
    return {
        "name": "notify",
        "needs": needed,
        **steps.condition(pipeline, "always()", steps.NO_PULL_REQUEST),
        "runs-on": steps.runner(pipeline.default),
        "timeout-minutes": _NOTICE_MIN,
        "permissions": permissions.telling(pipeline),
        "steps": [
            *steps.preparing(pipeline, pins),
            _notice(pipeline, _results(needed)),
        ],
    }


def _results(needed: list[str]) -> str:
    """What became of the jobs, as a table in JSON: `toJSON(needs)` without parts.

    A variable holds 128 KiB at most (execve(2)), and parts of many images are more.
    """
    told = (
        f'"{job}": {{"result": ${{{{ toJSON(needs.{job}.result) }}}},'
        f' "outputs": {{"notice": ${{{{ toJSON(needs.{job}.outputs.notice) }}}}}}}}'
        for job in needed
    )
    return "{" + ",\n".join(told) + "}\n"


def _notice(pipeline: Pipeline, needs: str) -> Mapping[str, Node]:
    variables = {
        "NEEDS": needs,
        "GITHUB_TOKEN": "${{ github.token }}",
        **steps.values(pipeline.telling, pull_requests=False),
    }
    run = f"polyarch notify --needs-env NEEDS{steps.options(pipeline)}"
    return steps.verb("Tell people", run, variables, pipeline, step="notify")


def _single(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    """One job that builds all platforms and publishes; pull requests are built and proven alone."""
    variables = {
        **_SILENT,
        **steps.values(pipeline.builds, pull_requests=True),
        **steps.values(pipeline.publishing, pull_requests=True),
    }
    run = f"polyarch publish{steps.options(pipeline)}"
    notice = _notice(pipeline, _OWN_RESULT)
    condition = f"${{{{ always() && {steps.NO_PULL_REQUEST} }}}}"
    name, identity, *rest = notice.items()
    return {
        "publish": {
            "name": "publish",
            **steps.condition(pipeline),
            "runs-on": steps.runner(pipeline.default),
            "timeout-minutes": _EMULATED_MIN,
            "permissions": permissions.publishing(pipeline) | permissions.telling(pipeline),
            "steps": [
                *steps.preparing(pipeline, pins, emulated=_foreign(pipeline)),
                *steps.freshness(pipeline),
                *steps.builder(pipeline, pins),
                steps.verb("Build, prove and publish", run, variables, pipeline, step="publish"),
                *steps.records("publish", pipeline, pins),
                dict([name, identity, ("if", condition), *rest]),
            ],
        }
    }


def _foreign(pipeline: Pipeline) -> tuple[Leg, ...]:
    """What the one machine of a single job does not run by itself."""
    return tuple(
        leg for leg in pipeline.legs if leg.runner.emulated or leg.runner.labels != pipeline.default
    )
