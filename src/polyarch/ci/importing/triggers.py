"""What starts a workflow, and made-up events that stand for all of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarch.ci.expressions import expressions_in
from polyarch.ci.importing.flow import Flow
from polyarch.ci.importing.occasion import Occasion, Surface
from polyarch.ci.importing.patterns import example_of, fits
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.yaml import Tree
from polyarch.host.ci_event import BRANCH, TAG
from polyarch.host.event_forms import KNOWN_EVENTS

_KNOWN = frozenset(
    {"push", "release", "schedule", "workflow_dispatch", "pull_request", "merge_group"}
)
_TAGS = (
    "v1.2.3", "v1.2.4-rc.1", "v0.3.4", "1.2.3", "1.2.4-rc.1", "0.3.4", "2026.3.4", "1.2.3-r4",
)  # fmt: skip
_BRANCHES = ("feature/x", "release-1.2", "topic")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_ANY = ("**",)
_MOST_SPOKEN = 40
_MOST_PATTERNS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """`on`, read. Patterns are GitHub's; empty lists take nothing.

    `release` are the types of release events, None where they start nothing; `dispatch` the inputs
    of a start by hand with their defaults, likewise.
    """

    branches: tuple[str, ...]
    tags: tuple[str, ...]
    release: tuple[str, ...] | None
    schedule: tuple[str, ...]
    dispatch: Mapping[str, str] | None
    pull_request: bool
    merge_group: bool
    told: tuple[Told, ...]


def triggers_of(flow: Flow) -> Triggers:
    """Read `on`."""
    events = flow.events
    branches, tags = _pushes(events.get("push"))
    release = events.get("release")
    schedule = events.get("schedule")
    dispatch = events.get("workflow_dispatch")
    return Triggers(
        branches=branches if "push" in events else (),
        tags=tags if "push" in events else (),
        release=(_words(release, "types") or ("published",)) if "release" in events else None,
        schedule=tuple(
            cron.text for item in (schedule.items or ()) if (cron := item.get("cron")) and cron.text
        )
        if schedule
        else (),
        dispatch=dict(_inputs(dispatch)) if "workflow_dispatch" in events else None,
        pull_request="pull_request" in events,
        merge_group="merge_group" in events,
        told=tuple(_told(flow)),
    )


def occasions_of(flow: Flow, triggers: Triggers, surface: Surface) -> tuple[Occasion, ...]:
    """Events that the file is run for, at least one of each kind and of each pattern.

    Names that its conditions speak of are among them, so that conditions show what they do.
    """
    spoken = tuple(dict.fromkeys(_spoken(flow)))[:_MOST_SPOKEN]
    found = [
        *_branches(triggers, surface, spoken),
        *_tags(triggers, spoken),
        *_others(triggers, surface, spoken),
    ]
    return tuple({(each.name, each.ref, each.is_fork): each for each in found}.values())


def _branches(triggers: Triggers, surface: Surface, spoken: Sequence[str]) -> Iterator[Occasion]:
    names = [surface.default_branch, *spoken, *_BRANCHES]
    for pattern in triggers.branches:
        if not pattern.startswith("!"):
            example = example_of(pattern, ())
            names += [example] if example else []
    for name in dict.fromkeys(names):
        if fits(name, triggers.branches):
            yield Occasion(
                title=f"push to {name}", name="push", ref=f"{BRANCH}{name}", kind="branch"
            )


def _tags(triggers: Triggers, spoken: Sequence[str]) -> Iterator[Occasion]:
    names = [*_TAGS, *spoken]
    for pattern in triggers.tags:
        if not pattern.startswith("!"):
            example = example_of(pattern, ())
            names += [example] if example else []
    for name in dict.fromkeys(names):
        if fits(name, triggers.tags):
            yield Occasion(title=f"tag {name}", name="push", ref=f"{TAG}{name}", kind="tag")


def _others(triggers: Triggers, surface: Surface, spoken: Sequence[str]) -> Iterator[Occasion]:
    default = f"{BRANCH}{surface.default_branch}"
    if triggers.release is not None:
        action = "published" if "published" in triggers.release else triggers.release[0]
        names = [*_TAGS[:6], *(each for each in spoken if re.match(r"v?[0-9]", each))]
        for name in dict.fromkeys(names):
            yield Occasion(
                title=f"release {name}",
                name="release",
                ref=f"{TAG}{name}",
                kind="release",
                action=action,
            )
    if triggers.schedule:
        yield Occasion(title="schedule", name="schedule", ref=default, kind="schedule")
    if triggers.dispatch is not None:
        for ref, title in ((default, surface.default_branch), (f"{BRANCH}topic", "topic")):
            yield Occasion(
                title=f"dispatch on {title}",
                name="workflow_dispatch",
                ref=ref,
                kind="dispatch",
                inputs=triggers.dispatch,
            )
    if triggers.pull_request:
        yield Occasion(title="pull request", name="pull_request", ref="refs/pull/7/merge")


def _spoken(flow: Flow) -> Iterator[str]:
    """Names of branches and tags in the expressions of a file, and names that begin as they do."""
    texts: list[str] = []
    for job in flow.jobs:
        texts += [job.condition, *(tree.text or "" for tree in job.inputs.values())]
        for step in job.steps:
            texts += [step.condition, *(tree.text or "" for tree in step.inputs.values())]
    for text in texts:
        # Names of events are none of branches.
        for expression in (*expressions_in(text), text if "${{" not in text else ""):
            for found in _QUOTED.finditer(expression[:2000]):
                word = re.sub(r"^refs/(?:heads|tags)/?", "", found[1])
                if word in KNOWN_EVENTS:
                    continue
                if re.fullmatch(r"[A-Za-z0-9._/-]{1,60}", word) and not word.endswith(("/", ".")):
                    yield word
                if re.fullmatch(r"[A-Za-z0-9._/-]{1,60}", word):
                    yield f"{word}1.2" if word.endswith(".") else f"{word}x"


def _pushes(tree: Tree | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Branches and tags of `push`; one that is not named takes none where the other is."""
    branches, tags = _words(tree, "branches"), _words(tree, "tags")
    no_branches, no_tags = _words(tree, "branches-ignore"), _words(tree, "tags-ignore")
    if no_branches:
        branches = ("**", *(f"!{each}" for each in no_branches))
    if no_tags:
        tags = ("**", *(f"!{each}" for each in no_tags))
    if not branches and not tags:
        return _ANY, _ANY
    return branches, tags


