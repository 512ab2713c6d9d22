"""Telling of one run: when it ends, or by a later job from the folder of its record."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.host.ci_event import CiEvent
from polyarch.notify.notice import Kind, Notice
from polyarch.notify.send import Delivery
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.history import standing_before
from polyarch.pipeline.packed_records import packed
from polyarch.pipeline.telling import Audience, Decision, Past, Result, cleaned, decide
from polyarch.pipeline.telling_act import ACTS, Act
from polyarch.pipeline.telling_notice import notice_of
from polyarch.pipeline.telling_past import Sources, past_of, summaries
from polyarch.pipeline.telling_watch import MOST_BEFORE, WATCH, Change, Watched
from polyarch.runs.alive import is_alive
from polyarch.runs.folder import state_folder
from polyarch.runs.history import folder_documents, tags_document
from polyarch.runs.moves import TagMove, parse_moves
from polyarch.runs.outcome import MOST_IMAGES
from polyarch.runs.reading import objects_of, text_of
from polyarch.runs.summary import RESULT_FILE, RunSummary
from polyarch.transaction.journal import FILE as JOURNAL

PLAN_FILE = "plan.json"

_LARGEST = 16 << 20
BY_ITSELF = "publish"
"""The verb that moves what users see and so tells. A build is a step of something larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was decided, and what became of each address."""

    decision: Decision
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that is over; `folder` is that of its record, None where it has none."""

    about: RunSummary
    result: JsonObject | None
    folder: Path | None

    @property
    def kind(self) -> Kind:
        """As far as the run itself knows."""
        if act := self.act:
            return act.kind
        good = Result.of_code(self.about.exit_code) is Result.GOOD
        return Kind.SUCCESS if good else Kind.FAILURE

    def notice(self, kind: Kind, url: str) -> Notice:
        """What there is to say of it."""
        plan = document(self.folder / PLAN_FILE) if self.folder else None
        told = notice_of(self.about, self.result, plan, kind, url=url, moving=self._began)
        act = self.act
        return act.notice(told) if act else told

    @property
    def act(self) -> Act | None:
        """It as an act on published images, None where it is none."""
        if self.about.verb not in ACTS:
            return None
        images = objects_of(self.result or {}, "images", MOST_IMAGES)
        found = {text_of(each, "name"): text_of(each, "source") for each in images}
        return Act(
            about=self.about,
            moves=self._moves(),
            began=self._began,
            sources={name: source for name, source in found.items() if name and source},
            goes_on=self._goes_on(),
        )

    def _goes_on(self) -> bool:
        """Whether the run before, of the same verb, died: this one has done what was left."""
        if self.folder is None:
            return False
        runs = self.folder.parent
        before = (each for each in summaries(runs) if each.id != self.about.id)
        last = next(before, None)
        if last is None or last.verb != self.about.verb or last.exit_code is not None:
            return False
        return last.environment == self.about.environment and not is_alive(runs / last.id)

    @property
    def _began(self) -> bool:
        return self.folder is not None and (self.folder / JOURNAL).exists()

    def _moves(self) -> tuple[TagMove, ...]:
        """What its record says of tags; nothing where it cannot be read."""
        if self.folder is None:
            return ()
        with suppress(OSError, PolyarchError):
            before = standing_before(self.folder)
            return parse_moves(tags_document(folder_documents(self.folder), before))
        return ()


def tell_of(
    run: EndedRun,
    event: CiEvent,
    project: Project,
    audience: Audience,
    sources: Sources,
) -> Told:
    """Tell of a run whoever is to be told."""
    if act := run.act:
        return tell_of_act(run, act, event, project, audience)
    result = Result.of_code(run.about.exit_code)
    past = known_past(result, project, event, run.about, sources)
    decision = decide(result, past, project.notify.on, pull_request=event.is_pull_request)
    url = event.run_url or ""
    return tell(decision, result, audience, lambda kind: run.notice(kind, url))


