"""The legs of a job's matrix, and texts of a workflow with their expressions worked out.

Source: docs.github.com, "Workflow syntax", `jobs.<job_id>.strategy.matrix`.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.ci.yaml import Tree

MAX_LEGS = 256
"""As many as GitHub runs."""

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"(matrix|env)((?:\.[A-Za-z_][\w-]*)+)")
_OWN = frozenset({"include", "exclude"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What `matrix` and `env` are worth in one run of a job."""

    matrix: Mapping[str, Tree]
    env: Mapping[str, str]

    def text(self, text: str) -> str | None:
        """A text with its expressions; None where only GitHub can work one out."""
        made: list[str] = []
        at = 0
        for found in _EXPRESSION.finditer(text):
            value = self._value(found[1].strip())
            if value is None:
                return None
            made += [text[at : found.start()], value]
            at = found.end()
        return "".join([*made, text[at:]])

    def _value(self, expression: str) -> str | None:
        path = _PATH.fullmatch(expression)
        if path is None:
            return None
        first, *rest = path[2].removeprefix(".").split(".")
        if path[1] == "env":
            known = self.env.get(first)
            return None if rest or known is None or "${{" in known else known
        tree = self.matrix.get(first)
        for key in rest:
            tree = tree.get(key) if tree else None
        return tree.text if tree else None


def legs_of(job: Tree, env: Mapping[str, str]) -> tuple[Leg, ...]:
    """The runs of a job; one without a matrix, none where the matrix is worked out elsewhere."""
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if strategy else None
    if matrix is None or matrix.is_null:
        return (Leg(matrix={}, env=env),)
    if matrix.table is None:
        return ()
    combinations = list(_combinations(matrix.table))
    if not combinations and _is_worked_out(matrix.table):
        return ()
    for entry in _entries(matrix.get("include")):
        _include(entry, combinations, _keys(matrix.table))
    excluded = [*_entries(matrix.get("exclude"))]
    kept = (
        each
        for each in combinations
        if not any(_has(each, entry, tuple(entry)) for entry in excluded)
    )
    return tuple(Leg(matrix=each, env=env) for each in kept)


def _keys(matrix: Mapping[str, Tree]) -> tuple[str, ...]:
    return tuple(key for key in matrix if key not in _OWN)


def _is_worked_out(matrix: Mapping[str, Tree]) -> bool:
    return any(tree.items is None for tree in matrix.values())


def _combinations(matrix: Mapping[str, Tree]) -> Iterator[dict[str, Tree]]:
    keys = _keys(matrix)
    lists = [matrix[key].items for key in keys]
    if not keys or any(items is None for items in lists):
        return
    found = itertools.product(*(items or () for items in lists))
    for values in itertools.islice(found, MAX_LEGS):
        yield dict(zip(keys, values, strict=True))


def _entries(tree: Tree | None) -> Iterator[Mapping[str, Tree]]:
    for item in (tree.items or ())[:MAX_LEGS] if tree else ():
        if item.table:
            yield item.table


def _include(entry: Mapping[str, Tree], legs: list[dict[str, Tree]], keys: tuple[str, ...]) -> None:
    """Add to the legs that agree on the matrix's own keys, else make a leg of it."""
    shared = tuple(key for key in keys if key in entry)
    fitting = [leg for leg in legs if keys and _has(leg, entry, shared) and set(keys) <= set(leg)]
    for leg in fitting:
        leg.update({key: value for key, value in entry.items() if key not in keys})
    if not fitting and len(legs) < MAX_LEGS:
        legs.append(dict(entry))


def _has(leg: Mapping[str, Tree], entry: Mapping[str, Tree], keys: tuple[str, ...]) -> bool:
    return all(key in leg and leg[key].text == entry[key].text for key in keys)
