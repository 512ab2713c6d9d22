"""What goes from one repository, each with its reason. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.pruning.choosing import Choice
from polyarch.pipeline.pruning.facts import Facts, subject_of_tag
from polyarch.pipeline.pruning.needs import Split, lacking, short, split
from polyarch.pipeline.pruning.values import Fate, ManifestRow, TagRow
from polyarch.pipeline.survey import Root
from polyarch.registry.profile import TagDelete

_DEEPEST = 10
_LAYERS = (
    "application/vnd.oci.image.layer.",
    "application/vnd.docker.image.rootfs.",
)
"""What layers of images are; cosign's artifacts have the config of an image, and other layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """`problem` is why nothing goes, empty where that is not so."""

    tags: tuple[TagRow, ...]
    manifests: tuple[ManifestRow, ...] = ()
    problem: str = ""


def plan(facts: Facts, choices: Sequence[Choice], tag_delete: TagDelete) -> Planned:
    """Say of each tag, and of each manifest below those that go, what becomes of it.

    Where a registry deletes nothing, or something could not be read, all stays.
    """
    held = {choice.tag: why for choice in choices if (why := _held(facts, choice))}
    wanted = [choice.tag for choice in choices if choice.goes and choice.tag not in held]
    named = [choice.tag for choice in choices if choice.named]
    made = split(facts, wanted, tag_delete, named=named)
    problem = facts.problem or lacking(made.kept, facts.manifests, facts.missing)
    if problem:
        stays = (_stays(each, f"nothing goes: {problem}") for each in choices)
        return Planned(tags=tuple(stays), problem=problem)
    if tag_delete == "no":
        told = "this registry deletes nothing over its API"
        return Planned(tags=tuple(_stays(each, held.get(each.tag, told)) for each in choices))
    reasons = {**made.back, **held}
    tags = tuple(_tag_row(facts, choice, made, reasons) for choice in choices)
    return Planned(tags=tags, manifests=_manifest_rows(facts, made))


def _held(facts: Facts, choice: Choice) -> str:
    """Why a tag is held, that would go."""
    if not choice.goes:
        return ""
    for hold in facts.holds_of(choice.digest):
        if hold.tag == choice.tag:
            who = f" by {hold.who}" if hold.who else ""
            return f"it was put back there on {hold.time.date()}{who}, and is held"
    return ""


def _stays(choice: Choice, why: str) -> TagRow:
    reason = (
        why if choice.goes or (subject_of_tag(choice.tag) and not choice.named) else choice.reason
    )
    return TagRow(
        tag=choice.tag,
        digest=choice.digest,
        old=choice.goes,
        fate=Fate.STAYS,
        reason=reason,
        kind=choice.kind.value if choice.kind else "",
        time=choice.time,
    )


def _tag_row(facts: Facts, choice: Choice, made: Split, why: Mapping[str, str]) -> TagRow:
    subject = subject_of_tag(choice.tag)
    if choice.tag not in made.going:
        row = _stays(choice, why.get(choice.tag, choice.reason))
        return replace(row, lonely=subject in facts.absent)
    reason = choice.reason
    if subject:
        reason = "goes" if subject in made.falling else "is not there any more"
        reason = f"it is about {short(subject)}, which {reason}"
    return TagRow(
        tag=choice.tag,
        digest=choice.digest,
        old=choice.goes,
        fate=Fate.GOES,
        reason=reason,
        kind=choice.kind.value if choice.kind else "referrers" if subject else "",
        time=choice.time,
    )


def _manifest_rows(facts: Facts, made: Split) -> tuple[ManifestRow, ...]:
    levels = _levels(facts, made.falling)
    going = [
        ManifestRow(
            digest=digest,
            what=what_is(facts.manifests[digest]),
            fate=Fate.GOES,
            reason=reason,
            level=levels[digest],
        )
        for digest, reason in made.falling.items()
    ]
    staying = [
        ManifestRow(
            digest=digest,
            what=what_is(facts.manifests[digest]),
            fate=Fate.STAYS,
            reason=f"{made.kept[digest]} needs it",
        )
        for digest in _spared(facts, made)
    ]
    return (*sorted(going, key=lambda row: row.level), *staying)


def _spared(facts: Facts, made: Split) -> list[Digest]:
    """What the tags that go show, and indexes that fall list, and something else needs."""
    roots = [facts.survey.tags[tag].digest for tag in sorted(made.going)]
    found = dict.fromkeys(roots)
    for digest in made.falling:
        node = facts.manifests[digest]
        if isinstance(node, ImageIndex):
            found |= dict.fromkeys(child.digest for child in node.manifests)
    return [digest for digest in found if digest in made.kept and digest in facts.manifests]


def _levels(facts: Facts, falling: Collection[Digest]) -> dict[Digest, int]:
    """How much stands above each that falls: indexes that list it, what it is about.

    So a tag whose turn has not come has all that it had, whenever removal is cut off. Artifacts
    that list what they are about go in circles, and have no right place.
    """
    levels = dict.fromkeys(falling, 0)
    waiting = list(falling)
    while waiting:
        digest = waiting.pop()
        node = facts.manifests[digest]
        children = node.manifests if isinstance(node, ImageIndex) else ()
        beneath = [child.digest for child in children] + list(facts.about.get(digest, ()))
        level = min(levels[digest] + 1, _DEEPEST)
        for each in beneath:
            if levels.get(each, level) < level:
                levels[each] = level
                waiting.append(each)
    return levels


def what_is(node: Root) -> str:
    """What a manifest is, in one word."""
    if node.subject:
        return "artifact"
    if isinstance(node, ImageIndex):
        return "index"
    others = any(not layer.media_type.startswith(_LAYERS) for layer in node.layers)
    return "artifact" if node.artifact_type or others else "image"
