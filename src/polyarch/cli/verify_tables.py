"""What a proof found, as a person reads it: each platform with its state, then the findings."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.text import size
from polyarch.errors import shorten
from polyarch.findings import Finding, Report, Severity
from polyarch.pipeline.verify_result import Proof, VerifyOutcome, VerifyResult

STYLES = {
    "ok": "green",
    "wrong": "bold red",
    "unknown": "yellow",
    "error": "bold red",
    "warning": "yellow",
    "perf": "yellow",
    "info": "dim",
}
_MESSAGE_LENGTH = 500


def verify_view(result: VerifyResult) -> RenderableType:
    """All places and their platforms, what was found, and how much was looked at."""
    rows = table("place", "platform", "digest", "level", "")
    for outcome in result.outcomes:
        for row in _rows(outcome, result.fail_on):
            rows.add_row(*row)
    drawn: list[RenderableType] = [rows, Text()]
    if any(report.findings for report in result.reports):
        drawn += [findings_view(result), Text()]
    return Group(*drawn, Text(summary(result.reports, ok=result.ok)))


def findings_view(result: VerifyResult, *, least: Severity = Severity.INFO) -> RenderableType:
    """The findings alone, worst first, each in a line with what to do under it."""
    several = len(result.outcomes) > 1
    order = list(Severity)
    found = [each for report in result.reports for each in report.at_least(least)]
    found.sort(key=lambda each: order.index(each.severity))
    return Group(*(line for each in found for line in finding_lines(each, several=several)))


def finding_lines(found: Finding, *, several: bool) -> Iterator[Text]:
    """A finding, and its hint in a line of its own."""
    subject = f"{found.subject}: " if several else ""
    text = Text(found.severity.value, style=STYLES[found.severity.value])
    text.append(f" {found.code}: {shorten(subject + str(found), _MESSAGE_LENGTH)}", style="default")
    yield text
    if found.hint:
        yield Text(f"  hint: {shorten(found.hint, _MESSAGE_LENGTH)}", style="dim")


def summary(reports: Sequence[Report], *, ok: bool, what: str = "place") -> str:
    """How much was looked at, and how much was found; `what` is what each report is about."""
    counts = {
        what: len(reports),
        "platform": sum(each.platforms for each in reports),
        "layer": sum(each.layers for each in reports),
        "binary": sum(each.binaries for each in reports),
    }
    told = ", ".join(_count(count, name) for name, count in counts.items() if count)
    bytes_ = sum(each.bytes for each in reports)
    held = f" ({size(bytes_)})" if bytes_ else ""
    found = [each.severity for report in reports for each in report.findings]
    by_severity = [
        _count(found.count(severity), severity.value)
        for severity in (Severity.ERROR, Severity.WARNING)
        if severity in found
    ]
    return f"{'proven' if ok else 'not proven'}: {told}{held} checked" + (
        f"; {', '.join(by_severity)}" if by_severity else ""
    )


def _rows(outcome: VerifyOutcome, fail_on: Severity) -> Iterator[tuple[str | Text, ...]]:
    name: str = shorten(outcome.subject)
    for proof in outcome.proofs:
        yield (name, *_proof(proof, fail_on))
        name = ""
    missing = {each.platform for each in outcome.report.findings if each.code == "platform-missing"}
    for platform in sorted(str(each) for each in missing if each):
        yield name, platform, "", "", Text("missing", style=STYLES["wrong"])
        name = ""
    if name and outcome.error:
        yield name, "", "", "", _unknown(outcome.report.unknown)
    elif name:
        state = "ok" if outcome.ok(fail_on) else "wrong"
        yield name, "", "", outcome.level.value, Text(state, style=STYLES[state])


def _proof(proof: Proof, fail_on: Severity) -> tuple[str | Text, ...]:
    state = proof.state(fail_on)
    told = Text(state, style=STYLES[state])
    if proof.unknown:
        told = _unknown(proof.report.unknown)
    elif proof.how:
        told.append(f" ({proof.how})", style="dim")
    platform = str(proof.platform) if proof.platform else "unknown"
    digest = f"{proof.digest.algorithm}:{proof.digest.short}"
    return platform, digest, proof.level.value, told


def _unknown(reason: str) -> Text:
    told = Text("unknown", style=STYLES["unknown"])
    return told.append(f": {shorten(reason, _MESSAGE_LENGTH)}" if reason else "", style="default")


def _count(count: int, name: str) -> str:
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return f"{count} {name if count == 1 else plural}"
