"""What `polyarch doctor` found, on one screen."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polyarch.cli.text import for_terminal
from polyarch.pipeline.mending import Fix
from polyarch.pipeline.symptom import Health, Row, Symptom, folded

_STYLES = {
    Health.OK: "green",
    Health.WARNING: "yellow",
    Health.MISSING: "yellow",
    Health.BROKEN: "bold red",
}
_FIXES = {"done": "green", "failed": "bold red", "needs-root": "yellow"}
_NAMES = 8
"""Names that a row has; more of the same are counted."""


def diagnosis_view(
    symptoms: Sequence[Symptom], fixes: Sequence[Fix] | None = None
) -> RenderableType:
    """A row for each thing, what mends it below; what says the same stands in one row."""
    drawn = [*_fixed(fixes), _symptoms(symptoms), Text(), Text(summary(symptoms))]
    return Group(*drawn)


def _fixed(fixes: Sequence[Fix] | None) -> Iterator[RenderableType]:
    if fixes is None:
        return
    if not fixes:
        yield Text("nothing to mend")
    for each in fixes:
        style = _FIXES[each.status]
        told = each.problem or (each.commands if not each.done else "")
        line = Text(f"{each.status}  ", style=style).append(for_terminal(each.message), style="")
        yield line.append(for_terminal(f": {told}") if told else "", style="")
    yield Text()


def _symptoms(symptoms: Sequence[Symptom]) -> Table:
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=False)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for row in folded(symptoms):
        state = Text(row.symptom.health.value, style=_STYLES[row.symptom.health])
        made.add_row(state, Text("\n").join(_lines(row)))
    return made


def summary(symptoms: Sequence[Symptom]) -> str:
    """How many are not as they should be."""
    counts = ((health, sum(each.health is health for each in symptoms)) for health in Health)
    told = [f"{count} {health}" for health, count in counts if count and health is not Health.OK]
    return ", ".join(reversed(told)) or "all is well"


def _name(row: Row) -> str:
    more = len(row.names) - _NAMES
    names = ", ".join(row.names[:_NAMES]) + (f" and {more} more" if more > 0 else "")
    return for_terminal(f"{row.symptom.area} {names}")


def _lines(row: Row) -> Iterator[Text]:
    symptom = row.symptom
    yield Text(_name(row), style="bold").append(
        f"  {for_terminal(symptom.message)}", style="not bold"
    )
    if symptom.hint:
        yield Text(for_terminal(f"to mend it: {symptom.hint}"), style="cyan")
