"""Tags that somebody put back, and that a copy moves all the same: a person asked for exactly that.

No policy guards a copy. Whoever moves such a tag is told that it was held, by whom and why.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.hold import Hold, Holds
from polyarch.transaction.values import Labels, Outcome, TagStatus, Verdict


class MildHolds(Holds):
    """Reads what is held; a registry that does not say it keeps nothing from being copied."""

    async def on(
        self, remote: RemoteRepository, subject: Digest, tags: Collection[str] = ()
    ) -> tuple[Hold, ...]:
        """The holds of all tags that were put back to this manifest, as far as they can be had."""
        try:
            return await super().on(remote, subject, tags)
        except PolyarchError:
            return ()


def move_and_tell(
    _tag: str,
    _standing: ImageIndex | ImageManifest | None,
    _labels: Labels,
    holds: Sequence[Hold],
) -> Verdict:
    """A guard that refuses nothing, and says of a tag that it was put back."""
    last = max(holds, key=lambda hold: hold.time, default=None)
    return Verdict(may="move", reason=f"it {last.told}" if last else "")


def warn_of_held(outcomes: Iterable[Outcome], warn: Callable[[str], None]) -> None:
    """Say of each tag that was held and has moved that it is held no more."""
    for outcome in outcomes:
        for tag in outcome.tags:
            if tag.reason and tag.status is TagStatus.MOVED:
                name = f"{outcome.repository}:{tag.tag}"
                warn(f"{name} has moved, though {tag.reason}; nothing holds it any more")
