"""Whether polyarch.toml publishes the tags that a workflow publishes, event by event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyarch.ci.importing.occasion import MOMENT, Occasion
from polyarch.ci.importing.patterns import fits
from polyarch.ci.importing.triggers import Triggers
from polyarch.ci.importing.workflow_draft import WorkflowReading
from polyarch.config.project import Project
from polyarch.errors import InvalidRuleError, InvalidTemplateError
from polyarch.host.ci_event import BRANCH, TAG
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.policy import may_publish
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.naming import unchecked_names
from polyarch.pipeline.scope import of_version_tag

SCHEMA = "polyarch.comparison/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event. `same` None: what the workflow gives is not known whole.

    `unknown` are its references that only a run can tell. `note` says what there is to say where
    nothing is published.
    """

    title: str
    event: str
    ref: str
    same: bool | None
    old_only: tuple[str, ...]
    new_only: tuple[str, ...]
    both: tuple[str, ...]
    unknown: tuple[str, ...]
    note: str = ""

    def to_json(self) -> JsonObject:
        """The same as data."""
        return {
            "title": self.title,
            "event": self.event,
            "ref": self.ref,
            "same": self.same,
            "workflow_only": list(self.old_only),
            "polyarch_only": list(self.new_only),
            "both": list(self.both),
            "unknown": list(self.unknown),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All events that were tried."""

    workflow: str
    rows: tuple[Row, ...]

    @property
    def same(self) -> bool:
        """Whether every event gives the same."""
        return all(row.same is True for row in self.rows)

    def to_json(self) -> JsonObject:
        """The document `polyarch.comparison/v1`."""
        return {
            "schema": SCHEMA,
            "workflow": self.workflow,
            "same": self.same,
            "events": [row.to_json() for row in self.rows],
        }


def compare(
    project: Project, reading: WorkflowReading, only: Sequence[Occasion] = ()
) -> Comparison:
    """Try events on both: those named, else the usual ones and those that the file speaks of."""
    surface = reading.rehearsal.surface
    occasions = only or (*usual(surface.default_branch, reading.triggers), *reading.occasions)
    unique = {(each.name, each.ref, each.is_fork): each for each in reversed(occasions)}
    rows = tuple(_row(project, reading, each) for each in reversed(unique.values()))
    return Comparison(workflow=reading.flow.file, rows=rows)


def usual(default: str, triggers: Triggers) -> tuple[Occasion, ...]:
    """One event of each kind that projects know."""
    main, release = f"{BRANCH}{default}", f"{TAG}v1.2.3"
    by_hand = triggers.dispatch or {}
    return (
        Occasion(title=f"push to {default}", name="push", ref=main, kind="branch"),
        Occasion(title="push to topic", name="push", ref=f"{BRANCH}topic", kind="branch"),
        Occasion(title="tag v1.2.3", name="push", ref=release, kind="tag"),
        Occasion(title="tag v1.2.4-rc.1", name="push", ref=f"{TAG}v1.2.4-rc.1", kind="tag"),
        Occasion(title="schedule", name="schedule", ref=main, kind="schedule"),
        Occasion(title="pull request", name="pull_request", ref="refs/pull/7/merge"),
        Occasion(
            title="release v1.2.3", name="release", ref=release, kind="release", action="published"
        ),
        Occasion(
            title=f"dispatch on {default}",
            name="workflow_dispatch",
            ref=main,
            kind="dispatch",
            inputs=by_hand,
        ),
    )


def starts(triggers: Triggers, occasion: Occasion) -> bool:
    """Whether an event starts the workflow at all."""
    match occasion.name:
        case "push":
            patterns = triggers.tags if occasion.is_tag else triggers.branches
            return fits(occasion.ref_name, patterns)
        case "release":
            return occasion.action in (triggers.release or ())
        case "schedule":
            return bool(triggers.schedule)
        case "workflow_dispatch":
            return triggers.dispatch is not None
        case "pull_request":
            return triggers.pull_request
        case _:
            return False


def _row(project: Project, reading: WorkflowReading, occasion: Occasion) -> Row:
    started = starts(reading.triggers, occasion)
    pushed = reading.rehearsal.pushed(occasion) if started else ()
    old = frozenset(each for one in pushed for each in one.references if "${{" not in each)
    unknown = tuple(dict.fromkeys(each for one in pushed for each in one.unknown))
    unnamed = [each for one in pushed for each in one.references if "${{" in each]
    new = frozenset(_new(project, reading, occasion)) if started else frozenset[str]()
    same: bool | None = old == new
    unknown = tuple(dict.fromkeys((*unknown, *unnamed)))
    if unknown and old <= new:
        same = None
    return Row(
        title=occasion.title,
        event=occasion.name,
        ref=occasion.ref,
        same=same,
        old_only=tuple(sorted(old - new)),
        new_only=tuple(sorted(new - old)),
        both=tuple(sorted(old & new)),
        unknown=unknown,
        note="" if old or new else _note(started=started),
    )


def _note(*, started: bool) -> str:
    return "nothing is published" if started else "the workflow does not start"


def _new(project: Project, reading: WorkflowReading, occasion: Occasion) -> Iterator[str]:
    """The references that polyarch.toml gives for an event that started its pipeline."""
    event = occasion.event(reading.rehearsal.surface)
    if may_publish(event, project.publish.on).publish:
        yield from references(project, reading, occasion)


def references(project: Project, reading: WorkflowReading, occasion: Occasion) -> Iterator[str]:
    """What polyarch.toml calls its images for an event, published or not."""
    surface = reading.rehearsal.surface
    event = occasion.event(surface)
    own = of_version_tag(project, event)
    facts = RepositoryFacts(default_branch=surface.default_branch)
    for name, image in project.images.items():
        if own and name not in own:
            continue
        try:
            names = unchecked_names(image, event, facts, MOMENT, created=MOMENT)
        except (InvalidRuleError, InvalidTemplateError):
            continue
        yield from (f"{place}:{tag}" for place in image.repositories for tag in names.tags)
