"""A Docker Engine that listens on TCP, and asks for certificates there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.certificates import make_mutual
from tests.lab.engine import DockerEngine, running_engine


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsEngine:
    """The engine, its `address` (`tcp://…`), and the folder with the client's certificates."""

    engine: DockerEngine
    address: str
    client: Path


@contextmanager
def running_tls_engine(folder: Path) -> Iterator[TlsEngine]:
    """Run it.

    Raises:
        Missing: Not root, or Docker is not on this machine.
    """
    mutual = make_mutual(folder)
    address = f"tcp://127.0.0.1:{_free_port()}"
    options = (
        f"--host={address}",
        "--tlsverify",
        f"--tlscacert={mutual.server / 'ca.pem'}",
        f"--tlscert={mutual.server / 'cert.pem'}",
        f"--tlskey={mutual.server / 'key.pem'}",
    )
    with running_engine(folder, options=options) as engine:
        yield TlsEngine(engine=engine, address=address, client=mutual.client)


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
