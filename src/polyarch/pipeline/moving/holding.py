"""Which holds go with a tag that is put back: what it showed waits for something newer."""

from collections.abc import Mapping
from datetime import datetime

from polyarch.errors import ContentError, RegistryError, SpecError
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.current import NO_LABELS, current_of
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.plan import Current
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.hold import Hold

Root = ImageIndex | ImageManifest


async def holds_for(
    remote: RemoteRepository, tag: str, standing: Root, root: Root, desk: Desk
) -> tuple[Hold, ...]:
    """The holds for a tag that goes from what stands there to `root`; none where both are one.

    What was held back where the tag stands stays held back where it goes, but for the root itself:
    who puts a tag back to that has no objection to it. What is said there already is not repeated.

    Raises:
        RegistryError: the registry did not say.
    """
    old, new = standing.descriptor.digest, root.descriptor.digest
    if old == new:
        return ()
    said = [hold for hold in await desk.holds.on(remote, new) if hold.tag == tag]
    handed_on = [hold for hold in await desk.holds.on(remote, old) if hold.tag == tag]
    labels = await _labels(remote, standing)
    mine = _hold(tag, current_of(standing, labels), desk)
    known = {(hold.digest, hold.who, hold.why) for hold in said}
    wanted = [mine, *(hold for hold in handed_on if hold.digest != new)] if mine else []
    return tuple(hold for hold in wanted if (hold.digest, hold.who, hold.why) not in known)


def _hold(tag: str, shown: Current, desk: Desk) -> Hold | None:
    if shown.digest is None:
        return None
    return Hold(
        tag=tag,
        digest=shown.digest,
        time=_now(desk),
        version=shown.version or "",
        revision=shown.revision or "",
        committed=shown.created,
        who=desk.who,
        why=desk.why,
        run=desk.run.id,
    )


def _now(desk: Desk) -> datetime:
    return desk.world.now.replace(microsecond=0)


async def _labels(remote: RemoteRepository, manifest: Root) -> Mapping[str, str]:
    """The labels of an image, of the first one of an index, where it says nothing of itself."""
    if {annotation.VERSION, annotation.REVISION} <= manifest.annotations.keys():
        return NO_LABELS
    try:
        node: Root = manifest
        if isinstance(node, ImageIndex):
            if not node.images:
                return NO_LABELS
            node = await remote.known_manifest(node.images[0])
        if isinstance(node, ImageIndex):
            return NO_LABELS
        return ImageConfig.parse(await remote.read_blob(node.config)).labels
    except (RegistryError, ContentError, SpecError):
        return NO_LABELS
