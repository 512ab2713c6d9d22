"""A way to a server on loopback that can hold a request until the test lets it go."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CHUNK = 1 << 16
LOOK_S = 0.1


class HoldingProxy:
    """Passes bytes on; a request line that `hold` is true for waits for `release`.

    What a client sends at once is taken for one request or a piece of one, which is so for clients
    that wait for an answer before they ask again.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        self._target = (host, int(port))
        self.hold: Callable[[str], bool] = lambda _line: False
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(LOOK_S)
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self.held = threading.Event()
        self.released = threading.Event()

    @property
    def host(self) -> str:
        """Where it listens, as `127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def release(self) -> None:
        """Let what is held go on, and hold nothing any more."""
        self.released.set()

    def accept(self) -> None:
        """Serve until `stop`."""
        with self._server:
            while not self._stopped.is_set():
                try:
                    client, _ = self._server.accept()
                except TimeoutError:
                    continue
                server = socket.create_connection(self._target)
                self._spawn(self._requests, client, server)
                self._spawn(self._pass_on, server, client)

    def stop(self) -> None:
        """End all connections and threads."""
        self.release()
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _spawn(self, work: Callable[..., None], *places: socket.socket) -> None:
        thread = threading.Thread(target=work, args=places, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        def look(data: bytes) -> None:
            line = data.partition(b"\r\n")[0].decode(errors="replace")
            if not self.released.is_set() and self.hold(line):
                self.held.set()
                self.released.wait()

        self._pass_on(client, server, look)

    def _pass_on(
        self,
        source: socket.socket,
        target: socket.socket,
        look: Callable[[bytes], None] = lambda _data: None,
    ) -> None:
        source.settimeout(LOOK_S)
        while not self._stopped.is_set():
            try:
                data = source.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            look(data)
            try:
                target.sendall(data)
            except OSError:
                break
        for place in (source, target):
            with suppress(OSError):
                place.shutdown(socket.SHUT_RDWR)
            place.close()


@contextmanager
def holding(target: str) -> Iterator[HoldingProxy]:
    """Run a proxy to `target` (`HOST:PORT`) for the length of the block."""
    proxy = HoldingProxy(target)
    accepting = threading.Thread(target=proxy.accept, daemon=True)
    accepting.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        accepting.join()
