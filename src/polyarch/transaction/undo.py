"""Putting back what stood under the tags before they moved."""

from polyarch.errors import PolyarchError
from polyarch.events import Listener
from polyarch.transaction.destination import Destination
from polyarch.transaction.flip import shows_ours, tell
from polyarch.transaction.journal import Journal
from polyarch.transaction.values import TagStatus

OTHERS = "somebody else has moved it since"


async def roll_back(destination: Destination, journal: Journal, listen: Listener) -> None:
    """Put back what stood under each moved tag; what cannot be undone is told as left.

    Each tag is asked for first: the answer to a move may have been lost and not the move, and what
    somebody else has put there since is not ours to undo.
    """
    for tag in reversed(destination.flipped):
        try:
            if await shows_ours(destination, tag):
                if not await _restore(destination, tag):
                    destination.status[tag] = TagStatus.LEFT
                    continue
                journal.restored(destination.target.repository, tag)
                destination.status[tag] = TagStatus.RESTORED
                tell(destination, tag, listen)
            elif destination.status[tag] is not TagStatus.FAILED:
                destination.reasons[tag] = OTHERS
                destination.status[tag] = TagStatus.FAILED
            else:
                journal.restored(destination.target.repository, tag)
        except PolyarchError:
            destination.status[tag] = TagStatus.LEFT


def leave(destination: Destination) -> None:
    """Tell what was moved as left, where nothing is to be put back."""
    for tag in destination.flipped:
        if destination.status[tag] is not TagStatus.FAILED:
            destination.status[tag] = TagStatus.LEFT


async def _restore(destination: Destination, tag: str) -> bool:
    """Write the old bytes, or take the tag away where it is new and goes without its image.

    Raises:
        RegistryError: it cannot be done.
    """
    old = destination.old[tag]
    if old is not None:
        await destination.remote.put_manifest(old, tag=tag, look=False)
        return True
    if destination.remote.profile.tag_delete == "manifest":
        return False
    await destination.remote.delete_tag(tag)
    return True
