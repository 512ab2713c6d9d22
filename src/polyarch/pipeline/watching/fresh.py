"""Whether nightly tags are fresh. Pure."""

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
    when = _published(subject, tag)
    if when is None:
        if not _is_newest(subject, tag):
            yield codes.NIGHTLY_AGELESS.found(
                subject.name, tag, "neither it nor a record of a run says how old it is"
            )
        return
    age = subject.now - when
    if age <= limit or _is_newest(subject, tag):
        return
    yield codes.NIGHTLY_STALE.found(
        subject.name,
        tag,
        f"it was published {_days(age)} ago ({when.date().isoformat()}), and {_days(limit)} are"
        " allowed",
        hint="see whether the scheduled pipeline runs; `[watch] nightly-max-age` sets the age",
    )


def _published(subject: Subject, tag: str) -> datetime | None:
    """The last time that is known of, wherever it stands; what lies ahead counts for nothing."""
    times: list[datetime | None] = []
    for sight in subject.view.sights:
        times.append(subject.memory.confirmed.get((str(sight.repository), tag)))
        root = subject.view.manifests.get(sight.tags[tag].digest) if tag in sight.tags else None
        if root is not None:
            times += _of_root(root)
    known = [each for each in times if each is not None and each <= subject.now + _AHEAD]
    return max(known, default=None)


def _of_root(root: Root) -> Iterator[datetime | None]:
    yield read_time(root.annotations.get(annotation.CREATED))
    for child in root.images if isinstance(root, ImageIndex) else ():
        if built := Claim.of(child).built:
            yield datetime.combine(datetime.fromisoformat(built).date(), time.max, UTC)


def _is_newest(subject: Subject, tag: str) -> bool:
    """Whether nothing newer could have been published: the branch has not moved since."""
    if not subject.head or subject.settings.schedule_rebuilds:
        return False
    root = subject.view.first(tag)
    return root is not None and root.annotations.get(annotation.REVISION) == subject.head


def _days(span: timedelta) -> str:
    days = span.days
    if days >= 1:
        return f"{days} day{'' if days == 1 else 's'}"
    hours = int(span.total_seconds() // 3600)
    return f"{hours} hour{'' if hours == 1 else 's'}"
