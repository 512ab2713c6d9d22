"""What `polyarch init` and `plan --compare-workflow` tell."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from polyarch.ci.importing.told import Kind, Told
from polyarch.cli.text import for_terminal
from polyarch.oci.fields import JsonObject

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.ci.importing.draft import Draft
    from polyarch.pipeline.compare import Comparison
    from polyarch.pipeline.init import Written

_ORDER = (Kind.LEFT, Kind.UNSEEN, Kind.ASSUMED, Kind.CHANGED, Kind.TRAP)
_SHOWN = 6
_LONGEST = 500
_VERDICTS = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "yellow")}


def told_lines(draft: "Draft") -> Iterator[str]:
    """Everything that is told, kind after kind, a place in front of each line."""
    for kind in _ORDER:
        for each in draft.of_kind(kind):
            yield for_terminal(_line(draft.source, each))


def document(schema: str, written: "Written", target: Path, *, is_written: bool) -> JsonObject:
    """The result as data."""
    draft = written.draft
    return {
        "schema": schema,
        "file": str(target),
        "written": is_written,
        "source": draft.source,
        "images": [image.name for image in draft.images],
        "told": [each.to_json() for each in draft.told],
        "text": written.text,
    }


def comparison_view(comparison: "Comparison") -> "RenderableType":
    """A row for each event: whether both give the same, and what they give."""
    from rich.text import Text

    from polyarch.cli.console import table

    made = table("event", "the same", "workflow alone", "polyarch.toml alone", "both")
    for row in comparison.rows:
        verdict, style = {
            True: ("yes", "green"),
            False: ("no", "red"),
            None: ("unknown", "yellow"),
        }[row.same]
        made.add_row(
            Text(for_terminal(row.title)),
            Text(verdict, style=style),
            Text(_names((*row.old_only, *(f"? {each}" for each in row.unknown)))),
            Text(_names(row.new_only)),
            Text(_names(row.both) if row.both else row.note),
        )
    return made


def _names(names: tuple[str, ...]) -> str:
    shown = [for_terminal(each) for each in names[:_SHOWN]]
    more = len(names) - len(shown)
    return "\n".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def _line(source: str, told: Told) -> str:
    place = f"{source}:{told.line}" if told.line else source
    code = f" {told.code}" if told.code else ""
    todo = f"; {told.todo}" if told.todo else ""
    what = " ".join(told.what.split())
    what = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"
    return f"{place}: {told.kind}{code}: {what}: {told.why}{todo}"
