"""Tag rules that give, for every event, the tags that a workflow gives.

A rule is only taken when it gives the same for every event that publishes: what nothing fits is
left for a person.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarch.ci.importing.occasion import MOMENT, SHA, Occasion, Surface
from polyarch.ci.importing.written import EXPRESSION
from polyarch.errors import InvalidRuleError, InvalidTemplateError
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.expressions import is_default_branch
from polyarch.metadata.version import compute

NO_LATEST = "latest=false"
_GATES = (
    "",
    "{{is_default_branch}}",
    "{{#if tag}}true{{else}}false{{/if}}",
    "{{#if branch}}true{{else}}false{{/if}}",
    "{{is_not_default_branch}}",
)
_ENABLE = re.compile(r",\s*enable=(?:\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}|[^,]*)", re.DOTALL)
_VALUE = re.compile(r",\s*value=(?:\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}|[^,]*)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_REFS = (
    "type=ref,event=tag",
    "type=ref,event=branch",
    "type=sha,prefix=,format=long",
    "type=sha,prefix=",
    "type=semver,pattern={{version}}",
    "type=semver,pattern={{major}}.{{minor}}",
    "type=semver,pattern={{major}}",
)

_SURROUNDED = re.compile(rf"(?P<front>[\w.-]*){EXPRESSION.pattern}(?P<end>[\w.-]*)")

Wanted = Mapping[Occasion, frozenset[str]]
"""The tags that are to come out, by event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Tries rules on events."""

    surface: Surface
    flavor: tuple[str, ...] = (NO_LATEST,)

    def gives(self, rules: Sequence[str], occasion: Occasion) -> frozenset[str] | None:
        """The tags of rules for an event; None where they are no rules."""
        if not rules:
            return frozenset()
        try:
            version = compute(
                rules,
                occasion.event(self.surface),
                now=MOMENT,
                flavor=self.flavor,
                repository=RepositoryFacts(default_branch=self.surface.default_branch),
            )
        except (InvalidRuleError, InvalidTemplateError):
            return None
        return frozenset(version.tag_names)

    def fits(self, rules: Sequence[str], wanted: Wanted, allowed: Wanted | None = None) -> bool:
        """Whether rules give what is wanted, event by event, and nothing that is not allowed."""
        for occasion, tags in wanted.items():
            given = self.gives(rules, occasion)
            more = tags if allowed is None else tags | allowed.get(occasion, frozenset())
            if given is None or not tags <= given <= more:
                return False
        return True

    def rule_for(
        self, written: str, wanted: Wanted, allowed: Wanted | None = None
    ) -> tuple[str, ...] | None:
        """Rules that give what one written rule does; None where none do.

        Of `allowed` they may give some besides: tags that other rules give for the same event.
        """
        for rule in _candidates(written, wanted):
            if self.fits((rule,), wanted, allowed):
                return (rule,)
        for classes in self._partings(wanted):
            found = self._in_parts(written, wanted, classes)
            if found is not None:
                return found
        return None

    def _in_parts(
        self, written: str, wanted: Wanted, classes: Sequence[frozenset[Occasion]]
    ) -> tuple[str, ...] | None:
        """One rule for each class of events."""
        found: list[str] = []
        for part in classes:
            alone = {each: tags if each in part else frozenset() for each, tags in wanted.items()}
            if not any(alone.values()):
                continue
            fitting = (rule for rule in _candidates(written, alone) if self.fits((rule,), alone))
            rule = next(fitting, None)
            if rule is None:
                return None
            found.append(rule)
        return tuple(dict.fromkeys(found)) if self.fits(found, wanted) else None

    def _partings(self, wanted: Wanted) -> Iterator[tuple[frozenset[Occasion], ...]]:
        """Tags and the rest; tags, the default branch and the rest."""
        tags = frozenset(each for each in wanted if each.is_tag)
        rest = frozenset(wanted) - tags
        default = frozenset(e for e in rest if is_default_branch(e.event(self.surface)))
        yield tags, rest
        yield tags, default, rest - default


def _candidates(written: str, wanted: Wanted) -> Iterator[str]:
    """Rules to try, the nearest to what is written first."""
    yield from _written(written)
    values = {tag for tags in wanted.values() for tag in tags}
    only = next(iter(values)) if len(values) == 1 else ""
    is_constant = bool(_PLAIN.fullmatch(only)) and only != SHA
    if is_constant and "${{" not in written:
        yield from _constant(only)
    for rule in (*_REFS, *_around(written)):
        yield from _gated(rule)
    if is_constant and "${{" in written:
        yield from _constant(only)


def _around(written: str) -> Iterator[str]:
    """Rules for one expression with words before or behind it."""
    found = _SURROUNDED.fullmatch(written)
    if found and (found["front"] or found["end"]):
        for rule in _REFS:
            bare = rule.replace(",prefix=", "")
            yield f"{bare},prefix={found['front']},suffix={found['end']}"


def _constant(value: str) -> Iterator[str]:
    yield from _gated(f"type=raw,value={value}")
    yield f"type=schedule,pattern={value}"


def _written(written: str) -> Iterator[str]:
    if "=" not in written and "{{" not in written:
        return
    if "${{" not in written:
        yield written
    bare = _ENABLE.sub("", written)
    for rule in (bare, _VALUE.sub("", bare)):
        if "${{" not in rule and rule.startswith("type="):
            yield from _gated(rule)


def _gated(rule: str) -> Iterator[str]:
    for gate in _GATES:
        yield f"{rule},enable={gate}" if gate else rule
