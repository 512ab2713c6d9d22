"""The legs of a job.

Source: docs.github.com, "Workflow syntax", `jobs.<job_id>.strategy.matrix`.
"""

import itertools
from collections.abc import Mapping
from typing import Any

from tests.support.workflow.values import WorkflowError

MOST = 256


def legs(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `matrix` is worth in each leg, in the order of the file."""
    keys = [key for key in matrix if key not in {"include", "exclude"}]
    combinations = itertools.product(*(matrix[key] for key in keys)) if keys else ()
    made: list[dict[str, Any]] = [dict(zip(keys, each, strict=True)) for each in combinations]
    made = [leg for leg in made if not any(_has(leg, each) for each in matrix.get("exclude", []))]
    origin = [dict(leg) for leg in made]
    for entry in matrix.get("include", []):
        _include(entry, made, origin)
    if not 0 < len(made) <= MOST:
        raise WorkflowError(f"a matrix has {len(made)} legs")
    return made


def _include(
    entry: dict[str, Any], made: list[dict[str, Any]], origin: list[dict[str, Any]]
) -> None:
    """Add to every combination none of whose own values it would change, else be a leg itself."""
    fitting = [
        leg
        for leg, own in zip(made, origin, strict=False)
        if own and all(own.get(key, value) == value for key, value in entry.items())
    ]
    for leg in fitting:
        leg.update(entry)
    if not fitting:
        made.append(dict(entry))


def _has(leg: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(leg.get(key) == value for key, value in wanted.items())
