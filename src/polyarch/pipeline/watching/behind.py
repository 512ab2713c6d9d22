"""Whether tags that move from version to version show the newest one that they are for."""

import asyncio
from collections.abc import Iterator, Sequence

from polyarch.errors import PolyarchError, shorten
from polyarch.findings import Finding, Severity
from polyarch.metadata.precedence import compare_versions
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import current_of
from polyarch.pipeline.guard import FREE
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.deciding import disagree
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.subject import Subject, TagHolds
from polyarch.registry.client import RegistryClient
from polyarch.transaction.hold import Hold, Holds

_SHOWN = 80
"""Characters of what a registry says."""


def judge_newest(subject: Subject) -> Iterator[Finding]:
    """Tags that show an older version everywhere; where only some do, registries disagree. Pure."""
    for tag in subject.tags:
        if is_behind(subject, tag):
            yield _behind(subject, tag)


def is_behind(subject: Subject, tag: str) -> bool:
    """Whether a tag shows an older version than the newest that gives it, wherever it stands."""
    newest, roots = _newest(subject, tag), subject.view.roots(tag)
    return bool(newest and roots) and all(_is_older(subject, root, newest) for root in roots)


async def ask_holds(subjects: Sequence[Subject], client: RegistryClient) -> TagHolds:
    """What keeps tags that registries disagree about, or that are behind; all others are not asked.

    Never raises for a registry: what it did not say is None.
    """
    wanted: dict[tuple[Repository, Digest], set[str]] = {}
    for subject in subjects:
        for tag in subject.tags:
            if disagree(subject, tag) or is_behind(subject, tag):
                for sight in subject.view.sights:
                    if digest := sight.digest(tag):
                        wanted.setdefault((sight.repository, digest), set()).add(tag)
    holds = Holds()

    async def one(place: Repository, digest: Digest) -> tuple[Hold, ...] | None:
        try:
            return await holds.on(client.repository(place), digest, wanted[place, digest])
        except PolyarchError:
            return None

    answers = await asyncio.gather(*(one(*each) for each in wanted))
    return {
        (place, tag): None if held is None else tuple(each for each in held if each.tag == tag)
        for (place, digest), held in zip(wanted, answers, strict=True)
        for tag in wanted[place, digest]
    }


def _newest(subject: Subject, tag: str) -> str:
    found = subject.sorts[tag]
    return found.version if found.sort is Sort.MOVING else ""


def _is_older(subject: Subject, root: Digest, newest: str) -> bool:
    """By what both say of themselves, else by the tags of versions; what nobody knows is not."""
    best = subject.view.roots(newest)
    node = subject.view.manifests.get(root)
    if root in best or node is None:
        return False
    current, newer = current_of(node), current_of(subject.view.first(newest))
    if current.revision and current.revision == newer.revision:
        return False
    order = compare_versions(current.version or "", newer.version or newest)
    if order is None:
        order = compare_versions(_version_of(subject, root), newest)
    return order is not None and order < 0


def _version_of(subject: Subject, root: Digest) -> str:
    """The tag of a version that stands for the same."""
    tags = (tag for tag in subject.tags if subject.sorts[tag].sort is Sort.VERSION)
    return next((tag for tag in tags if root in subject.view.roots(tag)), "")


def _behind(subject: Subject, tag: str) -> Finding:
    newest, root = _newest(subject, tag), subject.view.roots(tag)[0]
    node = subject.view.manifests[root]
    shown = _version_of(subject, root) or current_of(node).version or str(root)
    [place, *_] = [each.repository for each in subject.view.sights if newest in each.tags]
    told = f"it shows {shorten(shown, _SHOWN)}, and `{newest}` is published"
    hint = f"`polyarch tag {place}:{newest} {tag} --everywhere` moves it on"
    severity = Severity.INFO if subject.settings.tag_policy == FREE else None
    if held := _held(subject, tag, newest):
        told += f": {held}"
        severity = Severity.INFO
    elif subject.holds_unknown(tag):
        told += "; whether somebody has put it back was asked, and is not known"
    return codes.BEHIND.found(subject.name, tag, told, severity=severity, hint="" if held else hint)


def _held(subject: Subject, tag: str, newest: str) -> str:
    """Why somebody has put it back from the newest version, or a later one."""
    said = current_of(subject.view.first(newest)).version or newest
    for root in subject.view.roots(tag):
        for hold in subject.holds_of(tag, root):
            order = compare_versions(hold.version, said) if hold.version else None
            if hold.digest in subject.view.roots(newest) or (order is not None and order >= 0):
                return f"it {hold.told}"
    return ""
