"""The tag rules and the flavor of an image, from all builds of a workflow that push it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.ci.importing.groups import BuildGroup
from polyarch.ci.importing.infer import NO_LATEST, Guess, Wanted
from polyarch.ci.importing.occasion import Occasion
from polyarch.ci.importing.rehearsal import Pushed, Rehearsal
from polyarch.ci.importing.told import Kind, Told
from polyarch.metadata.tagname import is_valid_tag

_DEFAULTS = ("type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr")
_LATEST = re.compile(r"^\s*latest\s*=")
_ON, _OFF = re.compile(r",\s*enable=true$"), re.compile(r",\s*enable=false(?:,|$)")
_SHOWN = 4
_MOST_TAGS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRules:
    """What stands under `tags` and `flavor`, and what is told of it."""

    rules: tuple[str, ...]
    flavor: tuple[str, ...]
    told: tuple[Told, ...]


def rules_of(
    groups: Sequence[BuildGroup],
    rehearsal: Rehearsal,
    occasions: Sequence[Occasion],
    quiet: Sequence[Occasion] = (),
) -> TagRules:
    """Rules that give for each of these events what the builds of one image push together.

    For those in `quiet` they give nothing, where that can be said.
    """
    writer = _Writer(
        groups=tuple(groups),
        rehearsal=rehearsal,
        occasions=tuple(occasions),
        quiet=dict.fromkeys(quiet, frozenset()),
    )
    return writer.written()


@dataclass(slots=True, kw_only=True)
class _Writer:
    groups: tuple[BuildGroup, ...]
    rehearsal: Rehearsal
    occasions: tuple[Occasion, ...]
    quiet: Wanted
    told: list[Told] = field(default_factory=list)
    together: Wanted = field(default_factory=dict)

    def written(self) -> TagRules:
        whole = self._unchanged()
        if whole is not None:
            return whole
        rules = [rule for group in self.groups for rule in self._group(group)]
        flavor = self._flavor()
        latest = [*self._latest()]
        rules = [*dict.fromkeys([*rules, *latest])]
        shape = (*(each for each in flavor if not _LATEST.match(each)), NO_LATEST)
        if latest or any(group.rules is None for group in self.groups):
            flavor = shape
        self._verify(rules, flavor)
        return TagRules(rules=tuple(rules), flavor=flavor, told=tuple(self.told))

    def _unchanged(self) -> TagRules | None:
        """The rules as they are written, where they are the same for all events."""
        group = self.groups[0]
        if len(self.groups) > 1 or group.rules is None or group.tags:
            return None
        rules = group.rules or _DEFAULTS
        if any("${{" in each for each in (*rules, *group.flavor)):
            return None
        guess = Guess(surface=self.rehearsal.surface, flavor=group.flavor)
        if not guess.fits(rules, {**self._all(), **self.quiet}):
            return None
        return TagRules(rules=tuple(rules), flavor=group.flavor, told=())

    def _all(self) -> Wanted:
        """All tags of the image, by event; what nobody can know is left out."""
        if not self.together:
            self.together = self._put_together()
        return self.together

    def _put_together(self) -> Wanted:
        found: dict[Occasion, frozenset[str]] = {}
        for occasion in self.occasions:
            pushed = [self.rehearsal.of(group, occasion) for group in self.groups]
            if not any(each and each.unknown for each in pushed):
                found[occasion] = frozenset(tag for each in pushed if each for tag in each.tags)
        return found

    def _group(self, group: BuildGroup) -> Iterator[str]:
        if group.rules is not None:
            for number, rule in enumerate((group.rules or _DEFAULTS)[:_MOST_TAGS]):
                yield from self._rule(group, number, rule)
        for number, tag in enumerate(group.tags[:_MOST_TAGS]):
            yield from self._tag(group, number, tag)
        for more in (*(group.rules or ())[_MOST_TAGS:], *group.tags[_MOST_TAGS:]):
            self._left(group, more, f"no more than {_MOST_TAGS} tags of a build are tried")

    def _rule(self, group: BuildGroup, number: int, rule: str) -> Iterator[str]:
        """One rule of metadata-action: what it alone gives, event by event."""
        wanted: dict[Occasion, frozenset[str]] = {}
        for occasion in self.occasions:
            pushed = self.rehearsal.of(group, occasion)
            wanted[occasion] = frozenset()
            if pushed is None:
                continue
            lines = pushed.group.rules or _DEFAULTS
            if len(lines) != len(group.rules or _DEFAULTS):
                self._left(group, rule, "how many rules there are depends on the event")
                return
            flavor = tuple(x for x in pushed.group.flavor if not _LATEST.match(x))
            guess = Guess(surface=self.rehearsal.surface, flavor=(*flavor, NO_LATEST))
            given = guess.gives((lines[number],), occasion)
            if given is None:
                del wanted[occasion]
            else:
                wanted[occasion] = given
        yield from self._found(group, rule, wanted)

    def _tag(self, group: BuildGroup, number: int, tag: str) -> Iterator[str]:
        """One tag that is written out."""
        wanted: dict[Occasion, frozenset[str]] = {}
        for occasion in self.occasions:
            pushed = self.rehearsal.of(group, occasion)
            given = pushed.group.tags[number : number + 1] if pushed else ()
            if pushed and len(pushed.group.tags) != len(group.tags):
                given = tuple(each for each in pushed.group.tags if _could_be(tag, each))
            if all(is_valid_tag(each) for each in given):
                wanted[occasion] = frozenset(given)
        yield from self._found(group, tag, wanted)

    def _found(self, group: BuildGroup, text: str, wanted: Wanted) -> Iterator[str]:
        unknown = [each for each in self.occasions if each not in wanted]
        if unknown and not any(wanted.values()):
            self._left(group, text, "what it gives is known to a run alone")
            return
        if unknown:
            # A rule that fits the other events alone would be a guess for these.
            shown = ", ".join(each.title for each in unknown[:_SHOWN])
            self._left(group, text, f"for these events a run alone can tell what it gives: {shown}")
            return
        flavor = tuple(each for each in self._flavor() if not _LATEST.match(each))
        guess = Guess(surface=self.rehearsal.surface, flavor=(*flavor, NO_LATEST))
        rules = self._searched(guess, text, wanted)
        if rules is None:
            self._left(group, text, "no rule gives the same for every event")
            return
        if _OFF.search(text) or (not any(wanted.values()) and "${{" in text):
            return
        yield from (_ON.sub("", each) for each in rules)

    def _searched(self, guess: Guess, text: str, wanted: Wanted) -> tuple[str, ...] | None:
        """The strictest rules that there are, first those that are quiet where they should be."""
        for asked in ({**wanted, **self.quiet}, wanted):
            for allowed in (None, self._all()):
                found = guess.rule_for(text, asked, allowed)
                if found is not None:
                    return found
        return None

    def _flavor(self) -> tuple[str, ...]:
        flavor = self.groups[0].flavor
        return tuple(each for each in flavor if "${{" not in each)

    def _latest(self) -> Iterator[str]:
        """A rule for `latest`, where the flavor makes it depend on more than the version."""
        written = [each for group in self.groups for each in group.flavor if "${{" in each]
        if not written:
            return
        group = self.groups[0]
        wanted: dict[Occasion, frozenset[str]] = {}
        for occasion in self.occasions:
            pushed = self.rehearsal.of(group, occasion)
            if pushed and any("${{" in each for each in pushed.group.flavor):
                self._left(group, written[0], f"a run alone can tell it ({occasion.title})")
                return
            has = pushed is not None and "latest" in pushed.tags
            wanted[occasion] = frozenset({"latest"} if has else ())
        if not any(wanted.values()):
            return
        guess = Guess(surface=self.rehearsal.surface)
        rules = self._searched(guess, "type=raw,value=latest", wanted)
        if rules is None:
            self._left(group, written[0], "no rule gives `latest` for just these events")
        yield from rules or ()

    def _verify(self, rules: Sequence[str], flavor: tuple[str, ...]) -> None:
        """Tell where all rules together do not give what is pushed."""
        guess = Guess(surface=self.rehearsal.surface, flavor=flavor)
        for occasion, tags in self._all().items():
            given = guess.gives(rules, occasion)
            if given != tags and not any(each.kind is Kind.LEFT for each in self.told):
                self._left(
                    self.groups[0],
                    f"{occasion.title}: {_listed(tags)}",
                    f"the rules give {_listed(given or ())}",
                )
                return
        for occasion in self.quiet:
            given = guess.gives(rules, occasion)
            if given:
                why = f"the workflow pushes nothing, and polyarch pushes {_listed(given)}"
                self._left(self.groups[0], occasion.title, why)
                return

    def _left(self, group: BuildGroup, what: str, why: str) -> None:
        step = group.meta.played.step if group.meta else group.call.played.step
        key = "meta-tags" if step.input("meta-tags") else "tags"
        line = step.line_of(key, what.partition("${{")[0] or what)
        self.told.append(
            Told(
                kind=Kind.LEFT,
                line=line,
                what=what,
                why=why,
                todo="write a rule for it under `tags`, then `polyarch plan --compare-workflow`",
            )
        )


def assumptions(pushed: Sequence[Pushed]) -> tuple[tuple[int, str], ...]:
    """Conditions that were taken to hold, with the lines of their steps."""
    found = [(each.group.line, name) for each in pushed for name in each.assumed]
    return tuple(dict.fromkeys(found))


def _could_be(written: str, tag: str) -> bool:
    parts = [
        re.escape(each) for each in re.split(r"\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}", written)
    ]
    return bool(re.fullmatch(".+".join(parts), tag))


def _listed(tags: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(tags)) or "nothing"
