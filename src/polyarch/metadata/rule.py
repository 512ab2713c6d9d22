"""A tag rule: one item of a list of tags, such as `type=semver,pattern={{version}}`."""

import difflib
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from polyarch.errors import InvalidRuleError
from polyarch.metadata.javascript import number, trim
from polyarch.metadata.records import split_fields

KIND = "tag rule"
SHARED = ("type", "enable", "priority", "prefix", "suffix")
DEFAULT_RULES = (
    "type=schedule",
    "type=ref,event=branch",
    "type=ref,event=tag",
    "type=ref,event=pr",
)
"""What an empty list of rules means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleType:
    """What a type of rules has beyond the shared attributes.

    `required` names the one that must be given, `defaults` holds the others, `choices` the values
    that some of them are limited to.
    """

    priority: int
    required: str | None = None
    defaults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def attributes(self) -> tuple[str, ...]:
        """All names that have a meaning, shared ones last."""
        own = (self.required, *self.defaults) if self.required else tuple(self.defaults)
        return tuple(dict.fromkeys((*own, *SHARED)))


_VALUE = {"value": "", "match": ""}

TYPES: Mapping[str, RuleType] = {
    "schedule": RuleType(priority=1000, defaults={"pattern": "nightly"}),
    "semver": RuleType(priority=900, required="pattern", defaults=_VALUE),
    "pep440": RuleType(priority=900, required="pattern", defaults=_VALUE),
    "match": RuleType(priority=800, required="pattern", defaults={"group": "0", "value": ""}),
    "edge": RuleType(priority=700, defaults={"branch": ""}),
    "ref": RuleType(priority=600, required="event", choices={"event": ("branch", "tag", "pr")}),
    "raw": RuleType(priority=200, required="value"),
    "sha": RuleType(
        priority=100,
        defaults={"prefix": "sha-", "format": "short"},
        choices={"format": ("short", "long")},
    ),
}
"""Source: docker/metadata-action v6.2.0, README, "tags input"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`attributes` holds what was given or defaulted: an absent prefix is not an empty one."""

    type: str
    attributes: Mapping[str, str]
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one item.

        Raises:
            InvalidRuleError: it names the attribute at fault and the nearest right one.
        """
        attributes: dict[str, str] = {}
        name = "raw"
        for part in split_fields(text, KIND):
            key, value = _pair(part)
            if key == "type":
                name = _type(text, value)
            else:
                attributes[key] = value
        kind = TYPES[name]
        if kind.required and kind.required not in attributes:
            raise _missing(text, name, kind, attributes)
        defaults = {**kind.defaults, "enable": "true", "priority": str(kind.priority)}
        if (name, attributes.get("event")) == ("ref", "pr"):
            defaults["prefix"] = "pr-"
        _check_values(text, name, kind, defaults | attributes)
        return cls(type=name, attributes=MappingProxyType(defaults | attributes), text=text)

    @property
    def priority(self) -> float:
        """NaN when it is no number."""
        return number(self.attributes["priority"])

    @property
    def unknown(self) -> tuple[str, ...]:
        """Attributes that were given and mean nothing to this type."""
        known = TYPES[self.type].attributes
        return tuple(name for name in self.attributes if name not in known)

    def place(self, attribute: str) -> str:
        """Where an error about one of its attributes stands."""
        return f"attribute `{attribute}` of {KIND} `{self.text}`"

    def __str__(self) -> str:
        parts = (f"{name}={value}" for name, value in self.attributes.items())
        return ",".join((f"type={self.type}", *parts))


def parse_rules(items: Sequence[str]) -> tuple[Rule, ...]:
    """Read a list of rules, sorted by priority; equal ones keep their order.

    Raises:
        InvalidRuleError: an item does not parse.
    """
    rules = [Rule.parse(item) for item in items or DEFAULT_RULES]
    return tuple(sorted(rules, key=functools.cmp_to_key(_compare)))


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that was probably meant."""
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return close[0] if close else None


def _compare(one: Rule, other: Rule) -> int:
    # A priority that is no number is neither less nor more than any other.
    if math.isnan(one.priority) or math.isnan(other.priority):
        return 0
    return (one.priority < other.priority) - (one.priority > other.priority)


def _pair(part: str) -> tuple[str, str]:
    """A field without `=`, or with nothing before it, is a value."""
    at = part.find("=")
    if at < 1:
        return "value", trim(part)
    return trim(part[:at]).lower(), trim(part[at + 1 :])


def _type(text: str, value: str) -> str:
    if value not in TYPES:
        close = nearest(value, tuple(TYPES))
        raise InvalidRuleError(
            KIND,
            text,
            f"there is no type `{value}`",
            attribute="type",
            nearest=f"type={close}" if close else None,
            known=tuple(TYPES),
        )
    return value


def _missing(
    text: str, name: str, kind: RuleType, attributes: Mapping[str, str]
) -> InvalidRuleError:
    wanted = kind.required or ""
    unknown = [each for each in attributes if each not in kind.attributes]
    meant = next((each for each in unknown if nearest(each, [wanted])), None)
    found = f" (but `{meant}`)" if meant else ""
    return InvalidRuleError(
        KIND,
        text,
        f"type `{name}` needs the attribute `{wanted}`{found}",
        attribute=meant or wanted,
        nearest=wanted if meant else None,
        known=kind.attributes,
    )


def _check_values(text: str, name: str, kind: RuleType, attributes: Mapping[str, str]) -> None:
    for attribute, allowed in kind.choices.items():
        value = attributes[attribute]
        if value not in allowed:
            close = nearest(value, allowed)
            raise InvalidRuleError(
                KIND,
                text,
                f"`{value}` is no {attribute} of type `{name}`",
                attribute=attribute,
                nearest=f"{attribute}={close}" if close else None,
                known=tuple(f"{attribute}={each}" for each in allowed),
            )
    if name == "match" and math.isnan(number(attributes["group"])):
        group = attributes["group"]
        raise InvalidRuleError(KIND, text, f"the group `{group}` is no number", attribute="group")
