"""Where an image goes and on what terms: the config's words as the transaction takes them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from polyarch.config.project import PER_REGISTRY
from polyarch.content.reader import read_small
from polyarch.errors import AdaptationNeededError
from polyarch.metadata.kind import TagKind
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.attaching import Attaching
from polyarch.pipeline.current import current_of
from polyarch.pipeline.guard import judge, ours
from polyarch.pipeline.job import ProvenImage
from polyarch.pipeline.plan import Action, ImagePlan
from polyarch.pipeline.prepare import Prepared
from polyarch.registry.client import RegistryClient
from polyarch.transaction.adapt import adapted
from polyarch.transaction.hold import Hold
from polyarch.transaction.values import Bring, Guard, Labels, Target, Verdict, bring_nothing

_MAY: Mapping[Action, Literal["move", "keep", "refuse"]] = {
    Action.CREATE: "move",
    Action.MOVE: "move",
    Action.KEEP: "keep",
}


def targets_of(
    image: ImagePlan,
    prepared: Prepared,
    proven: ProvenImage | None = None,
    client: RegistryClient | None = None,
) -> tuple[Target, ...]:
    """The destinations of an image; without what was `proven` only as far as a plan knows them.

    A registry that cannot take all of it gets less, or is unfit where one digest is to hold
    everywhere.

    Raises:
        ContentError, SpecError: a child of the index cannot be read.
    """
    settings = prepared.project.images[image.name]
    kinds = prepared.facts.wording.names(settings).version.kinds
    guard = _guard(image, prepared)
    moving = {tag for tag in image.tags if kinds[tag] is not TagKind.FIXED} | {*image.alias_tags}
    aliases = _aliases(image, proven) if proven else {}
    found: list[Target] = []
    for destination in image.destinations:
        repository, root, why = destination.repository, None, ""
        if proven and client:
            profile = client.repository(repository).profile
            root, why = adapted(proven.index, proven.source, profile)
        merge = prepared.ask.keep_others and bool(image.missing)
        one_digest = settings.digest_policy != PER_REGISTRY
        found.append(
            Target(
                repository=repository,
                tags=(*image.tags, *aliases),
                moving=frozenset(moving),
                guard=guard,
                holds=prepared.holds,
                merge=merge,
                root=root if why and not one_digest else None,
                adapted=why if not one_digest else "",
                unfit=AdaptationNeededError(str(repository), why) if why and one_digest else None,
                fewer=prepared.ask.fewer,
                public=settings.public and not prepared.ask.sandbox,
                aliases=aliases,
                beside=bring_nothing if merge else _beside(proven, prepared),
            )
        )
    return tuple(found)


def _beside(proven: ProvenImage | None, prepared: Prepared) -> Bring:
    """The proof, where the config says so; an index that is merged is not what was proven."""
    if proven is None or not prepared.project.verify.attach:
        return bring_nothing
    world, event = prepared.world, prepared.event
    return Attaching(
        proof=proven.proof,
        source={"revision": event.sha or None, "ci_run": event.ci_run},
        time=world.clock() if world.clock else world.now,
        listen=world.listen,
    )


def _aliases(image: ImagePlan, proven: ProvenImage) -> dict[str, ImageManifest]:
    """The image that each alias stands for."""
    children = {child.platform: child for child in proven.index.images}
    found: dict[str, ImageManifest] = {}
    for tag, platform in image.alias_tags.items():
        if child := children.get(platform):
            raw = read_small(proven.source, child)
            found[tag] = ImageManifest.parse(raw, child.media_type)
    return found


def _guard(image: ImagePlan, prepared: Prepared) -> Guard:
    """The tag policy as the transaction asks it: what was planned may not hold any more."""
    settings = prepared.project.images[image.name]
    names = prepared.facts.wording.names(settings)
    mine = ours(names, prepared.event)

    def guard(
        tag: str,
        standing: ImageIndex | ImageManifest | None,
        labels: Labels,
        holds: Sequence[Hold],
    ) -> Verdict:
        current = current_of(standing, labels, holds)
        judgement = judge(
            names.version.kinds.get(tag, TagKind.COMMITS),
            mine,
            current,
            policy=settings.tag_policy,
            descends=prepared.ancestry.descends,
        )
        return Verdict(may=_MAY.get(judgement.action, "refuse"), reason=judgement.reason)

    return guard
