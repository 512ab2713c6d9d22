"""Git's own server, on loopback, for repositories that tests make."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIES = 200


@contextmanager
def git_daemon(folder: Path) -> Iterator[str]:
    """Serve every repository of a folder read-only; gives `git://127.0.0.1:PORT`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [
            *("git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1"),
            *(f"--port={port}", f"--base-path={folder}", str(folder)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            _wait_for(port)
            yield f"git://127.0.0.1:{port}"
        finally:
            # `git` has started the server as a child, which hears the signal of its group.
            _end(process)


def _wait_for(port: int) -> None:
    pause = threading.Event()
    for _ in range(_TRIES):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            pause.wait(0.05)
        else:
            return
    raise AssertionError("git daemon does not answer")


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)
