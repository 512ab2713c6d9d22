"""The job that watches what is published: on a schedule of its own, with logins that only read.

It tells people by itself, and only of what has changed since the watch before.
"""

from collections.abc import Mapping

from polyarch.ci.pipelines import github_permissions as permissions
from polyarch.ci.pipelines import github_steps as steps
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.shape import Pipeline
from polyarch.ci.pipelines.yaml_text import Node

_MIN = 60


def watch_job(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Mapping[str, Node]:
    """The job by its name; nothing where no time is set for it."""
    if not pipeline.triggers.watch:
        return {}
    variables = {
        # What anybody may read needs no login, so none has to be created for it.
        "POLYARCH_LOGINS": "optional",
        "GITHUB_TOKEN": "${{ github.token }}",
        # A secret for packages of another owner may write them.
        **steps.values(pipeline.watching, pull_requests=False, with_secrets=pipeline.stores_own),
        **steps.values(pipeline.telling, pull_requests=False),
    }
    run = f"polyarch watch{steps.options(pipeline)}"
    return {
        "watch": {
            "name": "watch",
            "if": f"${{{{ {steps.is_watch(pipeline)} }}}}",
            "runs-on": steps.runner(pipeline.default),
            "timeout-minutes": _MIN,
            "permissions": permissions.watching(pipeline),
            "steps": [
                *steps.preparing(pipeline, pins),
                steps.verb("Watch what is published", run, variables, pipeline, step="watch"),
                *steps.records("watch", pipeline, pins),
            ],
        }
    }
