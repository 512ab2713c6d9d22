"""What stays because something that stays needs it, and what falls with what goes. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.pruning.facts import Facts, subject_of_tag
from polyarch.pipeline.survey import Root
from polyarch.registry.profile import TagDelete
from polyarch.transaction.hold import Hold

Labelled = Mapping[Digest, str]
"""Manifests, each with the words for why it is meant."""


def short(digest: Digest) -> str:
    """As people read it."""
    return f"{digest.algorithm}:{digest.short}"


def needed(facts: Facts, roots: Labelled) -> dict[Digest, str]:
    """These and all that they need: children, artifacts about them, what those are about.

    What a hold holds back is needed as long as it holds.
    """
    found: dict[Digest, str] = {}
    waiting = list(roots.items())
    while waiting:
        digest, why = waiting.pop()
        if digest in found:
            continue
        found[digest] = why
        waiting += [(each, why) for each in _beside(facts, digest)]
        node = facts.manifests.get(digest)
        if node and node.subject:
            waiting.append((node.subject.digest, why))
        if hold := Hold.read(node):
            waiting.append((hold.digest, why))
    return found


def lacking(
    kept: Iterable[Digest], manifests: Mapping[Digest, Root], missing: Collection[Digest]
) -> str:
    """Why nobody knows all that is needed: an index that is missing; empty where none is.

    An image that is missing needs nothing more.
    """
    for digest in kept:
        node = manifests.get(digest)
        for child in node.manifests if isinstance(node, ImageIndex) else ():
            if child.digest in missing and mediatype.is_index(child.media_type):
                return f"{digest} lists the index {child.digest}, which is missing"
    return ""


def falling(facts: Facts, roots: Labelled, kept: Mapping[Digest, str]) -> dict[Digest, str]:
    """These with their children and all that is about them, but for what is kept."""
    found: dict[Digest, str] = {}
    waiting = list(reversed(list(roots.items())))
    while waiting:
        digest, why = waiting.pop()
        if digest in found or digest in kept or digest not in facts.manifests:
            continue
        found[digest] = why
        node = facts.manifests[digest]
        if isinstance(node, ImageIndex):
            told = f"nothing but {short(digest)} lists it"
            waiting += [(child.digest, told) for child in node.manifests]
        waiting += [(each, f"it is about {short(digest)}") for each in facts.about.get(digest, ())]
    return found


def _beside(facts: Facts, digest: Digest) -> Iterable[Digest]:
    node = facts.manifests.get(digest)
    if isinstance(node, ImageIndex):
        yield from (child.digest for child in node.manifests)
    yield from facts.about.get(digest, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What goes and what stays: tags that go, manifests that are needed, those that fall.

    `back` says of tags that were to go why they stay after all.
    """

    going: frozenset[str]
    kept: Mapping[Digest, str]
    falling: Mapping[Digest, str]
    back: Mapping[str, str]


def split(
    facts: Facts, wanted: Iterable[str], tag_delete: TagDelete, *, named: Collection[str] = ()
) -> Split:
    """Let as many of the tags go as may: the more stay, the more is needed, until nothing changes.

    Tags about a manifest go with it, whoever asked for them, but for those that are `named`.
    """
    tags = facts.survey.tags
    about = {tag: subject for tag in tags if (subject := subject_of_tag(tag))}
    going = ({*wanted, *about} - {*named}) & tags.keys()
    back: dict[str, str] = {}
    before: Collection[Digest] = facts.manifests.keys()
    while True:
        roots = {head.digest: f"`{tag}`" for tag, head in tags.items() if tag not in going}
        roots |= spoken_of(facts, {*back, *named}, before)
        roots |= dict.fromkeys(facts.young, "what a tag showed until a short while ago")
        kept = needed(facts, roots)
        fallen = falling(facts, _roots(facts, going, about), kept)
        stays = {
            tag: why
            for tag in sorted(going)
            if (why := _why_back(facts, tag, kept, fallen))
            or (why := _trap(facts, tag, going, kept, tag_delete))
        }
        if not stays and fallen.keys() == before:
            return Split(going=frozenset(going), kept=kept, falling=fallen, back=back)
        before = fallen.keys()
        going -= stays.keys()
        back |= stays


def spoken_of(facts: Facts, tags: Iterable[str], falling: Collection[Digest]) -> dict[Digest, str]:
    """What tags are about that stay, as far as it stands there without one and does not fall."""
    found = {}
    for tag in tags:
        subject = subject_of_tag(tag)
        if subject and subject in facts.manifests and subject not in falling:
            found[subject] = f"`{tag}`"
    return found


def _roots(facts: Facts, going: Iterable[str], about: Mapping[str, Digest]) -> dict[Digest, str]:
    """What falls first: what tags show that go, tags about others last."""
    order = sorted(going, key=lambda tag: (tag in about, tag))
    shown = {facts.survey.tags[tag].digest: f"`{tag}` goes" for tag in reversed(order)}
    first = dict(reversed(shown.items()))
    return {**first, **{digest: why for digest, why in facts.loose.items() if digest not in first}}


def _why_back(
    facts: Facts,
    tag: str,
    kept: Mapping[Digest, str],
    fallen: Mapping[Digest, str],
) -> str:
    subject = subject_of_tag(tag)
    if subject is None or subject in fallen:
        return ""
    if subject in kept:
        return f"it is about {short(subject)}, which {kept[subject]} needs"
    if subject in facts.absent:
        told = f"it is about {short(subject)}, which is in no place that is known"
        return "" if facts.has_gone(tag, subject) else told
    return f"it is about {short(subject)}, which stands there without a tag"


def _trap(
    facts: Facts,
    tag: str,
    going: Iterable[str],
    kept: Mapping[Digest, str],
    tag_delete: TagDelete,
) -> str:
    """Why a tag cannot go alone, where it would take its manifest along, or might."""
    digest = facts.survey.tags[tag].digest
    others = [each for each in facts.survey.tags_of(digest) if each not in going]
    told = {
        "tag": "some registries delete a manifest with its last tag",
        "manifest": "deleting a tag deletes its image here",
    }.get(tag_delete, "whether a tag can go alone here is not known")
    if others:
        return "" if tag_delete == "tag" else f"`{others[0]}` shows the same, and {told}"
    return f"{kept[digest]} needs what it shows, and {told}" if digest in kept else ""
