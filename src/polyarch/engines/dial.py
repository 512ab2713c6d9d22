"""The BuildKit inside a Docker Engine, as a BuildKit of its own that can push by digest.

buildx refuses that with its `docker` driver (`push-by-digest is currently not implemented`), and
the BuildKit behind it can do it. Here a socket of ours stands for it: each connection is carried
by one `docker buildx dial-stdio` (buildx 0.13), and buildx is told of the socket as of a `remote`
builder. That holds for every way to an Engine, because docker itself does the dialling.
"""

import contextlib
import hashlib
import os
import select
import shutil
import socket
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from polyarch.engines.endpoint import DEFAULT
from polyarch.engines.version import Version
from polyarch.errors import PolyarchError, StorageError
from polyarch.host.process import Running, end, run, started

DIAL = Version((0, 13, 0))
"""The first buildx with `dial-stdio`."""

BUILDER = "polyarch"
_NODE_ID = ".buildNodeID"
_LONGEST = 100
"""Paths of sockets have at most 103 bytes on macOS, 107 on Linux."""
_GRACE_S = 0.3
"""Once the build is over, carriers have nothing left that is worth a wait."""
_JOIN_S = 5.0
_KEPT = 20


class Bridge:
    """A socket and what carries its connections, while it is open.

    `environment` and `builder` are for buildx. `complaints` are the last lines that docker said of
    the way to the Engine.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], target: str) -> None:
        self._dial = ("docker", "buildx", "--builder", target, "dial-stdio")
        self._dial_environment = environment
        self._socket = folder / "s"
        self._lock = threading.Lock()
        self._carriers: list[threading.Thread] = []
        self._running: list[Running] = []
        self._complaints: deque[str] = deque(maxlen=_KEPT)
        self.builder = BUILDER
        self.environment = {**environment, "BUILDX_CONFIG": str(folder / "buildx")}

    @property
    def complaints(self) -> tuple[str, ...]:
        """What docker said of the way to the Engine."""
        return tuple(self._complaints)

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Listen, and tell buildx; everything ends with the block.

        Raises:
            ProcessFailedError: buildx could not make the builder.
        """
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
            contextlib.ExitStack() as stack,
        ):
            listener.bind(str(self._socket))
            listener.listen()
            heard, stop = socket.socketpair()
            accepting = threading.Thread(
                target=self._accept, args=(listener, heard), name="dial", daemon=True
            )
            accepting.start()
            stack.callback(self._close, stop, heard, accepting)
            create = ("docker", "buildx", "create", "--name", BUILDER, "--driver", "remote")
            run((*create, f"unix://{self._socket}"), environment=self.environment)
            yield

    def _accept(self, listener: socket.socket, stopped: socket.socket) -> None:
        while stopped not in select.select((listener, stopped), (), ())[0]:
            connection, _ = listener.accept()
            carrier = threading.Thread(
                target=self._carry, args=(connection,), name="dial", daemon=True
            )
            self._carriers.append(carrier)
            carrier.start()

    def _carry(self, connection: socket.socket) -> None:
        """One connection to its end; docker talks on it, we only read its complaints."""
        try:
            with started(
                self._dial, environment=self._dial_environment, channel=connection.fileno()
            ) as process:
                connection.close()
                with self._lock:
                    self._running.append(process)
                for line in process.stderr or ():
                    self._complaints.append(line.decode("utf-8", "replace").rstrip())
                process.wait()
        except PolyarchError as error:
            self._complaints.append(error.message)
        finally:
            connection.close()

    def _close(
        self, stop: socket.socket, heard: socket.socket, accepting: threading.Thread
    ) -> None:
        stop.close()
        accepting.join()
        heard.close()
        with self._lock:
            running = tuple(self._running)
        end(running, grace_s=_GRACE_S)
        for carrier in self._carriers:
            carrier.join(_JOIN_S)


@contextlib.contextmanager
def dialled(environment: Mapping[str, str], target: str) -> Iterator[Bridge]:
    """A bridge to the BuildKit of the builder `target`, which has the driver `docker`.

    Raises:
        ProcessFailedError: buildx could not make the builder.
        StorageError: there is no place for a socket.
    """
    with _private_folder(environment) as folder:
        config = folder / "buildx"
        config.mkdir(mode=0o700)
        (config / _NODE_ID).write_text(_node_id(environment, target))
        bridge = Bridge(folder, environment, target)
        with bridge.open():
            yield bridge


@contextlib.contextmanager
def _private_folder(environment: Mapping[str, str]) -> Iterator[Path]:
    """A folder that only its owner may enter, with a path short enough for sockets."""
    wanted = environment.get("TMPDIR") or tempfile.gettempdir()
    place = wanted if len(os.fsencode(wanted)) < _LONGEST - len("/polyarch-12345678/s") else "/tmp"  # noqa: S108 - mkdtemp makes it private
    try:
        folder = Path(tempfile.mkdtemp(prefix="polyarch-", dir=place))
    except OSError as error:
        raise StorageError(place, error.strerror or str(error)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _node_id(environment: Mapping[str, str], target: str) -> str:
    """The same for every build from here: BuildKit then gets only what of a context has changed.

    Source: docker/buildx, build/opt.go (`SharedKey` of local sources).
    """
    parts = (os.uname().nodename, environment.get("HOME", ""), target or DEFAULT)
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]