def tell_of_act(
    run: EndedRun, act: Act, event: CiEvent, project: Project, audience: Audience
) -> Told:
    """Tell of an act; one that moved nothing is no news for those that keep a state either."""
    decision = act.decide(event, project.notify.on)
    if decision.kind is not None:
        addresses = audience.addresses
    else:
        addresses = audience.keepers if act.kind is Kind.ACT and act.changed else ()
    if not addresses:
        return Told(decision=decision)
    notice = run.notice(decision.kind or act.kind, event.run_url or "")
    return Told(decision=decision, deliveries=audience.tell(notice, addresses))


def tell_of_watch(
    run: EndedRun,
    event: CiEvent,
    project: Project,
    audience: Audience,
    before: Callable[[], Iterable[EndedRun]],
) -> Told:
    """Tell of a watch, where it has found something else than the ones `before`, newest first."""
    if event.is_fork:
        reason = "it was for a pull request from a fork"
        return Told(decision=Decision(kind=None, reason=reason))
    now = Watched.of(run.about, run.result)
    same = (
        each
        for each in before()
        if each.about.id != run.about.id and each.about.environment == run.about.environment
    )
    past = (Watched.of(each.about, each.result) for each in same)
    change = Change(now=now, known=now.known(islice(past, MOST_BEFORE)))
    url = event.run_url or ""
    return tell(
        change.decide(project.notify.on),
        now.result,
        audience,
        lambda kind: change.notice(run.notice(kind, url)),
    )


def watches_in(runs: Path) -> Iterator[EndedRun]:
    """The watches whose records lie in a folder, newest first."""
    for about in summaries(runs):
        if about.verb == WATCH and not about.sandbox:
            folder = runs / about.id
            yield EndedRun(about=about, result=document(folder / RESULT_FILE), folder=folder)


def known_past(
    result: Result,
    project: Project,
    event: CiEvent,
    about: RunSummary,
    sources: Sources,
) -> Past:
    """What is known of other runs, where anything depends on it."""
    recovering = result is Result.GOOD and Kind.RECOVERY in project.notify.on
    if recovering or result is Result.CANCELLED:
        return past_of(event, about, sources)
    return Past()


def tell(
    decision: Decision,
    result: Result,
    audience: Audience,
    notice: Callable[[Kind], Notice],
) -> Told:
    """Send what was decided; those that keep a state hear of a success in any case."""
    if decision.kind is not None:
        sent = audience.tell(notice(decision.kind), audience.addresses)
    elif result is Result.GOOD and audience.keepers:
        sent = audience.tell(notice(Kind.SUCCESS), audience.keepers)
    else:
        return Told(decision=decision)
    return Told(decision=decision, deliveries=sent)


def left_behind(run: EndedRun, event: CiEvent, audience: Audience) -> str:
    """The notice of a run for a job that tells of all, packed into one line."""
    notice = cleaned(run.notice(run.kind, event.run_url or ""), audience.hide)
    return packed(json.dumps(notice.to_json(), separators=(",", ":")).encode())


def last_bad(project: Project, event: CiEvent) -> EndedRun | None:
    """The newest record of a run for this event that did not go well."""
    runs = runs_of(project)
    same = {"name": event.name, "ref": event.ref, "sha": event.sha}
    about = next((each for each in summaries(runs) if _is_bad(each, same)), None)
    if about is None:
        return None
    folder = runs / about.id
    return EndedRun(about=about, result=document(folder / RESULT_FILE), folder=folder)


def _is_bad(about: RunSummary, event: Mapping[str, str]) -> bool:
    bad = Result.of_code(about.exit_code) is Result.BAD and not about.sandbox
    return bad and about.event == event


def runs_of(project: Project) -> Path:
    """The folder of this machine's records."""
    return state_folder(project.root, project.root) / "runs"


def document(path: Path) -> JsonObject | None:
    """A JSON object of a record; None where there is none that can be read."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
