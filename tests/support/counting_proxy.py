"""A socket that stands for another one, and counts the bytes that clients send through it."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

_PIECE = 1 << 16


class CountingProxy:
    """Carries connections until it is closed; `sent` are bytes from clients so far."""

    def __init__(self, target: Path, address: Path) -> None:
        self.address = address
        self.sent = 0
        self._target = target
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen(64)
        self._start(self._accept)

    def close(self) -> None:
        """Take no more connections, and end those that are there."""
        _end(self._listener)
        self._threads[0].join()
        with self._lock:
            left = tuple(self._open)
        for each in left:
            _end(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *left):
            each.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            with self._lock:
                self._open += [client, server]
            server.connect(str(self._target))
            self._start(self._carry, client, server, True)
            self._start(self._carry, server, client, False)

    def _carry(self, one: socket.socket, other: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(_PIECE):
                if counts:
                    with self._lock:
                        self.sent += len(piece)
                other.sendall(piece)
        with contextlib.suppress(OSError):
            # The other direction may have more to say.
            other.shutdown(socket.SHUT_WR)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def counting(target: Path, address: Path) -> Iterator[CountingProxy]:
    """Count what goes to the socket `target` through a new socket at `address`."""
    proxy = CountingProxy(target, address)
    try:
        yield proxy
    finally:
        proxy.close()
