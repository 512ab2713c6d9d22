"""What starts a workflow, in GitHub's words.

Source: docs.github.com, "Workflow syntax for GitHub Actions", its part on filter patterns.
"""

import re
from collections.abc import Mapping

from polyarch.ci.pipelines.github_steps import literal
from polyarch.ci.pipelines.shape import Pipeline
from polyarch.ci.pipelines.triggers import Pattern
from polyarch.ci.pipelines.yaml_text import Node

_GLOB = re.compile(r"\*\*|\*|\?|\[[^\]]+\]|.", re.DOTALL)
_NO_SLASH = re.compile(r"\[[A-Za-z0-9][A-Za-z0-9-]*\]")
"""A set without a slash, also between the ends of its spans."""

_SAID = "inputs.ref"
_FULL = "startsWith(inputs.ref, 'refs/') && inputs.ref || format('refs/tags/{0}', inputs.ref)"


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


def triggers(pipeline: Pipeline) -> Mapping[str, Node]:
    """The table `on`."""
    told, found = pipeline.triggers, dict[str, Node]()
    names = {"branches": told.branches, "tags": told.tags}
    push = {kind: [filter_pattern(each) for each in some] for kind, some in names.items() if some}
    if push:
        found["push"] = push
    if told.release:
        found["release"] = {"types": ["published"]}
    times = [*told.schedule, *([told.watch] if told.watch else [])]
    if times:
        found["schedule"] = [{"cron": literal(time)} for time in times]
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


def event_variables() -> Mapping[str, Node]:
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
