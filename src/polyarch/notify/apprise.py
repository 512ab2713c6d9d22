"""All other services, by Apprise where it is installed (`polyarch[apprise]`)."""

import logging
from importlib import import_module

from polyarch.errors import NoticeNotSentError
from polyarch.notify.address import Address
from polyarch.notify.notice import Kind, Notice
from polyarch.notify.wording import words_of

_TYPES = {Kind.FAILURE: "failure", Kind.RECOVERY: "success", Kind.SUCCESS: "success"}
_LONG = 16000


def send_by_apprise(notice: Notice, address: Address) -> None:
    """Send it.

    Raises:
        NoticeNotSentError: it is not installed, does not know the scheme, or could not send.
    """
    try:
        apprise = import_module("apprise")
    except ImportError:
        problem = "this scheme is one of Apprise's: install `polyarch[apprise]`"
        raise NoticeNotSentError("", problem) from None
    # It writes addresses to its log.
    logging.getLogger("apprise").disabled = True
    carrier = apprise.Apprise()
    if not carrier.add(address.url):
        raise NoticeNotSentError("", "Apprise does not know this form of address")
    words = words_of(notice)
    _, _, body = words.text(_LONG).partition("\n")
    if not carrier.notify(
        title=words.title, body=body, notify_type=_TYPES.get(notice.kind, "info")
    ):
        raise NoticeNotSentError("", "Apprise could not send it")
