"""The names that an image's tag rules give, as patterns: all that is known without an event."""

import re
from collections.abc import Mapping

from polyarch.metadata.flavor import Flavor
from polyarch.metadata.rule import Rule
from polyarch.metadata.tagname import sanitise

ANYTHING = r"[A-Za-z0-9._-]*"

_EXPRESSION = re.compile(r"\{\{\{?(.*?)\}?\}\}", re.DOTALL)
_BLOCK = re.compile(r"\{\{\{?\s*[#/^]")
_DATE = re.compile(r"\s*date\s+(?:'([^']*)'|\"([^\"]*)\").*", re.DOTALL)
_DIGITS = re.compile(r"YYYY|YY|MM|DD|HH|hh|mm|ss|[\W_]")
"""Of a date's pattern what gives digits, or stands for itself (moment.js)."""

_VERSION_WORDS: Mapping[str, str] = {
    "major": "[0-9]+",
    "minor": "[0-9]+",
    "patch": "[0-9]+",
    "version": f"[vV]?[0-9]{ANYTHING}",
    "raw": f"[vV]?[0-9]{ANYTHING}",
}
_SPEAKS_OF_DIGITS = ("\\d", "0-9")


def decorated(rule: Rule, flavor: Flavor, value: str) -> re.Pattern[str]:
    """A pattern of the tags that a rule gives; `value` is that of what stands between."""
    front, back = _ends(rule, flavor)
    return re.compile(f"{pattern_of(front)}{value}{pattern_of(back)}")


def has_expressions(rule: Rule, flavor: Flavor) -> bool:
    """Whether what stands around a rule's value differs from event to event."""
    return any("{{" in end for end in _ends(rule, flavor))


def fixed_name(rule: Rule, flavor: Flavor) -> str:
    """The one tag that a rule gives for whatever event; empty where it gives several."""
    value = {
        "raw": rule.attributes.get("value", ""),
        "schedule": rule.attributes.get("pattern", ""),
        "edge": "edge",
    }.get(rule.type, "")
    if not value or "{{" in value or has_expressions(rule, flavor):
        return ""
    front, back = _ends(rule, flavor)
    return sanitise(f"{front}{value}{back}")


def pattern_of(text: str, words: Mapping[str, str] | None = None) -> str:
    """The pattern of what a text with expressions comes to; `words` are expressions that are known.

    What is not known may come to anything.
    """
    if _BLOCK.search(text):
        return ANYTHING
    found, at = "", 0
    for match in _EXPRESSION.finditer(text):
        found += re.escape(sanitise(text[at : match.start()]))
        found += _of_expression(match[1], words or {})
        at = match.end()
    return found + re.escape(sanitise(text[at:]))


def given_by(rule: Rule) -> str | None:
    """The pattern of a rule's value; None for refs and commits, which have patterns of their own.

    What a rule takes out of a git tag has digits in it if it speaks of digits.
    """
    match rule.type:
        case "raw":
            return pattern_of(rule.attributes["value"])
        case "schedule":
            return pattern_of(rule.attributes["pattern"])
        case "edge":
            return "edge"
        case "semver" | "pep440":
            pattern = pattern_of(rule.attributes["pattern"], _VERSION_WORDS)
            # Of a pre-release the whole version is given.
            return f"(?:{pattern}|{_VERSION_WORDS['version']})"
        case "match":
            told = any(each in rule.attributes["pattern"] for each in _SPEAKS_OF_DIGITS)
            return f"{ANYTHING}[0-9]{ANYTHING}" if told else ANYTHING
        case _:
            return None


def _of_expression(expression: str, words: Mapping[str, str]) -> str:
    known = words.get(expression.strip())
    if known is not None:
        return known
    date = _DATE.fullmatch(expression)
    if date and not _DIGITS.sub("", date[1] or date[2] or ""):
        return "[0-9][0-9._-]*"
    return ANYTHING


def _ends(rule: Rule, flavor: Flavor) -> tuple[str, str]:
    """What stands before and behind the value; an own one of the rule counts even when empty."""
    prefix = rule.attributes.get("prefix", flavor.prefix)
    return prefix, rule.attributes.get("suffix", flavor.suffix)
