"""Whether all that tags lead to is there. Pure."""

from collections.abc import Iterator

from polyarch.findings import Finding
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
        if digest in subject.view.below(subject.shown(sight)):
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
        yield codes.DANGLING.found(
            subject.name,
            f"{sight.repository}:{tag}",
            f"`{tag}` is listed, and nothing stands there",
            hint=_mended(subject, [str(each) for each in others]),
        )


def _holes(subject: Subject, sight: Sight) -> Iterator[Finding]:
    if not (sight.absent or sight.lacking):
        return
    above: dict[Digest, list[str]] = {}
    for root, tags in subject.shown(sight).items():
        for digest in {root, *subject.view.below([root])}:
            above.setdefault(digest, []).extend(tags)
    for digest in sorted(sight.absent & above.keys(), key=str):
        yield _child(subject, sight, digest, above[digest])
    for digest in sorted(sight.lacking & above.keys(), key=str):
        yield _blob(subject, sight, digest, above[digest])


def _child(subject: Subject, sight: Sight, digest: Digest, tags: list[str]) -> Finding:
    platforms = _platforms_of(subject, digest)
    what = "an image" if platforms else "a manifest"
    return codes.CHILD_MISSING.found(
        subject.name,
        f"{sight.repository}@{digest}",
        f"{what} of {tags_told(tags)} is gone: {short(digest)}",
        platform=platforms[0] if len(platforms) == 1 else None,
        hint=_mended(subject, holders(subject, digest, sight)),
        details={"repository": str(sight.repository), "tags": " ".join(tags)},
    )


def _blob(subject: Subject, sight: Sight, digest: Digest, tags: list[str]) -> Finding:
    images = [
        manifest
        for manifest in subject.view.manifests.values()
        if isinstance(manifest, ImageManifest) and digest in {b.digest for b in manifest.blobs}
    ]
    found = dict.fromkeys(
        platform
        for manifest in images
        for platform in _platforms_of(subject, manifest.descriptor.digest)
    )
    platforms = list(found)
    kind = "a config" if any(each.config.digest == digest for each in images) else "a layer"
    of = f" (for {names_told(platforms)})" if len(platforms) > 1 else ""
    return codes.BLOB_MISSING.found(
        subject.name,
        f"{sight.repository}@{digest}",
        f"{kind} of {tags_told(tags)} is gone or cut off: {short(digest)}{of}",
        platform=platforms[0] if len(platforms) == 1 else None,
        hint=_mended(subject, holders(subject, digest, sight)),
        details={"repository": str(sight.repository), "tags": " ".join(tags)},
    )


def _platforms_of(subject: Subject, digest: Digest) -> list[Platform]:
    """For which platforms an index of this image names a manifest."""
    found: dict[Platform, None] = {}
    for node in subject.view.manifests.values():
        for child in node.images if isinstance(node, ImageIndex) else ():
            if child.digest == digest and child.platform:
                found[child.platform] = None
    return list(found)


def _damaged(subject: Subject, sight: Sight) -> Iterator[Finding]:
    above = {str(each) for each in subject.view.below(subject.shown(sight))}
    above |= {str(each) for each in subject.shown(sight)}
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
