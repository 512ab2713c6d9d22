"""The names of rules as the shell completes them."""

import click
from click.shell_completion import CompletionItem

ALL = "all"
"""In the place of a rule: the list of them."""


def complete_rules(
    _context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids and names; behind a comma the next one."""
    from polyarch.pipeline.lint_rules import all_rules

    done, comma, begun = incomplete.rpartition(",")
    words = [(text, rule.title) for rule in all_rules() for text in (rule.id, rule.name)]
    if parameter.name == "explain":
        words.append((ALL, "a list of the rules"))
    return [
        CompletionItem(f"{done}{comma}{text}", help=title)
        for text, title in words
        if text.lower().startswith(begun.lower())
    ]
