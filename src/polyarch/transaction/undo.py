"""Putting back what stood under the tags before they moved, and telling what stands there then."""

from collections.abc import Awaitable, Callable, Sequence

from polyarch.errors import (
    DeleteUnsupportedError,
    PolyarchError,
    PreconditionFailedError,
    RateLimitedError,
    RegistryUnavailableError,
)
from polyarch.events import Listener, Warned
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.registry.condition import Condition
from polyarch.transaction.destination import Destination
from polyarch.transaction.flip import REFUSALS, TRIES, tell
from polyarch.transaction.journal import Journal
from polyarch.transaction.values import TagStatus

OTHERS = "somebody else has moved it since"
UNASKED = "its registry did not say what it shows now"


async def roll_back(destination: Destination, journal: Journal, listen: Listener) -> None:
    """Put back what stood under each moved tag; what cannot be undone is told as left.

    Each tag is asked for first: the answer to a move may have been lost and not the move, and what
    somebody else has put there since is not ours to undo.
    """

    async def put_back(tag: str, found: Digest | None) -> None:
        ours = _may_be_ours(destination, tag, found)
        if ours and await _restore(destination, tag, found):
            destination.status[tag] = TagStatus.RESTORED
            tell(destination, tag, listen)
        if found == _before(destination, tag) or destination.status[tag] is TagStatus.RESTORED:
            journal.restored(destination.target.repository, tag)

    await _each(destination, _in_order(destination), put_back)


async def leave(destination: Destination) -> None:
    """Tell what was moved as left, where nothing is to be put back."""

    async def stay(tag: str, found: Digest | None) -> None:
        if _may_be_ours(destination, tag, found):
            _stays(destination, tag, found)

    await _each(destination, destination.flipped, stay)


async def _each(
    destination: Destination,
    tags: Sequence[str],
    do: Callable[[str, Digest | None], Awaitable[None]],
) -> None:
    """Do something with each tag and what it shows; those that nobody tells of may be ours.

    A registry that is out of reach is not waited for once per tag.
    """
    waiting = list(tags)
    try:
        while waiting:
            try:
                await do(waiting[0], await _digest(destination, waiting[0]))
            except (RateLimitedError, RegistryUnavailableError):
                return
            except PolyarchError:
                _unasked(destination, waiting[0])
            del waiting[0]
    finally:
        for tag in waiting:  # among them those for which there was no time
            _unasked(destination, tag)


def admit(destination: Destination, listen: Listener) -> None:
    """Warn of what is left, where nobody will be given an outcome."""
    for tag, status in destination.status.items():
        if status is TagStatus.LEFT:
            reason = destination.reasons.get(tag)
            shows = f"may show the new image: {reason}" if reason else "is left on the new image"
            listen(Warned(text=f"`{destination.name}:{tag}` {shows}"))


def _in_order(destination: Destination) -> Sequence[str]:
    """The tags that moved: the last one first; new ones when all others have what they had.

    Where deleting a tag deletes its manifest, no other tag shows that any more by then, and no
    index lacks an image that had a tag of its own.
    """

    def rank(tag: str) -> int:
        if destination.old[tag] is not None:
            return 0
        return 1 if isinstance(destination.wanted[tag], ImageIndex) else 2

    last_first = destination.flipped[::-1]
    return sorted(last_first, key=rank)


def _may_be_ours(destination: Destination, tag: str, found: Digest | None) -> bool:
    """Whether this run has moved the tag, as far as what it shows tells; keeps what is known."""
    if found == _wanted(destination, tag):
        return True
    if found == _before(destination, tag):
        # A registry that lags shows it still, when the write has long been taken.
        return tag in destination.writes
    destination.reasons[tag] = OTHERS
    destination.status[tag] = TagStatus.FAILED
    destination.shown[tag] = found
    return False


async def _restore(destination: Destination, tag: str, found: Digest | None) -> bool:
    """Put back what the tag had, as long as it shows what is ours; False where it stays."""
    told = True
    for _ in range(TRIES):
        try:
            gone = await _replace(destination, tag, found, told=told)
        except PreconditionFailedError:
            now = await _digest(destination, tag)
            # Its registry means something else by the condition, where nothing has changed.
            told, found = now != found, now
            if not _may_be_ours(destination, tag, found):
                return False
        except (*REFUSALS, DeleteUnsupportedError):
            break
        except PolyarchError:
            destination.status[tag] = TagStatus.LEFT
            destination.shown[tag] = None
            destination.reasons[tag] = UNASKED
            return False
        else:
            if gone:
                return True
            break
    _stays(destination, tag, found)
    return False


async def _replace(destination: Destination, tag: str, found: Digest | None, *, told: bool) -> bool:
    """Write the old bytes in place of what was found, or take a tag away that is new.

    Gives False where more than the tag would go. `told`: the registry hears what is replaced.

    Raises:
        PreconditionFailedError: it shows something else by now.
        RegistryError: the registry did not do it.
    """
    remote, old = destination.remote, destination.old[tag]

    async def holds() -> bool:
        shown = await remote.head(tag)
        return (shown and shown.digest) == found

    condition = Condition.found(found, holds)
    if old is not None:
        condition = condition if told else condition.untold
        await remote.put_manifest(old, tag=tag, look=False, condition=condition)
        return True
    if not _goes_alone(destination, tag):
        return False
    await remote.delete_tag(tag, condition)
    return True


def _stays(destination: Destination, tag: str, found: Digest | None) -> None:
    """Tell as left what could not be put back, unless it never came there as far as is known."""
    if found == _wanted(destination, tag):
        destination.status[tag] = TagStatus.LEFT
    elif destination.writes.get(tag):  # taken, and not shown
        destination.status[tag] = TagStatus.LEFT
        destination.shown[tag] = None
        destination.reasons[tag] = UNASKED


def _goes_alone(destination: Destination, tag: str) -> bool:
    """Whether nothing else is lost with a new tag, even where its manifest goes with it.

    Nobody else can have a tag for what this run has brought itself.
    """
    known = destination.remote.profile.tag_delete
    if known != "unknown":
        return known != "manifest"
    brought = _wanted(destination, tag) in destination.lacking
    return brought and TagStatus.LEFT not in destination.status.values()


def _unasked(destination: Destination, tag: str) -> None:
    """Tell a tag as left whose registry does not answer any more, unless it cannot have moved."""
    if destination.status[tag] is TagStatus.FAILED:
        if tag not in destination.writes:
            return
        destination.shown[tag] = None
    destination.status[tag] = TagStatus.LEFT
    destination.reasons[tag] = UNASKED


async def _digest(destination: Destination, tag: str) -> Digest | None:
    """What the tag shows; what nobody expects is proven by its bytes.

    Raises:
        RegistryError, ContentError: the registry does not say, or not the truth.
    """
    found = await destination.remote.head(tag)
    if found is None or found.digest in {_wanted(destination, tag), _before(destination, tag)}:
        return found.digest if found else None
    return (await destination.remote.get_manifest(tag)).descriptor.digest


def _wanted(destination: Destination, tag: str) -> Digest:
    return destination.wanted[tag].descriptor.digest


def _before(destination: Destination, tag: str) -> Digest | None:
    old = destination.old[tag]
    return old.descriptor.digest if old else None
