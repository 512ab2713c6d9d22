"""A workflow of GitHub Actions.

One job per platform builds, proves and stages; one joins what they staged and publishes it; one
tells people. Or, for a small project, one job does it all. Source for forms: docs.github.com,
"Workflow syntax for GitHub Actions".
"""

import re
from collections.abc import Mapping

from polyarch.ci.pipelines import github_steps as steps
from polyarch.ci.pipelines.head import head
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.shape import PART_PREFIX, Leg, Pipeline
from polyarch.ci.pipelines.triggers import Pattern
from polyarch.ci.pipelines.yaml_text import Node, yaml_text

FOLDER = ".github/workflows"
_GLOB = re.compile(r"\*\*|\*|\?|\[[^\]]+\]|.", re.DOTALL)
_NO_SLASH = re.compile(r"\[[A-Za-z0-9][A-Za-z0-9-]*\]")
"""A set without a slash, also between the ends of its spans."""

_NATIVE_MIN, _EMULATED_MIN, _JOIN_MIN, _NOTICE_MIN = 90, 350, 90, 10
"""Minutes; without any a job may hang for six hours."""

_SILENT = {"POLYARCH_NOTIFY": "off"}
"""One job, or one step, tells people for all."""

_OWN_RESULT = """\
{"publish": {"result": ${{ toJSON(job.status) }},
 "outputs": {"notice": ${{ toJSON(steps.publish.outputs.notice) }}}}}
"""
_SAID = "inputs.ref"
_FULL = "startsWith(inputs.ref, 'refs/') && inputs.ref || format('refs/tags/{0}', inputs.ref)"


def github_workflow(pipeline: Pipeline, pins: Mapping[str, Pin]) -> str:
    """The text of the file."""
    return head(pipeline) + yaml_text(github_tree(pipeline, pins))


