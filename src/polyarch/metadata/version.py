"""All rules together: the version of an image and its tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from polyarch.errors import InvalidRuleError, shorten
from polyarch.host.ci_event import CiEvent
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.evaluate import Outcome, evaluate
from polyarch.metadata.expressions import LONGEST_LINE, Situation
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.image import ImageName, parse_images
from polyarch.metadata.kind import TagKind
from polyarch.metadata.rule import KIND, TYPES, Rule, nearest, parse_rules
from polyarch.metadata.tagname import sanitise


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one rule did: `tag` is what came of it, None for nothing, and `reason` says why.

    Of the latest tag the rule is `flavor`.
    """

    rule: str
    tag: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an event and rules give.

    `main` is None when no rule gave anything. `tag_names` are main, partials and, if `latest`, the
    latest tag; `tags` the same behind every image's name. They are unchanged from the reference:
    some may be none that a registry takes (`tagname.is_valid_tag`). `kinds` says of each name how
    it may move.
    """

    main: str | None = None
    partial: tuple[str, ...] = ()
    latest: bool = False
    tag_names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    kinds: Mapping[str, TagKind] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    explanations: tuple[Explanation, ...] = ()


def compute(
    rules: Sequence[str],
    event: CiEvent,
    *,
    now: datetime,
    flavor: Sequence[str] = (),
    images: Sequence[str] = (),
    repository: RepositoryFacts | None = None,
    short_sha_length: str = "",
    tag_prefix: str = "",
) -> Version:
    """Work out the version and tags; lists hold one item each, as polyarch.toml writes them.

    No rules mean the default rules. `now` must carry a time zone. `tag_prefix` stands before the
    version in git tags of this image alone: the types semver and pep440 pass over it where they
    have neither `value` nor `match`.

    Raises:
        InvalidRuleError: an image, a rule or the flavor does not parse.
        InvalidTemplateError: an expression cannot be worked out.
    """
    names = parse_images(images)
    parsed = parse_rules(rules)
    shape = Flavor.parse(flavor)
    situation = Situation(
        event=event,
        repository=repository or RepositoryFacts(),
        now=now,
        short_sha_length=short_sha_length,
        tag_prefix=tag_prefix,
    )
    assembly = _Assembly(flavor=shape)
    for rule in parsed:
        _warn_of_unknown(rule, situation)
        assembly = assembly.with_rule(rule, situation)
    return _finished(assembly, names, situation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assembly:
    """What the rules gave so far."""

    flavor: Flavor
    main: str | None = None
    partial: tuple[str, ...] = ()
    latest: bool = False
    kinds: Mapping[str, TagKind] = field(default_factory=dict)
    explanations: tuple[Explanation, ...] = ()

    def with_rule(self, rule: Rule, situation: Situation) -> Self:
        if not _enabled(rule, situation):
            return self.explained(rule, None, "it is not enabled")
        outcome = evaluate(rule, situation)
        if outcome.value is None:
            return self.explained(rule, None, outcome.reason)
        whole = self._decorated(rule, outcome.value, situation)
        if not whole:
            return self.explained(rule, None, f"{outcome.reason}, but the value is empty")
        return self._with_tag(rule, sanitise(whole), outcome)

    def _with_tag(self, rule: Rule, tag: str, outcome: Outcome) -> Self:
        known = self._with_kind(tag, outcome.kind)
        if self.main is None:
            auto = self.flavor.latest == "auto"
            latest = outcome.latest if auto else self.flavor.latest == "true"
            reason = f"{outcome.reason}; it is the version"
            return replace(known, main=tag, latest=latest).explained(rule, tag, reason)
        if tag == self.main or tag in self.partial:
            return known.explained(rule, tag, f"{outcome.reason}; it is there already")
        return replace(known, partial=(*self.partial, tag)).explained(rule, tag, outcome.reason)

    def _with_kind(self, tag: str, kind: TagKind) -> Self:
        """Of two rules that give one tag the one that lets it move counts."""
        had = self.kinds.get(tag, TagKind.FIXED)
        return replace(self, kinds={**self.kinds, tag: kind if had is TagKind.FIXED else had})

    def _decorated(self, rule: Rule, value: str, situation: Situation) -> str:
        # An own prefix counts even when it is empty.
        prefix = rule.attributes.get("prefix", self.flavor.prefix)
        suffix = rule.attributes.get("suffix", self.flavor.suffix)
        front = situation.render(prefix, where=rule.place("prefix"))
        return f"{front}{value}{situation.render(suffix, where=rule.place('suffix'))}"

    def explained(self, rule: Rule, tag: str | None, reason: str) -> Self:
        told = Explanation(rule=rule.text, tag=tag, reason=shorten(reason, LONGEST_LINE))
        return replace(self, explanations=(*self.explanations, told))


def _enabled(rule: Rule, situation: Situation) -> bool:
    value = situation.render(rule.attributes["enable"], where=rule.place("enable"))
    if value not in {"true", "false"}:
        raise InvalidRuleError(
            KIND,
            rule.text,
            f"`enable` gives `{value}`",
            attribute="enable",
            nearest=nearest(value, ("true", "false")),
            known=("enable=true", "enable=false"),
        )
    return value == "true"


def _warn_of_unknown(rule: Rule, situation: Situation) -> None:
    for name in rule.unknown:
        meant = nearest(name, TYPES[rule.type].attributes)
        hint = f", did you mean `{meant}`?" if meant else ""
        text = f"type `{rule.type}` takes no `{name}`: it has no effect in `{rule.text}`{hint}"
        situation.warn(text)


def _finished(assembly: _Assembly, images: tuple[ImageName, ...], situation: Situation) -> Version:
    names: tuple[str, ...] = ()
    latest = _latest(assembly)
    reason = "it comes with the version"
    told = (Explanation(rule="flavor", tag=name, reason=reason) for name in latest)
    if assembly.main is None:
        situation.warn("no rule gives a version for this event, so there is no tag")
    else:
        names = (assembly.main, *assembly.partial, *latest)
    enabled = tuple(image.name.lower() for image in images if image.enable)
    return Version(
        main=assembly.main,
        partial=assembly.partial,
        latest=assembly.latest,
        tag_names=names,
        tags=tuple(_full(image, name) for image in enabled or ("",) for name in names),
        kinds={**assembly.kinds, **dict.fromkeys(latest, TagKind.VERSIONS)},
        warnings=tuple(dict.fromkeys(situation.warnings)),
        explanations=(*assembly.explanations, *told),
    )


def _latest(assembly: _Assembly) -> tuple[str, ...]:
    # Expressions are not worked out here, and a tag of the same name stays beside it.
    flavor = assembly.flavor
    prefix = flavor.prefix if flavor.prefix_latest else ""
    suffix = flavor.suffix if flavor.suffix_latest else ""
    return (sanitise(f"{prefix}latest{suffix}"),) if assembly.latest else ()


def _full(image: str, name: str) -> str:
    return f"{image}:{name}" if image else name
