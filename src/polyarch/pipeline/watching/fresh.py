"""Whether nightly tags are fresh. Pure.

When a tag was published, only a record of the run tells: an index has the time of its commit, and
an image may be older than the run that took it again. So where no record tells, what counts is how
long the branch has had something newer.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from polyarch.findings import Finding
from polyarch.host.moment import read_time
from polyarch.oci import annotation
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.claims import Claim
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.subject import Subject
from polyarch.pipeline.watching.view import Root

_AHEAD = timedelta(days=1)
"""By how much clocks may differ; what claims to be of later still has no age."""

_HINT = "see whether the scheduled pipeline runs; `[watch] nightly-max-age` sets the age"


def judge_fresh(subject: Subject) -> Iterator[Finding]:
    """Nightly tags that nobody has published for too long."""
    nightly = [tag for tag in subject.current if subject.sorts[tag].sort is Sort.NIGHTLY]
    for tag in nightly:
        yield from _judge(subject, tag)
    if subject.scheduled and not nightly and any(each.tags for each in subject.view.sights):
        yield codes.NIGHTLY_STALE.found(
            subject.name,
            "",
            "a schedule publishes, and no tag of it stands anywhere",
            hint="see whether the scheduled pipeline runs",
        )


def _judge(subject: Subject, tag: str) -> Iterator[Finding]:
    limit = timedelta(seconds=subject.nightly_max_age_s)
    published, built, committed = _published(subject, tag), *_told(subject, tag)
    known = [each for each in (published, built, committed) if each]
    if any(subject.now - each <= limit for each in known):
        return  # it cannot have been published before any of these
    after = _newer(subject, tag)
    if after and subject.now - after[0] > limit:
        told = f"the branch went on from its commit {_ago(subject, after[0])}"
        yield _stale(subject, tag, told, limit)
    elif after is not None and not subject.settings.schedule_rebuilds:
        return  # nothing newer has been there for too long
    elif published:
        told = f"the last run that is known to have published it was {_ago(subject, published)}"
        yield _stale(subject, tag, told, limit)
    elif built and subject.settings.schedule_rebuilds:
        yield _stale(subject, tag, f"it was built {_ago(subject, built)}", limit)
    elif after is None and (committed or built):
        said = f"its commit is of {_ago(subject, committed)}" if committed else ""
        said = said or f"it was built {_ago(subject, built or subject.now)}"
        told = f"{said}, and no record of a run says when it was published"
        yield _stale(subject, tag, told, limit)
    else:
        yield codes.NIGHTLY_AGELESS.found(
            subject.name, tag, "neither it nor a record of a run says when it was published"
        )


def _stale(subject: Subject, tag: str, told: str, limit: timedelta) -> Finding:
    return codes.NIGHTLY_STALE.found(
        subject.name, tag, f"{told}; {_days(limit)} are allowed", hint=_HINT
    )


def _published(subject: Subject, tag: str) -> datetime | None:
    """When a run that is known of last put it there or found it as it should be."""
    places = (str(sight.repository) for sight in subject.view.sights)
    return _last(subject, *(subject.memory.confirmed.get((place, tag)) for place in places))


def _told(subject: Subject, tag: str) -> tuple[datetime | None, datetime | None]:
    """When it was built, and the time of its commit; what lies ahead counts for nothing."""
    roots = [subject.view.manifests.get(each) for each in subject.view.roots(tag)]
    read = [root for root in roots if root]
    committed = (read_time(root.annotations.get(annotation.CREATED)) for root in read)
    built = (time for root in read for time in _built(root))
    return _last(subject, *built), _last(subject, *committed)


def _built(root: Root) -> Iterator[datetime]:
    for child in root.images if isinstance(root, ImageIndex) else ():
        if built := Claim.of(child).built:
            yield datetime.combine(datetime.fromisoformat(built).date(), time.max, UTC)


def _last(subject: Subject, *times: datetime | None) -> datetime | None:
    known = [each for each in times if each is not None and each <= subject.now + _AHEAD]
    return max(known, default=None)


def _newer(subject: Subject, tag: str) -> tuple[datetime, ...] | None:
    """When the branch went on from what it shows; None where nobody can tell."""
    root = subject.view.first(tag)
    revision = root.annotations.get(annotation.REVISION, "") if root else ""
    if not (revision and subject.head):
        return None
    return () if revision == subject.head else subject.after(revision)


def _ago(subject: Subject, when: datetime) -> str:
    return f"{_days(subject.now - when)} ago ({when.date().isoformat()})"


def _days(span: timedelta) -> str:
    days = span.days
    if days >= 1:
        return f"{days} day{'' if days == 1 else 's'}"
    hours = int(span.total_seconds() // 3600)
    return f"{hours} hour{'' if hours == 1 else 's'}"
