"""The first lines of a report: what the run was for, who started it, what it came to."""

import re
from collections.abc import Iterator

from polyarch.runs.report import Report
from polyarch.runs.words import duration

_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%\[\]-]{1,1500}")
_COMMIT = 12


def facts_of(report: Report) -> Iterator[tuple[str, str, str]]:
    """Each fact: its name, its words, and a web address that they lead to, empty for none."""
    run, summary = report.run, report.run.summary
    event = summary.event
    yield "event", f"{event.get('name', '')} {event.get('ref', '')}".strip() or "none", ""
    if event.get("sha"):
        yield "commit", event["sha"][:_COMMIT], ""
    yield "begun", f"{summary.started:%Y-%m-%d %H:%M:%S %Z}", ""
    if run.seconds is not None:
        yield "took", duration(max(0.0, run.seconds)), ""
    if summary.actor:
        yield "by", summary.actor, ""
    if summary.why:
        yield "why", summary.why, ""
    if summary.ci_run:
        yield "CI run", summary.ci_run, summary.ci_run if _LINK.fullmatch(summary.ci_run) else ""
    if summary.environment:
        yield "environment", summary.environment, ""
    if summary.sandbox:
        yield "rehearsal", "nothing left the machine", ""
    platforms = len({row.platform for row in report.rows})
    yield "images", f"{len(report.images)}, {platforms} platforms", ""
    yield "registries", ", ".join(report.registries) or "none", ""
    yield "tags", f"{report.moved} moved of {len(report.tags)}", ""
    if report.others:
        yield "with", f"{len(report.others)} more jobs of the same CI run", ""
    yield "run", run.id, ""
