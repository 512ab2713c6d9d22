"""A proxy on loopback that leads to servers of a test what is meant for hosts of the world."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_PIECE = 1 << 16


@contextmanager
def leading(hosts: Mapping[str, str]) -> Iterator[str]:
    """Lead `host:port` to `127.0.0.1:port`, and nobody else anywhere; gives the proxy's address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            while self.rfile.readline().strip():
                pass
            if target not in hosts:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            address, _, port = hosts[target].rpartition(":")
            with socket.create_connection((address, int(port))) as other:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(self.connection, other)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until a side ends."""
    ways = {one: other, other: one}
    while True:
        ready, _, _ = select.select([*ways], [], [])
        for source in ready:
            try:
                piece = source.recv(_PIECE)
            except ConnectionError:
                return
            if not piece:
                return
            ways[source].sendall(piece)
