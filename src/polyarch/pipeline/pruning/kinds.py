"""Of which kind a tag is by the image's rules: a pull request, a single commit, a branch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from polyarch.host.git_refs import LivingRefs
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.rule import Rule, parse_rules
from polyarch.metadata.tagname import sanitise
from polyarch.pipeline.pruning.names import (
    decorated,
    fixed_name,
    given_by,
    has_expressions,
)

_COMMIT = "(?P<commit>[0-9a-f]{7,64})"
_BRANCH = "(?P<branch>.+)"
_NUMBERED = re.compile(r"(?:^|[^0-9A-Za-z])[vV]?[0-9]+(?:\.[0-9]|$)")
"""Searched for: `1.2`, `v1`, `release-1.2`, `pr-7`."""

_DIGIT = re.compile("[0-9]")

USUAL_BRANCHES = frozenset({"main", "master", "trunk"})
"""Where nobody says which branch is the default, none of these goes."""


class Kind(StrEnum):
    """What tags may go for; their rules say so."""

    PULL = "pull-request"
    COMMIT = "commit"
    BRANCH = "branch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`kind` is None where no rule of those kinds gives the tag; `stays` says why it never goes.

    `fixed`: another rule gives it, or may.
    """

    kind: Kind | None = None
    stays: str = ""
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRules:
    """The rules of one image, as patterns of tags.

    `others` are those of rules for anything else, by the rule's text; `fixed` are tags that such a
    rule always gives, and `latest`.
    """

    pulls: tuple[re.Pattern[str], ...]
    commits: tuple[re.Pattern[str], ...]
    branches: tuple[re.Pattern[str], ...]
    others: tuple[tuple[str, re.Pattern[str]], ...]
    fixed: frozenset[str]

    @classmethod
    def parse(cls, tags: Sequence[str], flavor: Sequence[str]) -> Self:
        """Read the rules of an image.

        Raises:
            InvalidRuleError: a rule or the flavor does not parse.
        """
        rules, shape = parse_rules(tags), Flavor.parse(flavor)
        commits = [rule for rule in rules if rule.type == "sha"]
        others = [(rule, given_by(rule)) for rule in rules]
        front = shape.prefix if shape.prefix_latest else ""
        back = shape.suffix if shape.suffix_latest else ""
        fixed = {name for rule in rules if (name := fixed_name(rule, shape))}
        return cls(
            pulls=_patterns(_of_refs(rules, "pr"), shape, "[0-9]+", plain=True),
            commits=_patterns(commits, shape, _COMMIT),
            branches=_patterns(_of_refs(rules, "branch"), shape, _BRANCH, plain=True),
            others=tuple(
                (rule.text, decorated(rule, shape, value)) for rule, value in others if value
            ),
            fixed=frozenset({"latest", sanitise(f"{front}latest{back}"), *fixed}),
        )

    def judge(self, tag: str, version: str, revision: str, refs: "Refs") -> Judged:
        """Of which kind a tag is whose index says this version and revision.

        A branch is one only where the index says so. A commit's tag has to be that of the index.
        """
        if tag in self.fixed:
            return Judged(stays="another rule always gives it", fixed=True)
        kind = self._kind(tag, version, revision)
        if kind is None:
            return Judged(stays="no rule for pull requests, commits or branches gives it")
        if kind is Kind.PULL and (given := self._numbered_like(tag)):
            return Judged(stays=f"the rule `{given}` may have given it", fixed=True)
        if told := refs.names(tag, self.branches):
            return Judged(kind=kind, stays=told)
        if kind is Kind.BRANCH and (told := self._why_no_branch(tag)):
            return Judged(stays=told, fixed=True)
        if kind is Kind.BRANCH and refs.living.unknown:
            told = f"whether its branch is still there is not known: {refs.living.unknown}"
        return Judged(kind=kind, stays=told)

    def _kind(self, tag: str, version: str, revision: str) -> Kind | None:
        if any(each.fullmatch(tag) for each in self.pulls) and not tag.isdecimal():
            return Kind.PULL
        for each in self.commits:
            found = each.fullmatch(tag)
            if found and revision.lower().startswith(found["commit"]):
                return Kind.COMMIT
        if version == tag and any(each.fullmatch(tag) for each in self.branches):
            return Kind.BRANCH
        return None

    def _numbered_like(self, tag: str) -> str:
        """Another rule that gives numbers of this look, as dates; empty where there is none.

        One that may give anything says nothing of this tag.
        """
        unlike = _DIGIT.sub("x", tag)
        return next(
            (
                text
                for text, each in self.others
                if each.fullmatch(tag) and not each.fullmatch(unlike)
            ),
            "",
        )

    def _why_no_branch(self, tag: str) -> str:
        """What else a tag may be that looks like a branch; empty where it can be nothing else."""
        given = next((text for text, each in self.others if each.fullmatch(tag)), "")
        if given:
            return f"the rule `{given}` may have given it"
        return "it may be a version" if _NUMBERED.search(tag) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """What git knows; `default_branch` is empty where nobody says it."""

    living: LivingRefs
    default_branch: str = ""

    def names(self, tag: str, branches: Sequence[re.Pattern[str]]) -> str:
        """Why git keeps a tag, by these patterns of branches; empty where it does not."""
        bare = {found["branch"] for each in branches if (found := each.fullmatch(tag))} | {tag}
        usual = {self.default_branch} if self.default_branch else USUAL_BRANCHES
        if bare & {sanitise(each) for each in usual}:
            return "it is the default branch"
        if bare & {sanitise(each) for each in self.living.branches}:
            return "the branch is still there"
        if bare & {sanitise(each) for each in self.living.tags}:
            return "it is a git tag"
        return ""


def _of_refs(rules: Sequence[Rule], event: str) -> list[Rule]:
    return [rule for rule in rules if rule.type == "ref" and rule.attributes["event"] == event]


def _patterns(
    rules: Sequence[Rule], flavor: Flavor, value: str, *, plain: bool = False
) -> tuple[re.Pattern[str], ...]:
    """Of tags; with `plain` only of rules that have no expression around the value.

    Nothing would be known of what such a rule gives.
    """
    return tuple(
        decorated(rule, flavor, value)
        for rule in rules
        if not plain or not has_expressions(rule, flavor)
    )
