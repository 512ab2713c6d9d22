"""A workflow of GitHub Actions, whole: its events, jobs and steps as they are written.

`workflow` reads what judging platforms needs; this keeps what an import needs besides: conditions,
variables, versions of actions, permissions and called workflows.

Source: docs.github.com, "Workflow syntax".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.ci.expression_functions import value_of
from polyarch.ci.expression_values import Table, Value
from polyarch.ci.matrix import Leg, legs_of
from polyarch.ci.yaml import Tree, read_yaml
from polyarch.errors import YamlError

Written = Mapping[str, Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """One step; `uses` is without its version and in lower case, `condition` may be empty."""

    identity: str
    name: str
    line: int
    uses: str
    version: str
    run: str
    shell: str
    condition: str
    env: Written
    inputs: Written

    def input(self, key: str) -> str:
        """An input as written; empty where it is not given."""
        tree = self.inputs.get(key)
        return (tree.text or "") if tree else ""

    def line_of(self, key: str, begins: str = "") -> int:
        """The line of an input, or of what begins so in one of several lines; else of the step."""
        tree = self.inputs.get(key)
        if tree is None:
            return self.line
        lines = (tree.text or "").splitlines()
        if begins and len(lines) > 1:
            for number, line in enumerate(lines, tree.line + 1):
                if line.strip().strip("\"'").startswith(begins):
                    return number
        return tree.line


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowJob:
    """One job; `called` is the workflow that it calls instead of having steps, with its version."""

    name: str
    line: int
    condition: str
    needs: tuple[str, ...]
    runner: str
    env: Written
    outputs: Written
    permissions: Tree | None
    concurrency: Tree | None
    legs: tuple[Leg, ...]
    has_matrix: bool
    steps: tuple[FlowStep, ...]
    called: str
    inputs: Written
    secrets: Tree | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A whole file; `events` are the entries of `on` by name, each None where it has no keys."""

    file: str
    events: Mapping[str, Tree | None]
    events_line: int
    env: Written
    permissions: Tree | None
    concurrency: Tree | None
    jobs: tuple[FlowJob, ...]

    def job(self, name: str) -> FlowJob | None:
        """One of its jobs."""
        return next((each for each in self.jobs if each.name == name), None)


def read_flow(raw: bytes, name: str) -> Flow:
    """Read a file; one of another CI comes out without jobs.

    Raises:
        YamlError: it cannot be read.
    """
    tree = read_yaml(raw, name)
    if tree.table is None:
        raise YamlError(name, tree.line, "a workflow is a table")
    on, jobs = tree.get("on"), tree.get("jobs")
    return Flow(
        file=name,
        events=dict(_events(on)),
        events_line=on.line if on else 1,
        env=_table(tree.get("env")),
        permissions=tree.get("permissions"),
        concurrency=tree.get("concurrency"),
        jobs=tuple(_job(key, job) for key, job in _table(jobs).items() if on and job.table),
    )


def tree_value(tree: Tree | None) -> Value:
    """What a part of the file is as a value: words for yes, no and nothing as YAML has them."""
    if tree is None or tree.is_null:
        return None
    if tree.items is not None:
        return tuple(tree_value(each) for each in tree.items)
    if tree.table is not None:
        return Table(values={key: tree_value(each) for key, each in tree.table.items()})
    plain = {"true": True, "false": False}.get(tree.text or "")
    return value_of(plain) if plain is not None else tree.text


def _events(on: Tree | None) -> Iterator[tuple[str, Tree | None]]:
    if on is None:
        return
    if on.text is not None:
        yield on.text, None
    for item in on.items or ():
        if item.text is not None:
            yield item.text, None
    for key, value in (on.table or {}).items():
        yield key, None if value.is_null or value.text is not None else value


def _job(name: str, tree: Tree) -> FlowJob:
    strategy = tree.get("strategy")
    uses = _text(tree, "uses")
    return FlowJob(
        name=name,
        line=tree.line,
        condition=_text(tree, "if"),
        needs=_words(tree.get("needs")),
        runner=_text(tree, "runs-on"),
        env=_table(tree.get("env")),
        outputs=_table(tree.get("outputs")),
        permissions=tree.get("permissions"),
        concurrency=tree.get("concurrency"),
        legs=legs_of(tree, {}),
        has_matrix=bool(strategy and strategy.get("matrix")),
        steps=tuple(_steps(tree.get("steps"))),
        called=uses,
        inputs=_table(tree.get("with")),
        secrets=tree.get("secrets"),
    )


def _steps(tree: Tree | None) -> Iterator[FlowStep]:
    for item in (tree.items or ()) if tree else ():
        uses, _, version = _text(item, "uses").partition("@")
        yield FlowStep(
            identity=_text(item, "id"),
            name=_text(item, "name"),
            line=item.line,
            uses=uses.lower(),
            version=version.strip(),
            run=_text(item, "run"),
            shell=_text(item, "shell"),
            condition=_text(item, "if"),
            env=_table(item.get("env")),
            inputs=_table(item.get("with")),
        )


def _text(tree: Tree, key: str) -> str:
    found = tree.get(key)
    return (found.text or "") if found else ""


def _table(tree: Tree | None) -> Written:
    return (tree.table or {}) if tree else {}


def _words(tree: Tree | None) -> tuple[str, ...]:
    if tree is None:
        return ()
    listed = tree.items if tree.items is not None else (tree,)
    return tuple(each.text for each in listed if each.text)
