"""Whether registries show the same under the same tags, and the newest version everywhere. Pure."""

from collections.abc import Iterator

from polyarch.findings import Finding, Severity
from polyarch.oci.digest import Digest
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.deciding import Decision, decide, disagree
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.subject import Subject, short
from polyarch.pipeline.watching.view import Sight


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


def _missing(subject: Subject, tag: str, sight: Sight, *, newest: bool) -> Finding:
    code = codes.VERSION_MISSING if newest else codes.TAG_MISSING
    others = [str(each.repository) for each in subject.view.sights if tag in each.tags]
    foreign = subject.sorts[tag].sort is Sort.OTHER
    gone = tag in subject.let_go
    hint = f"{_repair(subject)} from {others[0]}"
    if foreign:
        hint = f"`polyarch copy {others[0]}:{tag} {sight.repository}:{tag}`, if it is to be here"
    elif disagree(subject, tag) and decide(subject, tag).root is None:
        hint = f"the others disagree about it ({codes.DISAGREE.code})"
    return code.found(
        subject.name,
        f"{sight.repository}:{tag}",
        f"the newest version, `{tag}`, does not stand here"
        if newest
        else f"`{tag}` does not stand here{', as `polyarch prune` lets it go' if gone else ''}",
        hint="" if gone else hint,
        severity=Severity.INFO if foreign or gone else None,
        details={"repository": str(sight.repository), "tag": tag},
    )


def _differ(subject: Subject, tag: str) -> Finding:
    by_digest: dict[Digest, list[str]] = {}
    for sight in subject.view.sights:
        if digest := sight.digest(tag):
            by_digest.setdefault(digest, []).append(str(sight.repository))
    told = "; ".join(f"{short(digest)} in {', '.join(at)}" for digest, at in by_digest.items())
    decision = decide(subject, tag)
    if decision.held:
        told += f"; in {by_digest[decision.held][0]} {decision.reason}"
    if decision.unknown:
        told += "; whether somebody has put it back was asked, and is not known"
    return codes.DISAGREE.found(
        subject.name,
        tag,
        f"registries show different images: {told}",
        hint=_way_out(subject, tag, decision, by_digest),
        details={each: str(digest) for digest, at in by_digest.items() for each in at},
    )


def _way_out(
    subject: Subject, tag: str, decision: Decision, by_digest: dict[Digest, list[str]]
) -> str:
    """What would make registries agree."""
    if decision.held:
        back = _rolled_back(subject, tag, decision.held)
        return f"{back} puts it back in the others too; or publish something newer"
    if decision.root:
        right = f"{short(decision.root)}, which {decision.why}"
        return f"`polyarch watch {subject.name} --repair` takes {right}"
    one, other = (f"{at[0]}:{tag}" for at in list(by_digest.values())[:2])
    return f"decide which is right: `polyarch copy {one} {other}`, or the other way"


def _rolled_back(subject: Subject, tag: str, digest: Digest) -> str:
    """The command that puts tags everywhere to what they were put back to, and no others."""
    versions = (
        each
        for each in subject.tags
        if subject.sorts[each].sort is Sort.VERSION and digest in subject.view.roots(each)
    )
    held = [each for each in subject.tags if each == tag or subject.holds_of(each, digest)]
    tags = " ".join(f"--tag {each}" for each in held)
    return f"`polyarch rollback {subject.name} --to {next(versions, digest)} {tags}`"


def _repair(subject: Subject) -> str:
    return f"`polyarch watch {subject.name} --repair` brings it"
