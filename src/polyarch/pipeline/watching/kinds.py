"""What each tag of an image is, by the image's own rules: a version, what moves, a nightly.

Rules say which tags an event gives. So they are asked about the events that may have given a tag,
and what they give for none of these is somebody else's. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from polyarch.config.project import ImageSettings
from polyarch.errors import PolyarchError
from polyarch.host.ci_event import BRANCH, TAG, CiEvent, Provider
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.glob import literal_front
from polyarch.metadata.kind import TagKind
from polyarch.metadata.pep440 import PythonVersion
from polyarch.metadata.policy import PublishRule
from polyarch.metadata.precedence import compare_versions
from polyarch.metadata.rule import Rule, parse_rules
from polyarch.metadata.semver import SemanticVersion
from polyarch.metadata.version import Version, compute
from polyarch.metadata.version_tag import is_version_tag, version_prefix

_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_COMMIT = r"[0-9a-f]{7,64}"
_WORDS = r"[A-Za-z0-9_.-]+"
_DATE = r"[0-9][A-Za-z0-9_.-]*"
_LONGEST_VERSION = 128


class Sort(StrEnum):
    """What a tag is for those who pull it."""

    VERSION = "version"
    MOVING = "moving"
    BRANCH = "branch"
    NIGHTLY = "nightly"
    COMMIT = "commit"
    PULL_REQUEST = "pull-request"
    ALIAS = "alias"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSort:
    """`current`: what stands there is to be what the config says now. `newest`: of all versions.

    `version` is the newest version that gives it, empty where none does.
    """

    tag: str
    sort: Sort
    current: bool = False
    newest: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the index under a tag says of itself; `single`: it is one image and no index."""

    version: str = ""
    single: bool = False


