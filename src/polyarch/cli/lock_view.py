"""What `polyarch doctor --update-lock` wrote, on one screen."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.text import for_terminal
from polyarch.pipeline.lock_update import Entry, Update

_STYLES = {
    "added": "green",
    "moved": "yellow",
    "unchanged": "dim",
    "removed": "yellow",
    "kept": "dim",
}


def update_view(update: Update) -> RenderableType:
    """A line for each name, then for each tool whose version is another one, then the file."""
    lines = [_entry(each) for each in update.entries]
    for name, (before, now) in update.tools.items():
        lines.append(Text(for_terminal(f"tool {name}: {before or 'none'} → {now or 'none'}")))
    return Group(*lines, *_end(update))


def _entry(entry: Entry) -> Text:
    before = entry.before.short if entry.before else ""
    after = entry.after.short if entry.after else ""
    told = f"{before} → {after}" if entry.change == "moved" else after or before
    line = Text(f"{entry.change}  ", style=_STYLES[entry.change])
    line.append(for_terminal(f"{entry.name}  {told}".rstrip()), style="")
    if entry.error:
        line.append(for_terminal(f": {entry.error.message}"), style="red")
    return line


def _end(update: Update) -> Iterator[Text]:
    if not update.entries:
        yield Text("this project takes nothing by a tag")
    yield Text(f"written: {update.file.name}", style="dim")