def github_tree(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    """What the file says, without its head."""
    told: dict[str, Node] = {}
    if pipeline.triggers.dispatch:
        told["env"] = _event_variables()
    run: dict[str, Node] = {"shell": "bash"}
    if pipeline.folder != ".":
        run["working-directory"] = pipeline.folder
    return {
        "name": steps.literal(pipeline.name),
        "on": _triggers(pipeline),
        "permissions": {},
        "concurrency": {
            "group": "${{ github.workflow }}-${{ github.ref }}-${{ inputs.ref }}"
            if pipeline.triggers.dispatch
            else "${{ github.workflow }}-${{ github.ref }}",
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        **told,
        "defaults": {"run": run},
        "jobs": _single(pipeline, pins) if pipeline.single else _jobs(pipeline, pins),
    }


def github_permissions(pipeline: Pipeline) -> Mapping[str, Mapping[str, str]]:
    """What each job's token may do, by job."""
    if pipeline.single:
        return {"publish": _publishing_permissions(pipeline) | _telling_permissions(pipeline)}
    return {
        **{f"build-{leg.word}": _building_permissions(pipeline) for leg in pipeline.legs},
        "publish": _publishing_permissions(pipeline),
        "notify": _telling_permissions(pipeline),
    }


def filter_pattern(pattern: Pattern) -> str:
    """A filter of GitHub's that fits at least the same names.

    GitHub knows no sign for any one character, and few sets: `*` stands for both.
    """
    if pattern.raw:
        return _inert(pattern.text)
    parts = (_filter_part(found[0]) for found in _GLOB.finditer(pattern.text))
    return _inert(re.sub(r"\*{3,}", "**", "".join(parts)))


def _inert(pattern: str) -> str:
    """A filter in which no expression begins, and that fits no name less."""
    return pattern.replace("${{", "*{{")


def _filter_part(part: str) -> str:
    if part in {"*", "**"}:
        return part
    if part == "?" or _NO_SLASH.fullmatch(part):
        return _lone(part) or "*"
    if len(part) > 1:
        return _lone(part) or "**"
    return f"\\{part}" if part in "+!\\[]" else part


def _lone(part: str) -> str:
    """The one character that a set stands for, as a filter has it; empty for any other."""
    return f"\\{part[1]}" if len(part) == len("[x]") and part[0] == "[" else ""


def _triggers(pipeline: Pipeline) -> Mapping[str, Node]:
    told, found = pipeline.triggers, dict[str, Node]()
    names = {"branches": told.branches, "tags": told.tags}
    push = {kind: [filter_pattern(each) for each in some] for kind, some in names.items() if some}
    if push:
        found["push"] = push
    if told.release:
        found["release"] = {"types": ["published"]}
    if told.schedule:
        found["schedule"] = [{"cron": steps.literal(time)} for time in told.schedule]
    if told.dispatch:
        found["workflow_dispatch"] = {
            "inputs": {
                "ref": {
                    "description": "A tag to build again, as v1.2.3; empty: what is chosen above",
                    "type": "string",
                    "default": "",
                }
            }
        }
    if told.pull_request:
        found["pull_request"] = {}
    return found


def _event_variables() -> Mapping[str, Node]:
    """Who starts it by hand may name a tag: then that is what the run is for."""
    told = {
        "POLYARCH_EVENT": f"{_SAID} && 'workflow_dispatch' || ''",
        "POLYARCH_REF": f"{_SAID} && ({_FULL}) || ''",
        "POLYARCH_REPOSITORY": "github.repository",
        "POLYARCH_REPOSITORY_URL": "github.event.repository.html_url",
        "POLYARCH_DESCRIPTION": "github.event.repository.description",
        "POLYARCH_LICENSE": "github.event.repository.license.spdx_id",
        "POLYARCH_DEFAULT_BRANCH": "github.event.repository.default_branch",
        "POLYARCH_ACTOR": "github.actor",
        "POLYARCH_RUN_ID": "github.run_id",
        "POLYARCH_RUN_URL": "format('{0}/{1}/actions/runs/{2}', github.server_url,"
        " github.repository, github.run_id)",
    }
    return {name: f"${{{{ {value} }}}}" for name, value in told.items()}


def _jobs(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    building = {f"build-{leg.word}": _building(leg, pipeline, pins) for leg in pipeline.legs}
    joining = {"publish": _joining(pipeline, pins)}
    needed = [*building, *joining]
    return {**building, **joining, "notify": _telling(pipeline, pins, needed)}


def _building(leg: Leg, pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    emulated = (leg,) if leg.runner.emulated else ()
    variables = {
        **_SILENT,
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
        "runs-on": _runner(leg.runner.labels),
        "timeout-minutes": _EMULATED_MIN if emulated else _NATIVE_MIN,
        "permissions": _building_permissions(pipeline),
        "outputs": {
            "parts": "${{ steps.parts.outputs.parts }}",
            "notice": "${{ steps.build.outputs.notice }}",
        },
        "steps": [
            *steps.preparing(pipeline, pins, emulated=emulated),
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
        "if": f"${{{{ {steps.NO_PULL_REQUEST} }}}}",
        "runs-on": _runner(pipeline.default),
        "timeout-minutes": _JOIN_MIN,
        "permissions": _publishing_permissions(pipeline),
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
        "if": f"${{{{ always() && {steps.NO_PULL_REQUEST} }}}}",
        "runs-on": _runner(pipeline.default),
        "timeout-minutes": _NOTICE_MIN,
        "permissions": _telling_permissions(pipeline),
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
            "runs-on": _runner(pipeline.default),
            "timeout-minutes": _EMULATED_MIN,
            "permissions": _publishing_permissions(pipeline) | _telling_permissions(pipeline),
            "steps": [
                *steps.preparing(pipeline, pins, emulated=_foreign(pipeline)),
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


def _building_permissions(pipeline: Pipeline) -> dict[str, str]:
    return {"contents": "read", **({"packages": "write"} if pipeline.uses_own else {})}


def _telling_permissions(pipeline: Pipeline) -> dict[str, str]:
    """`actions` tells how the run before this one ended."""
    issues = {"issues": "write"} if pipeline.issues else {}
    return {"contents": "read", "actions": "read", **issues}


def _publishing_permissions(pipeline: Pipeline) -> dict[str, str]:
    """GitHub's registry is written to where images go there, and read where parts come from."""
    if pipeline.fills_own:
        return {"contents": "read", "packages": "write"}
    staged = pipeline.uses_own and not pipeline.single
    return {"contents": "read", **({"packages": "read"} if staged else {})}


def _runner(labels: tuple[str, ...]) -> Node:
    return labels[0] if len(labels) == 1 else list(labels)