@dataclass(slots=True, kw_only=True)
class Sorter:
    """Of one image; `on` are the events that publish, `now` what times in patterns are made of."""

    settings: ImageSettings
    on: Sequence[PublishRule]
    repository: RepositoryFacts
    now: datetime
    _rules: tuple[Rule, ...] = field(init=False)
    _known: dict[tuple[str, str], Version | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the rules.

        Raises:
            InvalidRuleError: one is none.
        """
        self._rules = parse_rules(self.settings.tags)

    def sort(self, tags: Mapping[str, Told]) -> dict[str, TagSort]:
        """Say of each tag what it is."""
        versions: dict[str, Version] = {}
        for tag, told in tags.items():
            if given := None if self._by_name(tag) else self._as_version(tag, told):
                versions[tag] = given
        newest = _newest(versions)
        moving = _covering(versions, newest)
        found = {
            tag: _sorted(tag, versions, newest, moving) or self._other(tag, told)
            for tag, told in tags.items()
        }
        return _with_newest_nightly(found)

    def _as_version(self, tag: str, told: Told) -> Version | None:
        """What the push of a version gives, if that gives this tag for good."""
        if len(tag) > _LONGEST_VERSION or not any(each.isdigit() for each in tag):
            return None
        pushed = [each for each in self.on if each.kind == "tag"]
        for ref in self._candidates(tag, told):
            if pushed and not any(each.takes_tag(ref) for each in pushed):
                continue
            version = self._compute("push", f"{TAG}{ref}")
            if version and version.kinds.get(tag) is TagKind.FIXED:
                return version
        return None

    def _by_name(self, tag: str) -> Sort | None:
        """What its name alone says, because a rule gives it for single commits or changes."""
        for rule in self._rules:
            if rule.type == "sha" and self._fits(rule, _COMMIT, tag):
                return Sort.COMMIT
            if rule.attributes.get("event") == "pr" and self._fits(rule, r"[0-9]+", tag):
                return Sort.PULL_REQUEST
        return None

    def _candidates(self, tag: str, told: Told) -> Iterator[str]:
        """Names of git tags that may have given it, likely ones first."""
        if not any(each.type in {"semver", "pep440", "match", "ref"} for each in self._rules):
            return
        bare = re.sub(r"^[^0-9]+", "", tag)
        texts = [text for text in dict.fromkeys((tag, told.version, bare)) if text]
        fronts = [literal_front(each.glob) for each in self.on if each.kind == "tag"]
        if self.settings.version_tag:
            fronts.insert(0, literal_front(self.settings.version_tag))
        for front in dict.fromkeys((*fronts, "v", "")):
            for text in texts:
                yield text if front and text.startswith(front) else front + text

    def _compute(self, name: str, ref: str) -> Version | None:
        if (name, ref) not in self._known:
            event = CiEvent(
                provider=Provider.LOCAL,
                name=name,
                ref=ref,
                sha="",
                default_branch=self.repository.default_branch or None,
            )
            glob = self.settings.version_tag
            try:
                self._known[name, ref] = compute(
                    self.settings.tags,
                    event,
                    now=self.now,
                    flavor=self.settings.flavor,
                    repository=self.repository,
                    tag_prefix=version_prefix(glob or "")
                    if is_version_tag(glob, event.tag)
                    else "",
                )
            except PolyarchError:  # a rule that needs what this event does not have
                self._known[name, ref] = None
        return self._known[name, ref]

    def _other(self, tag: str, told: Told) -> TagSort:
        if told.single and any(_matches(each, tag) for each in self.settings.alias_tags):
            return TagSort(tag=tag, sort=Sort.ALIAS)
        if any(self._is_nightly(rule, tag) for rule in self._rules if rule.type == "schedule"):
            return TagSort(tag=tag, sort=Sort.NIGHTLY)
        named = self._by_name(tag)
        if named:
            return TagSort(tag=tag, sort=named)
        return self._branch(tag, told) or TagSort(tag=tag, sort=self._constant(tag))

    def _branch(self, tag: str, told: Told) -> TagSort | None:
        """A branch that publishes is as the config says now; of another only the index tells."""
        default = self.repository.default_branch
        refs = [ref for ref in dict.fromkeys((default, tag)) if ref]
        for ref in refs:
            version = self._compute("push", f"{BRANCH}{ref}")
            if version is None or version.kinds.get(tag) is not TagKind.COMMITS:
                continue
            named = [each for each in self.on if each.kind == "branch"]
            certain = ref == default or told.version == tag or any(e.glob == ref for e in named)
            if certain and any(each.takes_branch(ref) for each in named):
                return TagSort(tag=tag, sort=Sort.BRANCH, current=True)
            if told.version == tag:
                return TagSort(tag=tag, sort=Sort.BRANCH)
        return None

    def _constant(self, tag: str) -> Sort:
        """What `type=raw` gives without any expression moves with every event."""
        raws = (each for each in self._rules if each.type == "raw")
        return Sort.MOVING if any(each.attributes["value"] == tag for each in raws) else Sort.OTHER

    def _is_nightly(self, rule: Rule, tag: str) -> bool:
        pieces = _EXPRESSION.split(rule.attributes["pattern"])
        return self._fits(rule, _DATE.join(map(re.escape, pieces)), tag)

    def _fits(self, rule: Rule, pattern: str, tag: str) -> bool:
        flavor = Flavor.parse(self.settings.flavor)
        prefix = rule.attributes.get("prefix", flavor.prefix)
        suffix = rule.attributes.get("suffix", flavor.suffix)
        return bool(re.fullmatch(f"{_loose(prefix)}{pattern}{_loose(suffix)}", tag))


def _matches(template: str, tag: str) -> bool:
    return bool(re.fullmatch(_loose(template), tag))


def _loose(template: str) -> str:
    """A pattern for what a text with expressions or placeholders may become."""
    return _WORDS.join(map(re.escape, re.split(r"\{\{.*?\}\}|\{[a-z-]+\}", template)))


def _moving(version: Version) -> list[str]:
    return [tag for tag, kind in version.kinds.items() if kind is TagKind.VERSIONS]


def _covering(versions: Mapping[str, Version], newest: frozenset[str]) -> dict[str, str]:
    """The tags that move from version to version, each with the newest that it is given by.

    A final release goes before what comes before one, as among all versions.
    """
    found: dict[str, str] = {}
    for tag, version in versions.items():
        for each in _moving(version):
            if _is_newer(tag, found.setdefault(each, tag), newest):
                found[each] = tag
    return found


def _is_newer(tag: str, last: str, newest: frozenset[str]) -> bool:
    one, other = ((each in newest, _is_final(each)) for each in (tag, last))
    return one > other if one != other else (compare_versions(tag, last) or 0) > 0


def _sorted(
    tag: str, versions: Mapping[str, Version], newest: frozenset[str], moving: Mapping[str, str]
) -> TagSort | None:
    """A tag of a version, or one that moves from version to version."""
    if tag in versions:
        last = tag in newest
        return TagSort(tag=tag, sort=Sort.VERSION, current=last, newest=last, version=tag)
    if tag in moving:
        current = moving[tag] in newest
        return TagSort(tag=tag, sort=Sort.MOVING, current=current, version=moving[tag])
    return None


def _newest(versions: Mapping[str, Version]) -> frozenset[str]:
    """The tags of the newest final release, or of the newest of all where none is final."""
    finals = [tag for tag in versions if _is_final(tag)]
    newest = ""
    for tag in finals or versions:
        if not newest or (compare_versions(tag, newest) or 0) > 0:
            newest = tag
    return frozenset(tag for tag in versions if tag == newest or _same(tag, newest))


def _same(tag: str, newest: str) -> bool:
    return compare_versions(tag, newest) == 0


def _is_final(tag: str) -> bool:
    bare = re.sub(r"^[^0-9]+", "", tag)
    semantic = SemanticVersion.parse(bare)
    if semantic:
        return not semantic.prerelease
    python = PythonVersion.parse(bare)
    return python is None or python.final


def _with_newest_nightly(found: dict[str, TagSort]) -> dict[str, TagSort]:
    """Of dated nightlies the last one is as the config says now; a name that moves always is."""
    nightly = sorted(tag for tag, each in found.items() if each.sort is Sort.NIGHTLY)
    dated = [tag for tag in nightly if any(each.isdigit() for each in tag)]
    for tag in nightly:
        if tag not in dated or tag == dated[-1]:
            found[tag] = TagSort(tag=tag, sort=Sort.NIGHTLY, current=True)
    return found
