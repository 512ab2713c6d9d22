"""What `lint` found, as a person reads it: the place, the source with a caret, why, what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from polyarch.cli.snippet import snippet
from polyarch.cli.text import one_line
from polyarch.cli.verify_tables import STYLES
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.findings import Severity
from polyarch.oci.platform import Platform
from polyarch.pipeline.lint_request import PLATFORMS
from polyarch.pipeline.lint_result import LintedFile, LintResult
from polyarch.pipeline.lint_rules import rule_of

MAX_SHOWN = 500
"""Findings of one file: nobody reads more, and documents have all."""

_MAX_WIDTH = 120
_MIN_WIDTH = 20
_INDENT = "   "
_DIFF = {"+": "green", "-": "red", "@": "cyan"}
_BY_HAND = {
    FixClass.SAFE: "`polyarch lint --fix` mends it",
    FixClass.REVIEW: "`polyarch lint --fix=review` mends it, and the change wants to be read",
    FixClass.NONE: "by hand",
}


class LintView:
    """Draws a result as wide as its console is."""

    def __init__(self, result: LintResult, *, quiet: bool) -> None:
        self.result = result
        self.quiet = quiet

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Every finding with its source, then how many there are."""
        for file in self.result.files:
            shown = [each for each in file.findings if self.result.request.shows(each)]
            for found in shown[:MAX_SHOWN]:
                yield from _Drawing(console, min(options.max_width, _MAX_WIDTH)).of(file, found)
                yield Text()
            if len(shown) > MAX_SHOWN:
                more = len(shown) - MAX_SHOWN
                yield Text(one_line(f"{file.path}: {more} more are not shown; `--json` has all"))
        for line in mended_lines(self.result, would=False):
            yield Text(one_line(line))
        if not self.quiet:
            yield Text(summary(self.result))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws findings for a console."""

    console: Console
    width: int

    def of(self, file: LintedFile, found: LintFinding) -> Iterator[Text]:
        """The place, the source, and what there is to say of it."""
        begin = file.begin(found)
        style = STYLES[found.severity.value]
        yield Text.assemble(
            (f"{one_line(file.path)}:{begin.line}:{begin.column}: ", "bold"),
            (found.severity.value, style),
            f" {found.rule} {rule_of(found.rule).name}",
        )
        yield from snippet(file.lines, found.span, width=self.width, style=style)
        yield from self._told("why", found.message)
        if found.platforms:
            yield from self._told("on", _named(found.platforms))
        if found.hint:
            yield from self._told("do", found.hint)
        fix, why_not = found.fix, found.why_not
        if fix is not FixClass.NONE and (reason := file.hindrance(found)):
            fix, why_not = FixClass.NONE, reason
        why = f": {why_not}" if why_not else ""
        if why or fix is not FixClass.NONE:
            yield from self._told("fix", f"{_BY_HAND[fix]}{why}", style="dim")

    def _told(self, label: str, text: str, *, style: str = "") -> Iterator[Text]:
        """A text under its label; lines that follow stand under the first one."""
        head = f"{_INDENT}{label + ':':<5}"
        room = max(self.width - len(head), _MIN_WIDTH)
        for number, line in enumerate(Text(one_line(text), style=style).wrap(self.console, room)):
            line.rstrip()
            yield Text.assemble((head if number == 0 else " " * len(head), "dim"), line)


def changes_view(text: str) -> Text:
    """A diff in the colours that diffs have, harmless to the terminal."""
    drawn = Text()
    for line in text.split("\n"):
        style = "bold" if line.startswith(("+++", "---")) else _DIFF.get(line[:1], "")
        drawn.append(f"{one_line(line)}\n", style=style)
    return drawn


def mended_lines(result: LintResult, *, would: bool) -> Iterator[str]:
    """What was mended, or would be, what could not be, and what wants to be looked at."""
    for file in result.files:
        made = file.mended
        if made is None or file.unwritten:
            continue
        rules = ", ".join(f"{each.rule} (line {each.line})" for each in made.applied)
        if rules:
            yield f"{file.path}: {'would be' if would else 'was'} mended: {rules}"
        for found, reason in made.refused:
            yield f"{file.path}:{found.line}: {found.rule} stays: {reason}"
        if made.outputs and rules:
            paths = ", ".join(made.outputs)
            yield f"{file.path}: `polyarch verify` proves what these are once built: {paths}"


def summary(result: LintResult) -> str:
    """How much was looked at, and what was found."""
    counts = [
        _count(result.count(severity), severity.value)
        for severity in Severity
        if result.count(severity)
    ]
    broken = len(result.files) - len(result.judged)
    told = f"{_count(len(result.judged), 'file')} checked"
    told += f", {broken} could not be read" if broken else ""
    if counts or result.judged:
        told += f": {', '.join(counts) or 'nothing found'}"
    lines = [told]
    hidden = sum(not result.request.shows(found) for found in result.findings)
    if hidden:
        least = result.request.least.value
        lines.append(f"{hidden} less bad than `{least}` not shown; `--severity info` shows all")
    safe, review = (result.mendable(each) for each in (FixClass.SAFE, FixClass.REVIEW))
    if safe or review:
        more = " more" if safe else ""
        parts = [f"{safe} by `--fix`"] * bool(safe)
        parts += [f"{review}{more} by `--fix=review`"] * bool(review)
        lines.append(f"can be mended: {', '.join(parts)}; `--diff` shows how")
    return "\n".join(lines)


def _named(platforms: tuple[Platform, ...]) -> str:
    if set(platforms) == set(PLATFORMS):
        return "every platform"
    return ", ".join(str(each) for each in platforms)


def _count(count: int, name: str) -> str:
    is_plain = count == 1 or name in {Severity.INFO.value, Severity.PERF.value}
    return f"{count} {name if is_plain else f'{name}s'}"
