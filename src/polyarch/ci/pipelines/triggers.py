"""What starts a generated pipeline: `[triggers]`, and where it is silent what publishes."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from polyarch.config.project import Project
from polyarch.metadata.policy import PublishRule

_NIGHT_HOURS = 6
_MINUTES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Names of branches or tags; `raw` is in the CI's own form, else `glob` is one of polyarch's.

    Of a glob the CI gets a pattern that fits at least the same names: polyarch judges once more.
    """

    text: str
    raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """What starts it; times are cron's, in UTC. At `watch` another job runs than at all others."""

    branches: tuple[Pattern, ...] = ()
    tags: tuple[Pattern, ...] = ()
    release: bool = False
    schedule: tuple[str, ...] = ()
    watch: str = ""
    dispatch: bool = False
    pull_request: bool = False

    @classmethod
    def of(cls, project: Project) -> Self:
        """What the project's file says."""
        told = project.triggers
        rules = tuple(PublishRule.parse(item) for item in project.publish.on)
        kinds = {rule.kind for rule in rules}
        nightly = (odd_time(_seed(project)),) if "schedule" in kinds else ()
        return cls(
            branches=_patterns(told.branches, "branch", rules),
            tags=_patterns(told.tags, "tag", rules),
            release="release" in kinds if told.release is None else told.release,
            schedule=told.schedule or nightly,
            watch=told.watch,
            dispatch="dispatch" in kinds if told.dispatch is None else told.dispatch,
            pull_request=told.pull_request is not False,
        )

    @classmethod
    def rehearsal(cls, branch: str) -> Self:
        """For a branch of one's own: its pushes, and whoever starts it by hand."""
        return cls(branches=(Pattern(text=_literal(branch)),), dispatch=True)

    @property
    def words(self) -> tuple[str, ...]:
        """As a person reads them."""
        listed = (
            *(f"push to the branch {each.text}" for each in self.branches),
            *(f"push of the tag {each.text}" for each in self.tags),
            *(["a published release"] if self.release else []),
            *(f"schedule {each} (UTC)" for each in self.schedule),
            *([f"schedule {self.watch} (UTC), to watch what is published"] if self.watch else []),
            *(["by hand"] if self.dispatch else []),
            *(["pull requests (built and proven, nothing pushed)"] if self.pull_request else []),
        )
        return tuple(listed)


def odd_time(seed: str) -> str:
    """A time at night, in cron's form, that differs between projects: full hours are crowded."""
    number = int.from_bytes(sha256(seed.encode()).digest()[:4])
    minute = 2 * (number % _MINUTES) + 1
    return f"{minute} {number // _MINUTES % _NIGHT_HOURS} * * *"


def _seed(project: Project) -> str:
    """The repository's name as its images tell it: the same in every clone and fork."""
    named = (str(each) for image in project.images.values() for each in image.repositories)
    return next(named, next(iter(project.images)))


def _patterns(
    own: tuple[str, ...], kind: str, rules: tuple[PublishRule, ...]
) -> tuple[Pattern, ...]:
    if own:
        return tuple(Pattern(text=text, raw=True) for text in own)
    return tuple(Pattern(text=rule.glob) for rule in rules if rule.kind == kind)


def _literal(name: str) -> str:
    """A glob that fits a name alone."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", name)
