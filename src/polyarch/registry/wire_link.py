"""One connection for large bodies, in a thread of its own: blocking sockets and nothing else.

asyncio's TLS copies each byte several times in one thread. Measured, per GiB of uploads: 1.2 s of
CPU with aiohttp over TLS and 0.7 s with this; 0.8 s and 0.5 s over plain HTTP. And threads leave
the interpreter's lock while they encrypt and send.
"""

import contextlib
import http.client
import io
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from polyarch.registry.body import Body
from polyarch.registry.reach import origin
from polyarch.registry.transport import CONNECT_S, STALL_S, Fields

_SLICE_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024
_LAST_WORDS_S = 1.0
"""How long a connection that broke under a body is listened to: it may have been told why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer that was read whole, or up to where it broke off or became too long."""

    status: int
    headers: Fields
    body: bytes
    is_whole: bool
    is_kept: bool
    """The connection takes another request."""


class WireLink:
    """A connection to one origin; used by one thread at a time, ended from any."""

    def __init__(self, url: str, trust: ssl.SSLContext) -> None:
        self._scheme, self._host, self._port = origin(url)
        self._trust = trust
        self._socket: socket.socket | None = None
        self._aborted = False

    def connect(self) -> None:
        """Connect, if it is not connected yet.

        Raises:
            OSError: there is no connection, or none that can be trusted.
        """
        if self._socket is not None:
            return
        plain = socket.create_connection((self._host, self._port), timeout=CONNECT_S)
        self._socket = plain
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._scheme == "https":
            self._socket = self._trust.wrap_socket(plain, server_hostname=self._host)
        if self._aborted:
            raise ConnectionAbortedError

    @property
    def is_idle(self) -> bool:
        """Whether a request may be sent: nothing came since the last answer, nor the end."""
        return self._socket is not None and not self._aborted and not self._readable(self._socket)

    def exchange(
        self,
        method: str,
        head: bytes,
        body: Body,
        on_sent: Callable[[int], None],
        *,
        answer_s: float,
        limit: int,
    ) -> Received:
        """Send a request and read its answer, at most `limit` bytes of its body and a little more.

        An answer that comes before the body is sent ends the sending.

        Raises:
            OSError: the connection broke, or nothing came or went for too long.
            http.client.HTTPException: what answers speaks something else.
            PolyarchError: the body could not be read at this end.
        """
        connected = self._socket
        if connected is None:
            raise ConnectionAbortedError
        try:
            connected.settimeout(STALL_S)
            try:
                early = self._send(connected, head, body, on_sent)
            except OSError:
                connected.settimeout(_LAST_WORDS_S)
                with contextlib.suppress(OSError, http.client.HTTPException):
                    return self._receive(connected, b"", method, limit, whole=False)
                raise
            connected.settimeout(answer_s)
            return self._receive(connected, early or b"", method, limit, whole=early is None)
        except ssl.SSLError as error:
            # Trust was settled when it connected: what breaks later is the line.
            raise ConnectionResetError from error

    def abort(self) -> None:
        """Break it off, from any thread; whoever uses it gets an OSError and closes it.

        Not closed here: its number would be given to the next file while that thread writes. And
        not by the TLS layer, which would let that thread go on without it.
        """
        self._aborted = True
        connected = self._socket
        if connected is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; nobody uses it any more."""
        connected, self._socket = self._socket, None
        if connected is not None:
            connected.close()

    def _send(
        self, connected: socket.socket, head: bytes, body: Body, on_sent: Callable[[int], None]
    ) -> bytes | None:
        """Send all; gives what was answered before all was sent, None where nothing was."""
        connected.sendall(head)
        sent = 0
        with contextlib.closing(body.blocks()) as blocks:
            for block in blocks:
                view = memoryview(block)
                for start in range(0, len(view), _SLICE_BYTES):
                    if early := self._early(connected):
                        return early
                    connected.sendall(view[start : start + _SLICE_BYTES])
                sent += len(block)
                on_sent(sent)
        return None

    def _early(self, connected: socket.socket) -> bytes:
        """What has come already; TLS says things of its own that are no answer."""
        if not self._readable(connected):
            return b""
        connected.settimeout(0)
        try:
            data = connected.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        finally:
            connected.settimeout(STALL_S)
        if not data:
            raise ConnectionResetError
        return data

    @staticmethod
    def _readable(connected: socket.socket) -> bool:
        if isinstance(connected, ssl.SSLSocket) and connected.pending():
            return True
        poll = select.poll()
        try:
            poll.register(connected, select.POLLIN)
        except ValueError:  # closed meanwhile
            return True
        return bool(poll.poll(0))

    def _receive(
        self, connected: socket.socket, early: bytes, method: str, limit: int, *, whole: bool
    ) -> Received:
        incoming: Any = _Incoming(connected, early)
        answer = http.client.HTTPResponse(incoming, method=method)
        with contextlib.closing(answer):
            answer.begin()
            try:
                body = answer.read(limit + 1)
                complete = not answer.length
            except http.client.IncompleteRead as cut:
                body, complete = cut.partial, False
            except OSError:
                body, complete = b"", False
            return Received(
                status=answer.status,
                headers=tuple(answer.headers.items()),
                body=body,
                is_whole=complete,
                is_kept=whole and complete and answer.isclosed() and not answer.will_close,
            )


class _Incoming(io.RawIOBase):
    """What comes from a socket, behind what came already; passes for the socket, too."""

    def __init__(self, connected: socket.socket, early: bytes) -> None:
        super().__init__()
        self._connected = connected
        self._early = memoryview(early)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """All that comes, as a file."""
        return io.BufferedReader(self, _READ_BYTES)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Give what is there, or wait for more."""
        if self._early:
            count = min(len(buffer), len(self._early))
            buffer[:count] = self._early[:count]
            self._early = self._early[count:]
            return count
        return self._connected.recv_into(buffer)
