"""Taking the pin of a service out of a compose file, its line and nothing else."""

import re
from collections.abc import Iterable

from polyarch.ci.lint_rules import PLATFORM_PIN
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.textlines import Lines

_PIN = re.compile(r"[ \t]*platform:[ \t]+[^\s#{}\[\]&*!,]+[ \t]*(?:#.*)?\r?")


def stands_alone(lines: Lines, line: int) -> bool:
    """Whether a line holds a pin and nothing else."""
    return bool(_PIN.fullmatch(lines.span_of_whole(line).of(lines.text)))


def unpinned(text: str, findings: Iterable[LintFinding]) -> tuple[str, tuple[LintFinding, ...]]:
    """The text without the pins that may be taken out, and the findings that are mended by it."""
    lines = Lines.of(text)
    gone = tuple(
        each for each in findings if each.rule == PLATFORM_PIN.id and each.fix is FixClass.REVIEW
    )
    spans = [lines.span_of_whole(line) for line in sorted({each.line for each in gone})]
    kept: list[str] = []
    at = 0
    for span in spans:
        kept.append(text[at : span.start])
        at = min(span.end + 1, len(text))
    return "".join([*kept, text[at:]]), gone
