"""From config, event and facts to a plan. Pure: it can run with no engine and no network."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from polyarch.config.project import PER_REGISTRY, ImageSettings, Project
from polyarch.errors import TagCollisionError
from polyarch.metadata.policy import Decision
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG, Repository, TagReference
from polyarch.pipeline.claims import day_of
from polyarch.pipeline.current import NOT_ASKED
from polyarch.pipeline.existing import ARCH, ENGINE
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.graph import IMAGE_PREFIX, ordered
from polyarch.pipeline.guard import judge, ours
from polyarch.pipeline.material import edges_of
from polyarch.pipeline.naming import Names, refuse_unfit
from polyarch.pipeline.plan import (
    Action,
    ImagePlan,
    Plan,
    PlannedDestination,
    PlannedPlatform,
    PlannedTag,
)
from polyarch.pipeline.scope import Scope
from polyarch.pipeline.strategy import assign
from polyarch.pipeline.unchanged import Candidate, Verdict
from polyarch.pipeline.wording import Wording


def make_plan(
    project: Project, scope: Scope, decision: Decision, facts: Facts, *, keep_others: bool = False
) -> Plan:
    """Decide everything. `keep_others`: platforms outside the scope stay as they are published.

    Raises:
        TagCollisionError: two images would go under one tag.
        ImageCycleError: images stand on each other in a circle.
        EngineUnusableError: an image needs an engine that this machine does not have.
        StrategyUnmetError: nothing may build a platform as its `strategy` demands.
        InvalidRuleError, InvalidTemplateError, InvalidTagError: the config's expressions are wrong.
    """
    edges = edges_of(facts.sources)
    order = [name for name in ordered(tuple(project.images), edges) if name in scope.platforms]
    loads: Counter[str] = Counter()
    images: list[ImagePlan] = []
    for name in order:
        settings = project.images[name]
        names = facts.wording.names(settings)
        platforms = tuple(
            _platform(settings, platform, names, facts, loads) for platform in scope.platforms[name]
        )
        publish, reason = _decided(settings, names, decision)
        stands_on = edges.get(name, ())
        whole = keep_others or set(scope.platforms[name]) == set(settings.platforms)
        images.append(
            ImagePlan(
                name=name,
                publish=publish,
                reason=reason,
                depends_on=stands_on,
                bases=tuple(base for base in stands_on if base in scope.platforms),
                platforms=platforms,
                version=names.version.main,
                tags=names.tags,
                labels=names.labels,
                index_annotations=names.at("index"),
                manifest_annotations=names.at("manifest"),
                descriptor_annotations=names.at("manifest-descriptor"),
                missing=tuple(p for p in settings.platforms if p not in scope.platforms[name]),
                alias_tags=alias_tags(settings, scope.platforms[name], names, facts.wording),
                taken=_taken_whole(facts, name, scope.platforms[name]),
                published_bases=_published(project, settings, scope, facts),
                destinations=tuple(
                    PlannedDestination(
                        repository=repository,
                        adapted=_adapted(settings, repository, facts),
                        tags=tuple(
                            _tag(settings, repository.tag(tag), facts, whole=whole)
                            for tag in names.tags
                        ),
                    )
                    for repository in settings.repositories
                ),
            )
        )
    _refuse_collisions(images)
    event = facts.wording.event
    return Plan(
        event=event.name,
        ref=event.ref,
        sha=event.sha,
        images=tuple(images),
        reason=scope.reason,
        toolchain=facts.toolchain,
        environment=project.environment_name,
    )


def _platform(
    settings: ImageSettings, platform: Platform, names: Names, facts: Facts, loads: Counter[str]
) -> PlannedPlatform:
    """One build; `loads` counts what each builder got so far."""
    ages = facts.sources[settings.name, platform].ages
    if taken := facts.existing.get((settings.name, platform)):
        return PlannedPlatform(
            platform=platform,
            engine=ENGINE,
            strategy="existing",
            reason=taken.reason,
            builder="",
            input_key=str(taken.reference),
            source=str(taken.reference),
        )
    verdict = facts.verdicts.get((settings.name, platform)) or Verdict()
    if verdict.taken:
        found = _unchanged(verdict, verdict.taken, platform, names)
        # A day beside what does not age is nobody's but of who wrote it there.
        return found if ages else replace(found, built_on="")
    given = assign(settings, platform, facts, loads)
    loads[given.builder] += 1
    return PlannedPlatform(
        platform=platform,
        engine=given.engine,
        strategy=given.strategy,
        reason=given.reason,
        builder=given.builder,
        alternatives=given.alternatives,
        input_key=facts.keys.get((settings.name, platform), ""),
        bases=verdict.bases,
        changes=verdict.changes,
        anew=verdict.anew,
        built_on=day_of(facts.wording.now) if ages else "",
        labels=names.per_platform[platform],
        cost=facts.costs.get((settings.name, platform)) if given.strategy == "emulated" else None,
    )


def _unchanged(
    verdict: Verdict, taken: Candidate, platform: Platform, names: Names
) -> PlannedPlatform:
    """What was built before from the same inputs."""
    how = "its layers are taken from " if taken.reuse == "layers" else ""
    return PlannedPlatform(
        platform=platform,
        engine=ENGINE,
        strategy="existing",
        reason=f"nothing has changed: {how}{taken.where}",
        builder="",
        input_key=taken.claim.key,
        labels=names.per_platform[platform],
        source=taken.source,
        reuse=taken.reuse,
        bases=verdict.bases,
        built_on=taken.claim.built,
    )


def _adapted(settings: ImageSettings, repository: Repository, facts: Facts) -> str | None:
    less = facts.takes_less.get(repository.registry)
    return less if less and settings.digest_policy == PER_REGISTRY else None


def alias_tags(
    settings: ImageSettings, platforms: Sequence[Platform], names: Names, wording: Wording
) -> dict[str, Platform]:
    """The tags of single platforms; one that is a tag of the whole image is not given away.

    Raises:
        InvalidTemplateError, InvalidTagError: an expression in one is wrong, or what it gives.
        TagCollisionError: two platforms under one tag.
    """
    found: dict[str, Platform] = {}
    for platform in platforms:
        for text in settings.for_platform(platform).alias_tags:
            pattern = text.replace(ARCH, platform.word)
            tag = wording.render(settings, pattern, "alias-tags")
            refuse_unfit(settings.name, tag)
            other = found.setdefault(tag, platform)
            if other != platform or tag in names.tags:
                first = f"{settings.name} ({other})" if other != platform else settings.name
                raise TagCollisionError(tag, first, f"{settings.name} ({platform})")
    return found


def _taken_whole(facts: Facts, name: str, platforms: Sequence[Platform]) -> str:
    """The index that all platforms are taken from, where it is to be published as it stands."""
    taken = [facts.existing.get((name, platform)) for platform in platforms]
    references = {str(each.reference) if each and each.whole else "" for each in taken}
    return references.pop() if len(references) == 1 else ""


def _decided(settings: ImageSettings, names: Names, decision: Decision) -> tuple[bool, str]:
    if decision.publish and not names.tags:
        return False, "no tag rule gives a tag for this event"
    if decision.publish and not settings.repositories:
        return False, "it has no `repositories`"
    return decision.publish, decision.reason


def _refuse_collisions(images: Sequence[ImagePlan]) -> None:
    """Two images under one tag would overwrite each other in every run."""
    owners: dict[TagReference, str] = {}
    for image in images:
        for destination in image.destinations:
            for tag in (*image.tags, *image.alias_tags):
                reference = destination.repository.tag(tag)
                other = owners.setdefault(reference, image.name)
                if other != image.name:
                    raise TagCollisionError(str(reference), other, image.name)


def _published(
    project: Project, image: ImageSettings, scope: Scope, facts: Facts
) -> dict[str, str]:
    """Which bases of the project are taken as published, and under which name they are looked for.

    Where the image names one by `image:NAME`, the tags of this event are tried, then `latest`.
    """
    found: dict[str, str] = {}
    for platform in scope.platforms[image.name]:
        contexts = image.for_platform(platform).contexts
        for edge in facts.sources[image.name, platform].edges:
            base = project.images[edge.image]
            if edge.image in scope.platforms or not base.repositories:
                continue
            named = edge.name in contexts or edge.name.startswith(IMAGE_PREFIX)
            tags = (*facts.wording.names(base).tags, DEFAULT_TAG)
            reference = base.repositories[0].tag(tags[0]) if named else edge.name
            found.setdefault(edge.image, str(reference))
    return found


def _tag(
    settings: ImageSettings, reference: TagReference, facts: Facts, *, whole: bool
) -> PlannedTag:
    current = facts.current.get(reference, NOT_ASKED)
    if not whole:
        reason = "only some of the platforms were asked for"
        return PlannedTag(tag=reference.tag, current=current, action=Action.REFUSE, reason=reason)
    names = facts.wording.names(settings)
    judgement = judge(
        names.version.kinds[reference.tag],
        ours(names, facts.wording.event),
        current,
        policy=settings.tag_policy,
        descends=facts.descends.get,
    )
    return PlannedTag(
        tag=reference.tag, current=current, action=judgement.action, reason=judgement.reason
    )
