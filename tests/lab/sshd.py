"""An SSH server on loopback with keys of its own: this machine as another one."""

import shlex
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run
from tests.lab.servers import running

SSHD = Path("/usr/sbin/sshd")
RUNTIME = Path("/run/sshd")


@dataclass(frozen=True, slots=True, kw_only=True)
class SshServer:
    """A server, and the client that knows it.

    Attributes:
        address: `ssh://USER@127.0.0.1:PORT`.
        path: A folder for the front of PATH: its `ssh` knows the server's key and has its own.
        stranger: The same without a key that the server takes.
    """

    address: str
    path: Path
    stranger: Path


@contextmanager
def running_sshd(folder: Path, env: Mapping[str, str]) -> Iterator[SshServer]:
    """Run a server in whose sessions these variables are set.

    Args:
        folder: Takes keys, configuration and log.
        env: What a program that is run there finds in its environment, such as PATH.

    Raises:
        ServerFailedError: It did not start.
    """
    for name in ("host", "client", "unknown"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    shutil.copy(folder / "client.pub", folder / "authorized")
    # The server drops its rights into this folder, which the service of the package makes.
    RUNTIME.mkdir(mode=0o755, exist_ok=True)
    port, config = _free_port(), folder / "sshd_config"
    config.write_text(_server_config(folder, port, env))
    known = (folder / "host.pub").read_text().split()[:2]
    (folder / "known").write_text(f"[127.0.0.1]:{port} {' '.join(known)}\n")
    with running(
        SSHD, "-D", "-e", "-f", config,
        log=folder / "sshd.log",
        ready=lambda: _greets(port),
        env={},
    ):  # fmt: skip
        yield SshServer(
            address=f"ssh://root@127.0.0.1:{port}",
            path=_client(folder, "client"),
            stranger=_client(folder, "unknown"),
        )


def _server_config(folder: Path, port: int, env: Mapping[str, str]) -> str:
    variables = " ".join(f'"{name}={value}"' for name, value in env.items())
    return f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder / "host"}
AuthorizedKeysFile {folder / "authorized"}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv {variables}
"""


def _client(folder: Path, key: str) -> Path:
    """Make an `ssh` that takes nothing from the user's own configuration."""
    place = folder / f"bin-{key}"
    place.mkdir()
    config = place / "config"
    config.write_text(
        f"IdentityFile {folder / key}\nIdentitiesOnly yes\nBatchMode yes\n"
        f"UserKnownHostsFile {folder / 'known'}\nStrictHostKeyChecking yes\n"
    )
    program = shutil.which("ssh") or "/usr/bin/ssh"
    (place / "ssh").write_text(
        f'#!/bin/sh\nexec {shlex.quote(program)} -F {shlex.quote(str(config))} "$@"\n'
    )
    (place / "ssh").chmod(0o755)
    return place


def _greets(port: int) -> bool | None:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(4) == b"SSH-" or None
    except OSError:
        return None


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
