"""Which tags `prune` lets go: that these are gone from some registries is as it should be.

A registry may be unable to delete what another one can, so pruned tags stand in some of them alone.
"""

from collections.abc import Callable
from datetime import timedelta

from polyarch.config.project import Project
from polyarch.pipeline.pruning.choosing import Bounds, ImageRules, choose
from polyarch.pipeline.pruning.kinds import Refs, TagRules
from polyarch.pipeline.survey import Survey
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.same import lacking
from polyarch.pipeline.watching.subject import Subject

_STAYS = frozenset({Sort.VERSION, Sort.MOVING, Sort.NIGHTLY, Sort.ALIAS})
"""Of these none goes, whatever `[prune]` says."""


def tags_let_go(subject: Subject, project: Project, refs: Callable[[], Refs]) -> frozenset[str]:
    """The tags that some repository lacks, and that may go from all that still show them.

    `refs` asks git, and is only called where a tag is missing that may be one of those.

    Raises:
        InvalidRuleError: the tag rules of an image cannot be read.
    """
    wanted = {
        tag
        for tag in subject.tags
        if subject.sorts[tag].sort not in _STAYS and not subject.sorts[tag].current
        if lacking(subject, tag) or any(tag in sight.dangling for sight in subject.view.sights)
    }
    if not wanted:
        return frozenset()
    settings, known = project.prune, refs()
    bounds = Bounds(
        now=subject.now,
        max_age=timedelta(seconds=settings.max_age_s),
        keep=settings.keep,
        keep_tags=settings.keep_tags,
    )
    goes: set[str] = set()
    stays: set[str] = set()
    for sight in subject.view.sights:
        images = [
            ImageRules(name=name, rules=TagRules.parse(image.tags, image.flavor))
            for name, image in project.images.items()
            if sight.repository in image.repositories
        ]
        found = Survey(
            repository=sight.repository,
            tags=sight.tags,
            manifests=subject.view.manifests,
            missing=frozenset(),
        )
        for choice in choose(found, images, bounds, known):
            (goes if choice.goes else stays).add(choice.tag)
    return frozenset(wanted & goes - stays)
