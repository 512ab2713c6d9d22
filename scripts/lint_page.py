"""The reference page of the rules of `lint`, from the rules themselves."""

from collections.abc import Iterator

from polyarch.dockerfile.lint.rule import Rule
from polyarch.pipeline.lint_rules import all_rules

INTRO = """\
# The rules of `polyarch lint`

<!-- made by `make generate` from the rules in src/polyarch; do not edit -->

`polyarch lint --explain RULE` tells the same on a terminal. Severity and fix are the usual ones: a
finding may be milder, or its fix held back by what else stands in the file, and then says why. What
severities and fixes mean, and how a line is kept as it is: [lint](lint.md).
"""

COLUMNS = ("rule", "name", "severity", "fix", "what it finds")


def lint_page() -> str:
    """The page as Markdown."""
    rules = all_rules()
    return "\n".join((INTRO, *_table(rules), "", *(line for each in rules for line in _rule(each))))


def _table(rules: tuple[Rule, ...]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"| {' | '.join('---' for _ in COLUMNS)} |"
    for rule in rules:
        name = f"[{rule.name}](#{rule.id.lower()}-{rule.name})"
        cells = (rule.id, name, rule.severity.value, rule.fix.value, rule.title)
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _rule(rule: Rule) -> Iterator[str]:
    yield from (f"## {rule.id} {rule.name}", "", f"{rule.title[:1].upper()}{rule.title[1:]}.", "")
    yield from (rule.consequence, "", rule.remedy, "")
    for label, example in (("Before", rule.before), ("After", rule.after)):
        if example:
            language = "yaml" if rule.id.startswith("PA6") else "dockerfile"
            yield from (f"{label}:", "", f"```{language}", example.strip("\n"), "```", "")
    if rule.buildkit:
        yield from (f"BuildKit's check of the same: `{rule.buildkit}`.", "")
    if rule.sources:
        yield from (*(f"* <{source}>" for source in rule.sources), "")
