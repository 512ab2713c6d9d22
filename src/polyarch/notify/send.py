"""A notice to all its addresses at once, within bounded time; what goes wrong is not raised."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from polyarch.errors import CallFailedError, NoticeNotSentError, PolyarchError
from polyarch.host.mask import Mask
from polyarch.notify.address import Address, Service
from polyarch.notify.chats import CHATS, send_to_chat
from polyarch.notify.notice import Notice
from polyarch.notify.outbox import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one address; `did` is what was done beside sending, often nothing."""

    address: Address
    did: str = ""
    error: PolyarchError | None = None


def tracks(address: Address) -> bool:
    """Whether it keeps the state of a project, and so wants to hear of every success."""
    return address.service is Service.GITHUB


def send_all(
    notice: Notice,
    addresses: Sequence[Address],
    outbox: Outbox,
    hide: Callable[[str], str] = str,
) -> tuple[Delivery, ...]:
    """Send to each in a thread of its own; one that does not come to an end is left to itself.

    `hide` takes secrets of others out of what services say.
    """
    outbox = outbox.begun()
    ended: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
    for address in addresses:
        thread = threading.Thread(
            target=lambda one: ended.put(_deliver(notice, one, outbox, hide)),
            args=(address,),
            daemon=True,  # or a service that drips bytes would hold up the end of the process
        )
        thread.start()
    found: dict[int, Delivery] = {}
    while len(found) < len(addresses):
        try:
            delivery = ended.get(timeout=outbox.left_s)
        except queue.Empty:
            break
        found[delivery.address.number] = delivery
    late = f"no answer within {outbox.within_s:g} s"
    return tuple(
        found.get(each.number) or Delivery(address=each, error=NoticeNotSentError(each.label, late))
        for each in addresses
    )


def _deliver(
    notice: Notice, address: Address, outbox: Outbox, hide: Callable[[str], str]
) -> Delivery:
    hidden = Mask((*address.hidden, *filter(None, _place(address))))
    try:
        return Delivery(address=address, did=hide(hidden(_send(notice, address, outbox))))
    except CallFailedError as error:
        problem = error.problem
    except NoticeNotSentError as error:
        problem = error.problem
    except Exception as error:  # noqa: BLE001 - a bug here must not end a run that went well
        problem = f"a bug in polyarch: {type(error).__name__}"
    return Delivery(address=address, error=NoticeNotSentError(address.label, hide(hidden(problem))))


def _send(notice: Notice, address: Address, outbox: Outbox) -> str:
    if address.service in CHATS:
        send_to_chat(notice, address, outbox)
        return ""
    if address.service is Service.MAIL:
        from polyarch.notify.mail import send_mail

        send_mail(notice, address, outbox)
        return ""
    if address.service is Service.GITHUB:
        from polyarch.notify.github_issue import track

        return track(notice, address, outbox)
    from polyarch.notify.apprise import send_by_apprise

    send_by_apprise(notice, address)
    return ""


def _place(address: Address) -> Iterable[str]:
    """Host and user, which no answer of a server should bring to light either."""
    if address.service in {Service.APPRISE, Service.GITHUB}:
        return ()
    parts = address.parts
    return (parts.hostname or "", parts.username or "", parts.path.strip("/"))
