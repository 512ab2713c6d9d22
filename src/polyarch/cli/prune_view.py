"""What may go from registries, or went, as a table; imported only where one is drawn."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.errors import shorten
from polyarch.pipeline.pruning.facts import subject_of_tag
from polyarch.pipeline.pruning.result import PruneResult
from polyarch.pipeline.pruning.values import Fate, ManifestRow, RepositoryPrune, TagRow

_STYLES = {
    Fate.GOES: "yellow",
    Fate.STAYS: "dim",
    Fate.REMOVED: "green",
    Fate.LEFT: "bold red",
}
_LONGEST = 60


def prune_view(result: PruneResult, *, verbose: bool) -> RenderableType:
    """The rows that go, and with `verbose` those that stay; repositories without any are left out.

    Without `verbose` manifests are counted and not listed.
    """
    drawn: list[RenderableType] = []
    for each in result.repositories:
        if rows := list(_rows(each, verbose=verbose)):
            made = table("what", "name", "committed", "", "why")
            for row in rows:
                made.add_row(*row)
            drawn += [Text(str(each.repository), style="bold"), Text(), made, Text()]
        told = list(_told(each, verbose=verbose))
        drawn += [*(Text(line) for line in told), *([Text()] if told else [])]
    if not result.removed and not result.going and not result.errors:
        nothing = "there was nothing to remove" if result.applied else "nothing may go"
        drawn += [Text(nothing, style="dim"), Text()]
    return Group(*drawn[:-1])


def _rows(each: RepositoryPrune, *, verbose: bool) -> Iterator[tuple[str | Text, ...]]:
    for tag in each.tags:
        if verbose or tag.fate is not Fate.STAYS:
            time = str(tag.time.date()) if tag.time else ""
            yield "tag", _name(tag.tag), time, _fate(tag), shorten(tag.reason, 200)
    for manifest in each.manifests:
        if verbose or manifest.fate is Fate.LEFT:
            name = f"{manifest.digest.algorithm}:{manifest.digest.short}"
            yield manifest.what, name, "", _fate(manifest), shorten(manifest.reason, 200)


def _name(tag: str) -> str:
    """A tag, of one about an image the beginning and what it is: all have the same length."""
    subject = subject_of_tag(tag)
    if subject is None:
        return shorten(tag, _LONGEST)
    return f"sha256-{subject.short}…{tag.partition('.')[1]}{tag.partition('.')[2]}"


def _fate(row: TagRow | ManifestRow) -> Text:
    return Text(row.fate.value, style=_STYLES[row.fate])


def _told(each: RepositoryPrune, *, verbose: bool) -> Iterator[str]:
    """Manifests in one line, how many old tags stay, and why nothing or not all went."""
    counted: dict[tuple[str, Fate], int] = {}
    for row in each.manifests:
        if row.fate is not Fate.STAYS:
            counted[row.what, row.fate] = counted.get((row.what, row.fate), 0) + 1
    for fate, words in ((Fate.GOES, "to go"), (Fate.REMOVED, "removed"), (Fate.LEFT, "left")):
        parts = [
            f"{number} {_plural(what, number)}"
            for (what, found), number in counted.items()
            if found is fate
        ]
        if parts:
            yield f"{each.repository}: {', '.join(parts)} {words} that nothing else needs"
    if each.spared and not verbose:
        why = dict.fromkeys(row.reason for row in each.spared)
        told = f", {next(iter(why))}" if len(why) == 1 else "; `--verbose` says why"
        yield f"{each.repository}: old tags that stay: {len(each.spared)}{told}"
    if each.lonely and not verbose:
        told = "tags that stay, about images that are in no place that is known"
        yield f"{each.repository}: {told}: {len(each.lonely)}"
    if each.problem:
        yield f"{each.repository}: {each.problem}"


def _plural(what: str, number: int) -> str:
    if number == 1:
        return what
    return "indexes" if what == "index" else f"{what}s"
