"""Whether an event starts a workflow.

Source: docs.github.com, "Workflow syntax", `on` and its filter patterns.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.workflow.events import BRANCH, TAG, Event
from tests.support.workflow.values import WorkflowError

_PULL_TYPES = ("opened", "synchronize", "reopened")
_KNOWN = {
    "push": {"branches", "branches-ignore", "tags", "tags-ignore"},
    "pull_request": {"branches", "branches-ignore", "types"},
    "release": {"types"},
    "workflow_dispatch": {"inputs"},
    "merge_group": {"types", "branches"},
}


def starts(on: Any, event: Event) -> bool:
    """Whether `on` lists the event.

    Raises:
        WorkflowError: it has a filter that this runner does not know.
    """
    if isinstance(on, str | list):
        on = dict.fromkeys([on] if isinstance(on, str) else on)
    if event.name not in on:
        return False
    given = on[event.name] or {}
    if event.name == "schedule":
        return event.more["schedule"] in [each["cron"] for each in given]
    if unknown := set(given) - _KNOWN.get(event.name, set()):
        raise WorkflowError(f"on.{event.name} has {sorted(unknown)}")
    if event.name == "push":
        return _is_pushed(given, event)
    if event.name == "pull_request":
        types = given.get("types", _PULL_TYPES)
        return event.more["action"] in types and _fits(given, "branches", event.base_ref)
    if event.name == "release":
        return "types" not in given or event.more["action"] in given["types"]
    return True


def inputs(on: Any, event: Event) -> dict[str, Any]:
    """The `inputs` of a run that was started by hand, with what stands in for those not given."""
    if event.name != "workflow_dispatch":
        return {}
    declared = ((on["workflow_dispatch"] or {}) if isinstance(on, dict) else {}).get("inputs") or {}
    given = event.more["inputs"]
    if unknown := set(given) - set(declared):
        raise WorkflowError(f"the workflow takes no input {sorted(unknown)}")
    if missing := [n for n, each in declared.items() if each.get("required") and n not in given]:
        raise WorkflowError(f"the workflow wants an input {missing}")
    return {name: given.get(name, each.get("default", "")) for name, each in declared.items()}


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether a name fits patterns, of which later ones with `!` take away again."""
    found = False
    for pattern in patterns:
        if _pattern(pattern.removeprefix("!")).fullmatch(name):
            found = not pattern.startswith("!")
    return found


def _is_pushed(given: Mapping[str, Any], event: Event) -> bool:
    kinds = {"branches": BRANCH, "tags": TAG}
    kind = next(kind for kind, prefix in kinds.items() if event.ref.startswith(prefix))
    [other] = set(kinds) - {kind}
    if any(key in given for key in (kind, f"{kind}-ignore")):
        return _fits(given, kind, event.ref_name)
    # A filter of one kind alone shuts the other out.
    return not any(key in given for key in (other, f"{other}-ignore"))


def _fits(given: Mapping[str, Any], key: str, name: str) -> bool:
    if key in given:
        return matches(_texts(given[key]), name)
    return not matches(_texts(given.get(f"{key}-ignore", [])), name)


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _pattern(text: str) -> re.Pattern[str]:
    """`*` stops at a slash, `**` does not; `?` and `+` count what stands before them."""
    made, at = "", 0
    while at < len(text):
        if text.startswith("**", at):
            made, at = f"{made}.*", at + 2
            continue
        end = text.find("]", at) if text[at] == "[" else -1
        if end > at:
            made, at = made + text[at : end + 1], end + 1
            continue
        sign = text[at]
        made += "[^/]*" if sign == "*" else sign if sign in "?+" else re.escape(sign)
        at += 1
    return re.compile(made, re.DOTALL)
