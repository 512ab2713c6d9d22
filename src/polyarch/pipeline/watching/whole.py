"""Whether all that tags lead to is there. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from polyarch.findings import Finding, Severity
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.verify_result import why
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.subject import Subject, names_told, short, tags_told
from polyarch.pipeline.watching.view import Sight


def judge_whole(subject: Subject) -> Iterator[Finding]:
    """What a repository names and does not have, and what nobody could be asked."""
    for sight in subject.view.sights:
        yield from _unasked(subject, sight)
        yield from _dangling(subject, sight)
        yield from _holes(subject, sight)
        yield from _damaged(subject, sight)


def holders(subject: Subject, digest: Digest, but: Sight) -> list[str]:
    """The other repositories that hold a manifest or blob, as far as they have said."""
    found = []
    for sight in subject.view.sights:
        if sight is but or sight.errors or digest in sight.absent or digest in sight.lacking:
            continue
        if digest in subject.named(sight):
            found.append(str(sight.repository))
    return found


def _unasked(subject: Subject, sight: Sight) -> Iterator[Finding]:
    if sight.errors:
        told = "; ".join(dict.fromkeys(why(error) for error in sight.errors))
        yield codes.NOT_ASKED.found(
            subject.name,
            str(sight.repository),
            f"it did not say all: {told}",
            hint=sight.errors[0].hint or "watch again when it answers",
        )


def _dangling(subject: Subject, sight: Sight) -> Iterator[Finding]:
    for tag in sorted(sight.dangling):
        others = [s.repository for s in subject.view.sights if s is not sight and tag in s.tags]
        gone = tag in subject.let_go
        told = ", as `polyarch prune` lets it go" if gone else ""
        yield codes.DANGLING.found(
            subject.name,
            f"{sight.repository}:{tag}",
            f"`{tag}` is listed, and nothing stands there{told}",
            severity=Severity.INFO if gone else None,
            hint="" if gone else _mended(subject, [str(each) for each in others]),
        )


def _holes(subject: Subject, sight: Sight) -> Iterator[Finding]:
    if not (sight.absent or sight.lacking):
        return
    above: dict[Digest, list[str]] = {}
    for root, tags in subject.shown(sight).items():
        for digest in {root, *subject.view.below([root])}:
            above.setdefault(digest, []).extend(tags)
    uses = _Uses.of(subject)
    for digest in sorted(sight.absent & above.keys(), key=str):
        yield _child(subject, sight, digest, above[digest], uses)
    for digest in sorted(sight.lacking & above.keys(), key=str):
        yield _blob(subject, sight, digest, above[digest], uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uses:
    """For which platforms each manifest and blob is; `configs` are the blobs that are configs."""

    platforms: dict[Digest, dict[Platform, None]]
    configs: frozenset[Digest]

    @classmethod
    def of(cls, subject: Subject) -> Self:
        """Turn over what was read."""
        platforms: dict[Digest, dict[Platform, None]] = {}
        nodes = subject.view.manifests.values()
        for node in nodes:
            for child in node.images if isinstance(node, ImageIndex) else ():
                if child.platform:
                    platforms.setdefault(child.digest, {})[child.platform] = None
        images = [node for node in nodes if isinstance(node, ImageManifest)]
        for image in images:
            for blob in image.blobs:
                known = platforms.get(image.descriptor.digest, {})
                platforms.setdefault(blob.digest, {}).update(known)
        return cls(platforms=platforms, configs=frozenset(image.config.digest for image in images))


def _child(subject: Subject, sight: Sight, digest: Digest, tags: list[str], uses: _Uses) -> Finding:
    platforms = list(uses.platforms.get(digest, ()))
    what = "an image" if platforms else "a manifest"
    return codes.CHILD_MISSING.found(
        subject.name,
        f"{sight.repository}@{digest}",
        f"{what} of {tags_told(tags)} is gone: {short(digest)}",
        platform=platforms[0] if len(platforms) == 1 else None,
        hint=_mended(subject, holders(subject, digest, sight)),
        details={"repository": str(sight.repository), "tags": " ".join(tags)},
    )


def _blob(subject: Subject, sight: Sight, digest: Digest, tags: list[str], uses: _Uses) -> Finding:
    platforms = list(uses.platforms.get(digest, ()))
    kind = "a config" if digest in uses.configs else "a layer"
    of = f" (for {names_told(platforms)})" if len(platforms) > 1 else ""
    return codes.BLOB_MISSING.found(
        subject.name,
        f"{sight.repository}@{digest}",
        f"{kind} of {tags_told(tags)} is gone or cut off: {short(digest)}{of}",
        platform=platforms[0] if len(platforms) == 1 else None,
        hint=_mended(subject, holders(subject, digest, sight)),
        details={"repository": str(sight.repository), "tags": " ".join(tags)},
    )


def _damaged(subject: Subject, sight: Sight) -> Iterator[Finding]:
    above = {str(each) for each in subject.named(sight)} if sight.broken else set()
    for name, reason in sorted(sight.broken.items()):
        is_digest = ":" in name
        if is_digest and name not in above:
            continue
        yield codes.DAMAGED.found(
            subject.name,
            f"{sight.repository}{'@' if is_digest else ':'}{name}",
            f"it cannot be read: {reason}",
            hint="publish it again; a registry that damages what it stores has to be mended first",
        )


def _mended(subject: Subject, others: list[str]) -> str:
    if others:
        return f"`polyarch watch {subject.name} --repair` brings it from {others[0]}"
    return (
        "no other registry of the project has it: publish that version again, or"
        f" `polyarch rollback {subject.name} --to VERSION`"
    )
