"""Telling once of a pipeline of several jobs, by its last."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from polyarch._version import __version__
from polyarch.config.project import Project
from polyarch.host.ci_event import CiEvent
from polyarch.notify.notice import Kind, Notice
from polyarch.pipeline.telling import Audience, Decision, Result, decide
from polyarch.pipeline.telling_needs import Needs, told_by
from polyarch.pipeline.telling_notice import bare_notice, title_of
from polyarch.pipeline.telling_past import Sources
from polyarch.pipeline.telling_reach import NOT_KNOWN, reaching, tags_now
from polyarch.pipeline.telling_run import Told, known_past, last_bad, tell
from polyarch.pipeline.telling_unread import Unread
from polyarch.runs.summary import RunSummary

_STATUSES = {"failure": Result.BAD, "success": Result.GOOD, "cancelled": Result.CANCELLED}
_ENDS = {Result.BAD: "the pipeline failed", Result.CANCELLED: "the pipeline was cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastJob:
    """The job that tells; where the config is `unread`, `project` only stands in for it."""

    event: CiEvent
    project: Project
    audience: Audience
    sources: Sources
    unread: Unread | None = None

    def tell_of_jobs(self, needs: Needs) -> Told:
        """Tell of what a CI says of all jobs."""

        def notice(kind: Kind) -> Notice:
            if kind.is_good:
                return told_by(needs, self.bare(kind))
            cancelled = needs.result is Result.CANCELLED
            bare = replace(self.bare(kind), tags=tags_now(needs), cancelled=cancelled)
            told = told_by(needs, bare)
            if needs.has(kind):
                return told
            jobs = needs.named("failure", "cancelled")
            return self._recorded(kind) or self._unrecorded(told, jobs)

        return self._with_acts(self._tell(needs.result, notice), needs)

    def _with_acts(self, told: Told, needs: Needs) -> Told:
        """Beside how the pipeline ended, what its jobs did to published images, each by itself."""
        acts = [each for each in needs.notices if each.kind is Kind.ACT]
        if not acts or self.event.is_fork or Kind.ACT not in self.project.notify.on:
            return told
        sent = [
            delivery
            for act in acts
            for delivery in self.audience.tell(act, self.audience.addresses)
        ]
        decision = told.decision
        if decision.kind is None:
            decision = Decision(kind=Kind.ACT, reason="a job moved published tags")
        return Told(decision=decision, deliveries=(*told.deliveries, *sent))

    def tell_of_status(self, status: str) -> Told:
        """Tell of what the job was started for."""
        result = _STATUSES[status]

        def notice(kind: Kind) -> Notice:
            if kind.is_good:
                return self.bare(kind)
            cancelled = result is Result.CANCELLED
            bare = replace(self.bare(kind, _ENDS[result]), tags=(NOT_KNOWN,), cancelled=cancelled)
            return self._recorded(kind) or self._unrecorded(bare)

        return self._tell(result, notice)

    def bare(self, kind: Kind, what: str = "") -> Notice:
        """What can be said without any record."""
        return bare_notice(
            self.event,
            kind,
            project=title_of(self._name, self.project.environment or ""),
            time=self.audience.outbox.now,
            version=__version__,
            what=what,
        )

    def _recorded(self, kind: Kind) -> Notice | None:
        """What the record of a failed run says, where the CI's artifacts have brought it."""
        run = None if kind.is_good or self.unread else last_bad(self.project, self.event)
        return run.notice(kind, self.event.run_url or "") if run else None

    def _unrecorded(self, notice: Notice, jobs: Collection[str] = ()) -> Notice:
        """What the config says, or that it cannot be read, which ends every run at once."""
        if self.unread:
            return self.unread.told_by(notice)
        return reaching(notice, self.project, jobs)

    def _tell(self, result: Result, notice: Callable[[Kind], Notice]) -> Told:
        if self.event.is_fork:  # whoever runs it by hand on a laptop means it
            reason = "it was for a pull request from a fork"
            return Told(decision=Decision(kind=None, reason=reason))
        if self.audience.is_empty:
            return Told(decision=Decision(kind=None, reason="nobody is named"))
        about = RunSummary(
            id="",
            verb="publish",
            project=self._name,
            version=__version__,
            started=self.audience.outbox.now,
            event={"name": self.event.name, "ref": self.event.ref, "sha": self.event.sha},
            environment=self.project.environment or "",
            ci_run=self.event.ci_run or "",
        )
        past = known_past(result, self.project, self.event, about, self.sources)
        request = self.event.is_pull_request
        decision = decide(result, past, self.project.notify.on, pull_request=request)
        return tell(decision, result, self.audience, notice)

    @property
    def _name(self) -> str:
        return self.event.repository or self.project.root.name
