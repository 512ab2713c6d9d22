"""Whether tags still have all of their platforms. Pure."""

from collections.abc import Iterator

from polyarch.findings import Finding
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.subject import Subject, names_told, tags_told
from polyarch.pipeline.watching.view import Sight, plain

_ONE_PLATFORM = frozenset({Sort.ALIAS})
_OF_RELEASES = frozenset({Sort.VERSION, Sort.MOVING})


def judge_platforms(subject: Subject) -> Iterator[Finding]:
    """What a tag lost, or never had though the config makes it now."""
    lost: dict[tuple[Platform, tuple[str, ...], tuple[Digest, ...]], list[str]] = {}
    never: dict[Platform, list[str]] = {}
    for tag in subject.tags:
        if subject.sorts[tag].sort in _ONE_PLATFORM:
            continue
        gone: dict[Platform, list[str]] = {}
        for sight in subject.view.sights:
            for platform, is_loss in _missing(subject, tag, sight):
                if is_loss:
                    gone.setdefault(platform, []).append(str(sight.repository))
                elif tag not in never.setdefault(platform, []):
                    never[platform].append(tag)
        for platform, places in gone.items():
            key = platform, tuple(places), subject.view.roots(tag)
            lost.setdefault(key, []).append(tag)
    for (platform, at, _), tags in lost.items():
        yield _lost(subject, platform, at, tags)
    for platform, tags in never.items():
        told = _never(subject, tags)
        yield codes.PLATFORM_NEW.found(subject.name, "", told, platform=platform)


def _never(subject: Subject, tags: list[str]) -> str:
    """What is known: that it was published so only a record can tell."""
    one = len(tags) == 1
    if all(_is_recorded(subject, tag) for tag in tags):
        return f"{tags_told(tags)} {'was' if one else 'were'} published without it"
    has, it = ("has", "it") if one else ("have", "they")
    return f"{tags_told(tags)} {has} no image for it, and no record says that {it} had one"


def _is_recorded(subject: Subject, tag: str) -> bool:
    """Whether a run says of what stands there which platforms it was published with."""
    said = (
        (subject.memory.digests.get((str(sight.repository), tag)), str(sight.digest(tag)))
        for sight in subject.view.sights
        if tag in sight.tags
    )
    return all(known == shown and known in subject.memory.platforms for known, shown in said)


def expected(subject: Subject, tag: str) -> frozenset[Platform]:
    """The platforms that a tag is known to have had, or is to have now."""
    found: set[Platform] = set()
    for sight in subject.view.sights:
        if digest := sight.digest(tag):
            found |= subject.platforms_of(digest) | _known(subject, tag, sight)
    return frozenset(found | (_configured(subject) if subject.sorts[tag].current else set()))


def _missing(subject: Subject, tag: str, sight: Sight) -> Iterator[tuple[Platform, bool]]:
    """The platforms that a tag lacks in one repository, and whether it ever had each."""
    digest = sight.digest(tag)
    if digest is None or digest not in subject.view.manifests:
        return
    have = subject.platforms_of(digest)
    if not have and digest not in subject.view.configs:
        return  # one image, of which nobody could be asked what it is
    sort = subject.sorts[tag]
    ours = subject.memory.digests.get((str(sight.repository), tag)) == str(digest)
    known, configured = _known(subject, tag, sight), _configured(subject)
    wanted = configured if sort.current else known
    for platform in sorted(wanted - have, key=str):
        # What a run has published just so has lost nothing since.
        yield platform, not (ours and platform not in known)
    if not sort.current and sort.sort in _OF_RELEASES:
        for platform in sorted(configured - known - have, key=str):
            yield platform, False


def _known(subject: Subject, tag: str, sight: Sight) -> frozenset[Platform]:
    """What others know of a tag: a record of this very digest, else all who have seen it."""
    memory = subject.memory
    recorded = memory.digests.get((str(sight.repository), tag), "")
    published = memory.platforms.get(recorded, frozenset())
    if published and recorded == str(sight.digest(tag)):
        return published
    found = published | memory.watched.get((subject.name, tag), frozenset())
    for other in subject.view.sights:
        if other is not sight and (digest := other.digest(tag)):
            found |= subject.platforms_of(digest)
    return found


def _configured(subject: Subject) -> frozenset[Platform]:
    return frozenset(map(plain, subject.settings.platforms))


def _lost(subject: Subject, platform: Platform, at: tuple[str, ...], tags: list[str]) -> Finding:
    everywhere = len(at) == sum(tags[0] in sight.tags for sight in subject.view.sights)
    where = "" if everywhere else f" in {names_told(at)}"
    hint = "publish it again from its commit"
    before = subject.memory.digests.get((at[0], tags[0]), "")
    if everywhere and before and before not in map(str, subject.view.roots(tags[0])):
        whole = f"`polyarch tag {at[0]}@{before} {tags[0]} --everywhere`"
        hint = f"{whole} puts back what a run has published, if it is still there; else {hint}"
    if not everywhere:
        hint = f"registries disagree about this tag ({codes.DISAGREE.code}); or {hint}"
    return codes.PLATFORM_LOST.found(
        subject.name,
        tags[0],
        f"{tags_told(tags)} {'has' if len(tags) == 1 else 'have'} no image for it{where}",
        platform=platform,
        hint=hint,
        details={"tags": " ".join(tags), "repositories": " ".join(at)},
    )
