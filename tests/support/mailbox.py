"""An SMTP server on loopback: what it is given it keeps, login and TLS as a test wants them.

Source: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH).
"""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(frozen=True, kw_only=True)
class Letter:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    secured: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass
class Mailbox:
    """`login` is wanted where it is set, `tls` offered; `refuse` are recipients not taken."""

    login: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    refuse: tuple[str, ...] = ()
    letters: list[Letter] = field(default_factory=list)
    port: int = 0


class _Talk(socketserver.StreamRequestHandler):
    mailbox: Mailbox
    implicit: bool

    def handle(self) -> None:
        self.secured = False
        self.known = self.mailbox.login is None
        self.sender, self.recipients = "", list[str]()
        if self.implicit:
            self._secure()
        self._say("220 loopback ESMTP")
        while line := self.rfile.readline(4096):
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            getattr(self, f"_{word.lower()}", self._unknown)(rest)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _say(self, *lines: str) -> None:
        for number, line in enumerate(lines):
            code, text = line[:3], line[4:]
            between = "-" if number < len(lines) - 1 else " "
            self.wfile.write(f"{code}{between}{text}\r\n".encode())
        self.wfile.flush()

    def _secure(self) -> None:
        assert self.mailbox.tls
        self.connection = self.mailbox.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.secured = True

    def _unknown(self, _: str) -> None:
        self._say("502 what?")

    def _ehlo(self, _: str) -> None:
        offers = ["250 loopback"]
        if self.mailbox.tls and not self.secured:
            offers.append("250 STARTTLS")
        if self.mailbox.login:
            offers.append("250 AUTH PLAIN")
        self._say(*offers, "250 8BITMIME")

    def _starttls(self, _: str) -> None:
        self._say("220 go on")
        self._secure()

    def _auth(self, rest: str) -> None:
        said = base64.b64decode(rest.split()[1]).decode().split("\0")[1:]
        self.known = tuple(said) == self.mailbox.login
        self._say("235 welcome" if self.known else f"535 not with {said[1]}")

    def _mail(self, rest: str) -> None:
        self.sender = rest.partition("<")[2].partition(">")[0]
        self._say("250 ok" if self.known else "530 log in")

    def _rcpt(self, rest: str) -> None:
        name = rest.partition("<")[2].partition(">")[0]
        if name in self.mailbox.refuse:
            self._say("550 nobody here")
            return
        self.recipients.append(name)
        self._say("250 ok")

    def _data(self, _: str) -> None:
        self._say("354 go on")
        raw = b""
        while (line := self.rfile.readline()) != b".\r\n":
            raw += line.removeprefix(b".") if line.startswith(b"..") else line
        letter = Letter(
            sender=self.sender, recipients=tuple(self.recipients), raw=raw, secured=self.secured
        )
        self.mailbox.letters.append(letter)
        self._say("250 kept")

    def _rset(self, _: str) -> None:
        self._say("250 ok")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is its own business."""


@contextmanager
def mailbox(box: Mailbox, *, implicit: bool = False) -> Iterator[Mailbox]:
    """Serve until the end of the block; `implicit` speaks TLS from the first byte."""
    talk = type("Talk", (_Talk,), {"mailbox": box, "implicit": implicit})
    with _Server(("127.0.0.1", 0), talk) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