def _words(tree: Tree | None, key: str) -> tuple[str, ...]:
    found = tree.get(key) if tree else None
    if found is None:
        return ()
    listed = found.items if found.items is not None else (found,)
    return tuple(each.text for each in listed if each.text)[:_MOST_PATTERNS]


def _inputs(tree: Tree | None) -> Iterator[tuple[str, str]]:
    found = tree.get("inputs") if tree else None
    for name, each in ((found.table or {}) if found else {}).items():
        default = each.get("default")
        yield name, (default.text or "") if default else ""


def _told(flow: Flow) -> Iterator[Told]:
    for name, tree in flow.events.items():
        line = tree.line if tree else flow.events_line
        for key in ("paths", "paths-ignore"):
            if tree and (paths := tree.get(key)):
                yield Told(
                    kind=Kind.LEFT,
                    line=paths.line,
                    what=f"on.{name}.{key}",
                    why="polyarch compares what goes into each image, not which files a push has",
                    todo="nothing: an image whose context, Dockerfile and bases are unchanged is"
                    " not built again",
                )
        if name == "release" and tree:
            types = [each for each in _words(tree, "types") if each != "published"]
            if types:
                yield Told(
                    kind=Kind.CHANGED,
                    line=tree.line,
                    what=f"on.release.types: {', '.join(types)}",
                    why="the generated pipeline starts for published releases alone",
                    todo="publish releases, or start the pipeline by hand",
                )
        if name == "workflow_dispatch" and tree and tree.get("inputs"):
            yield Told(
                kind=Kind.LEFT,
                line=tree.line,
                what="on.workflow_dispatch.inputs: " + ", ".join(key for key, _ in _inputs(tree)),
                why="a run by hand takes a ref and nothing else",
                todo="start it on the branch or tag that is meant",
            )
        if name not in _KNOWN:
            yield Told(
                kind=Kind.LEFT,
                line=line,
                what=f"on.{name}",
                why="no key of polyarch.toml starts anything for it",
                todo="call `polyarch publish` from there yourself if it is needed",
            )
