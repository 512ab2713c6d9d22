"""A notice as mail: SMTP with STARTTLS, or with TLS from the first byte."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote

from polyarch.errors import NoticeNotSentError
from polyarch.net.endpoint import is_loopback_name
from polyarch.notify.address import Address
from polyarch.notify.notice import Notice
from polyarch.notify.outbox import Outbox
from polyarch.notify.wording import words_of

_PORTS = {"smtp": 587, "smtps": 465}
"""RFC 8314: submission, and submission with TLS."""


def send_mail(notice: Notice, address: Address, outbox: Outbox) -> None:
    """Send it to all that the address names.

    Raises:
        NoticeNotSentError: no connection, no TLS, no login, or a server that refuses.
    """
    message = _message(notice, address, outbox)
    try:
        with _connected(address, outbox) as server:
            if address.parts.username:
                server.login(unquote(address.parts.username), _password(address))
            refused = server.send_message(message)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise NoticeNotSentError("", f"the server answered {error.smtp_code}: {text}") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        raise NoticeNotSentError("", f"the server refused every recipient: {codes}") from None
    except ssl.SSLError:
        raise NoticeNotSentError("", "TLS: no secure connection to the server") from None
    except (OSError, smtplib.SMTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NoticeNotSentError("", f"no connection to the server: {reason}") from None
    except (ValueError, UnicodeError):
        raise NoticeNotSentError("", "the name, password or a recipient cannot be sent") from None
    if refused:
        raise NoticeNotSentError("", f"the server refused {len(refused)} of the recipients")


def _connected(address: Address, outbox: Outbox) -> smtplib.SMTP:
    parts = address.parts
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=outbox.left_s, context=context)
    server = smtplib.SMTP(host, port, timeout=outbox.left_s)
    try:
        if "none" not in address.query.get("tls", ()):
            _secure(server, host)
    except BaseException:
        server.close()
        raise
    return server


def _secure(server: smtplib.SMTP, host: str) -> None:
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    elif not is_loopback_name(host):
        raise NoticeNotSentError("", "the server offers no STARTTLS; `tls=none` does without")


def _password(address: Address) -> str:
    return unquote(address.parts.password or "")


def _message(notice: Notice, address: Address, outbox: Outbox) -> EmailMessage:
    words = words_of(notice)
    recipients = [each.strip() for one in address.query.get("to", ()) for each in one.split(",")]
    user = unquote(address.parts.username or "")
    senders = (*address.query.get("from", ()), user if "@" in user else "", *recipients)
    sender = next(filter(None, senders), "")
    if not (address.parts.hostname and any(recipients) and sender):
        raise NoticeNotSentError("", "the address names no host, or nobody behind `to=`")
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = ", ".join(filter(None, recipients))
    except (ValueError, IndexError, AttributeError):  # what the parser of addresses trips over
        raise NoticeNotSentError("", "a name behind `to=` or `from=` is no address") from None
    message["Subject"] = words.title
    message["Date"] = format_datetime(outbox.now)
    message["Message-ID"] = make_msgid(domain="polyarch.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{words.text()}\n")
    return message
