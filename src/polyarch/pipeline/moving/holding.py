"""Which holds go with a tag that is put back: what it showed waits for something newer."""

from collections.abc import Sequence
from datetime import datetime

from polyarch.metadata.precedence import compare_versions
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.labelled import labelled
from polyarch.pipeline.moving.newer import Other, newest_of
from polyarch.pipeline.plan import Current
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.hold import Hold

Root = ImageIndex | ImageManifest


async def holds_for(
    remote: RemoteRepository,
    tag: str,
    standing: Root,
    root: Root,
    desk: Desk,
    *,
    others: Sequence[Other] = (),
    platform: Platform | None = None,
) -> tuple[Hold, ...]:
    """The holds for a tag that goes from what stands there to `root`, or shows that already.

    What was held back where the tag stands stays held back where it goes, but for the root itself:
    who puts a tag back to that has no objection to it. Of the `others` that stand anywhere it is
    kept from the newest, if that is newer than the root. What is said there already is not
    repeated. `platform`: the tag is of that one alone.

    Raises:
        RegistryError: the registry did not say.
    """
    old, new = standing.descriptor.digest, root.descriptor.digest
    newest = newest_of(tag, await labelled(remote, root), others) if others else None
    if old == new and newest is None:
        return ()
    said = [hold for hold in await desk.holds.on(remote, new) if hold.tag == tag]
    wanted: list[Hold] = []
    if old != new:
        handed_on = [hold for hold in await desk.holds.on(remote, old) if hold.tag == tag]
        mine = _hold(tag, old, await labelled(remote, standing), desk)
        known = {(hold.digest, hold.who, hold.why) for hold in said}
        wanted = [mine, *(hold for hold in handed_on if hold.digest != new)]
        wanted = [hold for hold in wanted if (hold.digest, hold.who, hold.why) not in known]
    digest = newest.of(platform) if newest else None
    if newest and digest and digest != new:
        more = _hold(tag, digest, newest.shown, desk)
        if not any(_covers(hold, more) for hold in (*said, *wanted)):
            wanted.append(more)
    return tuple(wanted)


def _covers(hold: Hold, other: Hold) -> bool:
    """Whether one holds back all that the other would."""
    if hold.version and other.version:
        order = compare_versions(hold.version, other.version)
        if order is not None:
            return order >= 0
    if hold.digest == other.digest or (hold.revision and hold.revision == other.revision):
        return True
    if hold.committed is None or other.committed is None:
        return False
    return hold.committed >= other.committed


def _hold(tag: str, digest: Digest, shown: Current, desk: Desk) -> Hold:
    return Hold(
        tag=tag,
        digest=digest,
        time=_now(desk),
        version=shown.version or "",
        revision=shown.revision or "",
        committed=shown.created,
        who=desk.who,
        why=desk.world.mask(desk.why),  # logins have been looked up by now
        run=desk.run.id,
    )


def _now(desk: Desk) -> datetime:
    return desk.world.now.replace(microsecond=0)
