"""Rules of `lint` as prose, and the list of them."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.verify_tables import STYLES
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.rule import Rule
from polyarch.oci.fields import JsonObject

_WIDTH = 100
"""Columns of prose: longer lines are hard to read."""

SCHEMA = "polyarch.lint-rules/v1"

_FIXES = {
    FixClass.SAFE: "`polyarch lint --fix`, where nothing speaks against it",
    FixClass.REVIEW: "`polyarch lint --fix=review`, where nothing speaks against it",
    FixClass.NONE: "by hand",
}


def explained(rule: Rule) -> RenderableType:
    """One rule: what it finds, what happens to the image, what to do, and an example."""
    style = STYLES[rule.severity.value]
    drawn: list[RenderableType] = [
        Text.assemble((f"{rule.id} {rule.name}", "bold"), "  ", (rule.severity.value, style)),
        Text(rule.title),
        Text(),
        Text(rule.consequence),
        Text(),
        Text(rule.remedy),
        Text(),
    ]
    for label, example in (("before", rule.before), ("after", rule.after)):
        if example:
            code = (Text(f"    {line}") for line in example.strip("\n").splitlines())
            drawn += [Text(f"{label}:", style="dim"), *code, Text()]
    drawn.append(Text(f"fix: {_FIXES[rule.fix]}"))
    if rule.buildkit:
        drawn.append(Text(f"BuildKit's check of the same: {rule.buildkit}"))
    drawn.append(Text(f"to keep a line as it is: `# polyarch: ignore={rule.id} reason` above it"))
    drawn += [Text(source, style="dim") for source in rule.sources]
    return Constrain(Group(*drawn), _WIDTH)


def listed(rules: Sequence[Rule]) -> RenderableType:
    """All rules, a line for each."""
    made = table("rule", "name", "severity", "fix", "what it finds")
    for rule in rules:
        severity = Text(rule.severity.value, style=STYLES[rule.severity.value])
        made.add_row(rule.id, rule.name, severity, rule.fix.value, rule.title)
    return made


def rules_document(rules: Sequence[Rule]) -> JsonObject:
    """The document `polyarch.lint-rules/v1`."""
    return {
        "schema": SCHEMA,
        "rules": [
            {
                "rule": rule.id,
                "name": rule.name,
                "severity": rule.severity.value,
                "fix": rule.fix.value,
                "title": rule.title,
                "consequence": rule.consequence,
                "remedy": rule.remedy,
                "before": rule.before or None,
                "after": rule.after or None,
                "buildkit": rule.buildkit or None,
                "sources": list(rule.sources),
            }
            for rule in rules
        ],
    }
