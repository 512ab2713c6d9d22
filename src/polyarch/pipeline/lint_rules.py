"""All rules that `lint` has, whoever judges by them, and how a person names them."""

import difflib
import re
from collections.abc import Iterable
from functools import cache

from polyarch.ci.lint_rules import RULES as CI_RULES
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.rules import RULES
from polyarch.errors import UsageError

_CHAPTER = re.compile(r"PA[0-9]{1,2}")


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by id."""
    return tuple(sorted((*RULES, *CI_RULES), key=lambda rule: rule.id))


@cache
def _by_id() -> dict[str, Rule]:
    return {rule.id: rule for rule in all_rules()}


def rule_of(rule_id: str) -> Rule:
    """The rule of an id that a finding has."""
    return _by_id()[rule_id]


def rules_named(words: Iterable[str], option: str) -> frozenset[str]:
    """The ids of what was named: ids, names, or the first digits of ids, as `PA2` for a chapter.

    Raises:
        UsageError: there is no such rule.
    """
    found: set[str] = set()
    for word in words:
        found |= set(_matching(word)) or _unknown(word, option)
    return frozenset(found)


def find_rule(word: str) -> Rule:
    """The one rule of an id or a name.

    Raises:
        UsageError: there is none.
    """
    matching = [rule for rule in all_rules() if word.upper() == rule.id or word == rule.name]
    if not matching:
        _unknown(word, "--explain")
    return matching[0]


def _matching(word: str) -> list[str]:
    upper = word.upper()
    if _CHAPTER.fullmatch(upper):
        return [rule.id for rule in all_rules() if rule.id.startswith(upper)]
    return [rule.id for rule in all_rules() if upper == rule.id or word == rule.name]


def _unknown(word: str, option: str) -> set[str]:
    known = [text for rule in all_rules() for text in (rule.id, rule.name)]
    near = difflib.get_close_matches(word, known, n=1) or difflib.get_close_matches(
        word.upper(), known, n=1
    )
    meant = f"; did you mean `{near[0]}`?" if near else ""
    raise UsageError(
        f"there is no rule `{word}`{meant}",
        where=f"`{option}` on the command line",
        hint="`polyarch lint --explain all` lists the rules",
    )
