"""A stack as a table: a line for each service, a column for each platform."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.verify_tables import findings_view, summary
from polyarch.errors import shorten
from polyarch.pipeline.stack_result import Answer, Has, ServiceOutcome, StackResult

_STYLES = {
    Has.YES: "green",
    Has.NO: "bold red",
    Has.NEWER: "bold red",
    Has.WRONG: "bold red",
    Has.UNKNOWN: "yellow",
}


def stack_view(stack: StackResult) -> RenderableType:
    """The services, why something is not known, and all findings."""
    names = [str(each.platform) for each in stack.services[0].answers] if stack.services else []
    made = table("service", "image", *names)
    for each in stack.services:
        image = shorten(each.image) if each.image else Text("built here", style="dim")
        made.add_row(each.service, image, *(_cell(answer) for answer in each.answers))
    drawn: list[RenderableType] = [made, Text()]
    notes = [*_reasons(stack.services), *_beside(stack)]
    if notes:
        drawn += [*notes, Text()]
    if any(report.findings for report in stack.reports):
        drawn += [findings_view(stack.result), Text()]
    return Group(*drawn, Text(summary(stack.reports, ok=stack.result.ok, what="service")))


def _cell(answer: Answer) -> Text:
    if answer.has is Has.NEWER:
        tag = answer.newer.rpartition(":")[2]
        return Text("no", style=_STYLES[Has.NO]).append(f", in {tag}", style="default")
    return Text(answer.has.value, style=_STYLES[answer.has])


def _reasons(services: tuple[ServiceOutcome, ...]) -> Iterator[Text]:
    """Why something is not known, but where a finding says so."""
    for each in services:
        if any(found.code == "built-here" for found in each.outcome.report.findings):
            continue
        reasons = [answer.reason for answer in each.answers if answer.has is Has.UNKNOWN]
        for reason in dict.fromkeys(reasons):
            yield Text(f"{each.service}: unknown: {shorten(reason, 300)}")


def _beside(stack: StackResult) -> Iterator[Text]:
    if stack.left_out:
        names = ", ".join(stack.left_out)
        text = f"not looked at, of other profiles (`--profile NAME`): {names}"
        yield Text(shorten(text, 300), style="dim")
    for note in stack.notes:
        yield Text(shorten(note, 300), style="dim")
