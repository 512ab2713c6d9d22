"""What is known beside registries: the project's rules, its branch, what records tell."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from polyarch.config.project import ImageSettings, Project
from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitTree
from polyarch.host.git_after import times_after
from polyarch.host.git_refs import living_refs
from polyarch.host.repository import RepositoryFacts, known_repository
from polyarch.metadata.glob import literal_front
from polyarch.metadata.policy import PublishRule
from polyarch.oci import annotation
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.ancestry import Ancestry
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.kinds import Refs
from polyarch.pipeline.run_store import TAG_PREFIX
from polyarch.pipeline.watching.kinds import Sorter, Told
from polyarch.pipeline.watching.memory import Memory
from polyarch.pipeline.watching.subject import Subject
from polyarch.pipeline.watching.view import View
from polyarch.pipeline.world import World
from polyarch.runs.folder import ID
from polyarch.transaction import lock, park

_MARKERS = frozenset({lock.TAG, park.TAG, mark.TAG})
_FALLBACK = re.compile(r"sha(?:256|512)-[0-9a-f]{64,128}(?:\.[a-z0-9.-]+)?")
"""Lists of referrers (distribution-spec v1.1, "Referrers Tag Schema"), and cosign's own tags."""


def passed_over(tag: str) -> bool:
    """Whether a tag is one of polyarch's or of signers, and none of an image."""
    is_record = tag.startswith(TAG_PREFIX) and ID.fullmatch(tag.removeprefix(TAG_PREFIX))
    return tag in _MARKERS or bool(is_record or _FALLBACK.fullmatch(tag))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`head` is the commit of the default branch, empty where nobody knows it."""

    project: Project
    repository: RepositoryFacts
    head: str
    git: GitTree | None
    now: datetime
    on: tuple[PublishRule, ...]
    environment: Mapping[str, str]
    memory: Memory = field(default_factory=Memory)
    _ancestries: dict[str, Ancestry] = field(default_factory=dict, init=False, repr=False)
    _refs: list[Refs] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def of(cls, project: Project, event: CiEvent, world: World) -> Self:
        """Ask git, and read the rules.

        Raises:
            InvalidPublishRuleError: `[publish] on` cannot be read.
        """
        git = GitTree.find(project.root, world.environment)
        on = tuple(PublishRule.parse(item) for item in project.publish.on)
        repository = known_repository(event, git.facts() if git else None)
        if not repository.default_branch:
            repository = replace(repository, default_branch=_only_branch(on))
        return cls(
            project=project,
            repository=repository,
            head=_head(event, git, repository.default_branch),
            git=git,
            now=world.now,
            on=on,
            environment=world.environment,
        )

    def subject(self, name: str, view: View, metered: frozenset[Repository]) -> Subject:
        """An image with all that is known of it; `metered` are places whose reads are counted.

        Raises:
            InvalidRuleError: one of its tag rules cannot be read.
        """
        settings = self.project.images[name]
        sorter = Sorter(settings=settings, on=self.on, repository=self.repository, now=self.now)
        used = Counter(
            place for image in self.project.images.values() for place in set(image.repositories)
        )
        return Subject(
            settings=settings,
            view=view,
            sorts=sorter.sort({tag: _told(view, tag) for tag in view.tags}),
            memory=self.memory,
            now=self.now,
            nightly_max_age_s=self.project.watch.nightly_max_age_s,
            head=self.head,
            shares=any(used[place] > 1 for place in settings.repositories),
            scheduled=self._is_scheduled(settings),
            metered=metered,
            descends=self.descends,
            after=self._after,
        )

    def descends(self, commit: str, revision: str) -> bool | None:
        """Whether `revision` comes after `commit`; None where nobody can tell."""
        asked = self._ancestries.setdefault(commit, Ancestry(self.git, commit))
        return asked.descends(revision)

    def refs(self) -> Refs:
        """What git and its remote have, for what `prune` lets go; asked once."""
        if not self._refs:
            living = living_refs(self.project.root, self.environment)
            default = self.repository.default_branch
            self._refs.append(Refs(living=living, default_branch=default))
        return self._refs[0]

    def _after(self, revision: str) -> tuple[datetime, ...] | None:
        if self.git is None or not self.head:
            return None
        return times_after(self.git, revision, self.head)

    def _is_scheduled(self, settings: ImageSettings) -> bool:
        """Whether a pipeline publishes on a schedule, with a tag for that."""
        publishes = any(each.kind == "schedule" for each in self.on)
        gives = any("type=schedule" in rule for rule in settings.tags)
        return bool(self.project.triggers.schedule and publishes and gives)


def _only_branch(on: Sequence[PublishRule]) -> str:
    """The one branch that publishes, if its name stands in the config as it is."""
    named = [each.glob for each in on if each.kind == "branch"]
    return named[0] if len(named) == 1 and literal_front(named[0]) == named[0] else ""


def _head(event: CiEvent, git: GitTree | None, branch: str) -> str:
    if branch and event.branch == branch and event.sha and not event.simulated:
        return event.sha
    if git is None or not branch:
        return ""
    refs = f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"
    return next((found for ref in refs if (found := git.commit(ref))), "")


def _told(view: View, tag: str) -> Told:
    root = view.first(tag)
    version = root.annotations.get(annotation.VERSION, "") if root else ""
    return Told(version=version, single=isinstance(root, ImageManifest))
