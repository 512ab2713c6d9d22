"""What a watch found, as a person reads it; imported only where one has ended."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.verify_tables import STYLES, finding_lines
from polyarch.errors import shorten
from polyarch.findings import Finding, Severity
from polyarch.pipeline.watching.bases import BaseUse
from polyarch.pipeline.watching.result import WatchedImage, WatchResult
from polyarch.pipeline.watching.view import Sight

_TAGS = 3
_SHOWN = 80


def watch_view(result: WatchResult) -> RenderableType:
    """Each image in each repository, what was found, and how much was looked at."""
    rows = table("image", "repository", "tags", "")
    for image in result.images:
        name = image.name
        for sight in image.view.sights:
            rows.add_row(name, str(sight.repository), _tags(sight), _state(image, sight, result))
            name = ""
    drawn: list[RenderableType] = [rows, Text()]
    found = findings_of(result)
    if found:
        drawn += [findings_view(result), Text()]
    return Group(*drawn, Text(_summary(result)))


def findings_view(result: WatchResult, least: Severity = Severity.INFO) -> RenderableType:
    """The findings alone, worst first."""
    found = [each for each in findings_of(result) if each.severity.reaches(least)]
    several = len(result.images) > 1
    return Group(*(line for each in found for line in finding_lines(each, several=several)))


def findings_of(result: WatchResult) -> list[Finding]:
    """Those of all images, worst first."""
    order = list(Severity)
    found = [each for report in result.reports for each in report.findings]
    return sorted(found, key=lambda each: order.index(each.severity))


def bases_view(result: WatchResult) -> RenderableType:
    """What stands on which base, what that is now, and which platforms it gained or lost."""
    rows = table("image", "platform", "base", "built on", "now", "gained", "lost")
    for image in result.images:
        name = image.name
        for use in image.bases:
            rows.add_row(name, *_base(use))
            name = ""
    if any(image.bases for image in result.images):
        return rows
    return Text("no published image says what it stands on")


def _tags(sight: Sight) -> str:
    return str(len(sight.tags)) if sight.listed else ""


def _state(image: WatchedImage, sight: Sight, result: WatchResult) -> Text:
    """One word for a repository, by what was found in it."""
    if not sight.listed or sight.errors:
        return Text("unknown", style=STYLES["unknown"])
    name = str(sight.repository)
    told = [each for each in image.report.at_least(result.fail_on) if _is_in(each, name)]
    if told:
        return Text("wrong", style=STYLES["wrong"])
    return Text("ok", style=STYLES["ok"])


def _is_in(found: Finding, repository: str) -> bool:
    """Whether a finding is about a repository, or about what stands in all of them."""
    path = found.path
    here = path == repository or path.startswith((f"{repository}:", f"{repository}@"))
    named = repository in found.details or repository in found.details.get("repositories", "")
    return here or named or found.details.get("repository") == repository


def _base(use: BaseUse) -> Iterator[str | Text]:
    yield str(use.platform)
    yield shorten(use.name, _SHOWN)
    yield use.digest.partition(":")[2][:12] or "not said"
    now = use.current.short if use.current else ""
    style = {"moved": "yellow", "gone": "bold red", "unknown": "yellow"}.get(use.state, "green")
    told = Text(use.state, style=style)
    if use.now.unknown:
        told.append(f": {shorten(use.now.unknown, _SHOWN)}", style="default")
    elif now:
        told.append(f" {now}", style="dim")
    yield told
    yield " ".join(map(str, use.gained))
    yield " ".join(map(str, use.lost))


def _summary(result: WatchResult) -> str:
    tags = sum(len(image.tags) for image in result.images)
    places = sum(len(image.view.sights) for image in result.images)
    found = findings_of(result)
    counts = [
        f"{count} {severity.value}{'' if count == 1 or severity is Severity.INFO else 's'}"
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
        if (count := sum(each.severity is severity for each in found))
    ]
    whole = "well" if result.ok else "not well"
    looked = f"{tags} tag{'' if tags == 1 else 's'} in {places} repositor"
    told = f"{whole}: {looked}{'y' if places == 1 else 'ies'} looked at"
    sampled = sum(len(image.sampled) for image in result.images)
    told += f", {sampled} proven again in full" if sampled else ""
    return "; ".join([told, ", ".join(counts)] if counts else [told])
