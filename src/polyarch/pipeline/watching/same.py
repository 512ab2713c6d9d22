"""Whether registries show the same under the same tags, and the newest version everywhere. Pure."""

from collections import Counter
from collections.abc import Iterator

from polyarch.config.project import PER_REGISTRY
from polyarch.findings import Finding, Severity
from polyarch.oci.digest import Digest
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.subject import Subject, short
from polyarch.pipeline.watching.view import Sight

_SEVERAL = 2


def judge_same(subject: Subject) -> Iterator[Finding]:
    """Compare the repositories of an image, tag by tag."""
    asked = [sight for sight in subject.view.sights if sight.listed]
    empty = [s for s in asked if not (subject.shown(s) or s.dangling or s.unsure)]
    for sight in empty:
        yield codes.NOTHING.found(
            subject.name,
            str(sight.repository),
            "nothing is published here",
            hint=_repair(subject) if len(empty) < len(asked) else "`polyarch publish` publishes",
        )
    for tag in subject.tags:
        for sight in lacking(subject, tag):
            newest = subject.sorts[tag].newest
            if sight not in empty or newest:
                yield _missing(subject, tag, sight, newest=newest)
        if disagree(subject, tag):
            yield _differ(subject, tag)


def lacking(subject: Subject, tag: str) -> list[Sight]:
    """The repositories that have said that nothing stands under a tag which others have."""
    return [
        sight
        for sight in subject.view.sights
        if sight.knows(tag) and tag not in sight.tags and tag not in sight.broken
        if tag not in sight.dangling
    ]


def disagree(subject: Subject, tag: str) -> bool:
    """Whether a tag shows different images; registries may get what they take, where that is so."""
    roots = subject.view.roots(tag)
    if len(roots) > 1 and subject.settings.digest_policy == PER_REGISTRY:
        return len({_images(subject, root) for root in roots}) > 1
    return len(roots) > 1


def decided(subject: Subject, tag: str) -> Digest | None:
    """What is to stand under a tag everywhere; None where nobody can say."""
    roots = subject.view.roots(tag)
    if not disagree(subject, tag):
        return roots[0] if roots else None
    known = recorded(subject, tag)
    shown = Counter(each for s in subject.view.sights if (each := s.digest(tag)))
    digest, count = shown.most_common(1)[0]
    most = digest if count >= _SEVERAL and count * 2 > shown.total() else None
    # A record may be an old one: another machine has published since.
    return None if known and most and known != most else known or most


def recorded(subject: Subject, tag: str) -> Digest | None:
    """What the newest records say was put there, where they agree and it still stands somewhere."""
    said = {
        subject.memory.digests.get((str(sight.repository), tag), "")
        for sight in subject.view.sights
    } - {""}
    found = [each for each in subject.view.roots(tag) if {str(each)} == said]
    return found[0] if found else None


def _images(subject: Subject, root: Digest) -> frozenset[tuple[str, Digest]]:
    images = subject.view.images(root)
    return frozenset((str(each.platform), each.digest) for each in images) or frozenset(
        {("", root)}
    )


def _missing(subject: Subject, tag: str, sight: Sight, *, newest: bool) -> Finding:
    code = codes.VERSION_MISSING if newest else codes.TAG_MISSING
    others = [str(each.repository) for each in subject.view.sights if tag in each.tags]
    words = "the newest version, " if newest else ""
    foreign = subject.sorts[tag].sort is Sort.OTHER
    return code.found(
        subject.name,
        f"{sight.repository}:{tag}",
        f"{words}`{tag}`, does not stand here" if newest else f"`{tag}` does not stand here",
        hint=f"{_repair(subject)} from {others[0]}",
        severity=Severity.INFO if foreign else None,
        details={"repository": str(sight.repository), "tag": tag},
    )


def _differ(subject: Subject, tag: str) -> Finding:
    by_digest: dict[Digest, list[str]] = {}
    for sight in subject.view.sights:
        if digest := sight.digest(tag):
            by_digest.setdefault(digest, []).append(str(sight.repository))
    told = "; ".join(f"{short(digest)} in {', '.join(at)}" for digest, at in by_digest.items())
    one, other = (f"{at[0]}:{tag}" for at in list(by_digest.values())[:2])
    hint = f"decide which is right: `polyarch copy {one} {other}`, or the other way"
    if right := decided(subject, tag):
        why = "a run has published" if recorded(subject, tag) else "most registries have"
        hint = f"`polyarch watch {subject.name} --repair` takes {short(right)}, which {why}"
    return codes.DISAGREE.found(
        subject.name,
        tag,
        f"registries show different images: {told}",
        hint=hint,
        details={each: str(digest) for digest, at in by_digest.items() for each in at},
    )


def _repair(subject: Subject) -> str:
    return f"`polyarch watch {subject.name} --repair` brings it"
