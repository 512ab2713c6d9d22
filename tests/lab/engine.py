"""A Docker Engine of its own: own data, own socket, own client configuration."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.lab.bridges import bridge
from tests.lab.commands import CommandFailedError, run
from tests.lab.mounts import keep_in_memory, remove_tree
from tests.lab.reasons import Missing
from tests.lab.servers import running
from tests.lab.unpacked import DOCKER

# Tells the engines of this process apart, which may run side by side.
NUMBERS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerEngine:
    """A running Docker Engine.

    Attributes:
        env: What a program needs to reach it: DOCKER_HOST, DOCKER_CONFIG, PATH.
        socket: Where it listens.
        version: Its own version.
        containerd_store: Whether it keeps images in containerd's store.
        bridged: Whether builds and runs have a network without a `--network` flag.
        log: What it writes.
    """

    env: Mapping[str, str]
    socket: Path
    version: str
    containerd_store: bool
    bridged: bool
    log: Path

    def docker(self, *words: str | Path, cwd: Path | None = None) -> str:
        """Return what `docker WORDS…` prints.

        Raises:
            CommandFailedError: It failed; the error's `output` has its words.
        """
        return run("docker", *words, env=self.env, cwd=cwd)

    @property
    def config_folder(self) -> Path:
        """The folder of the client's configuration; logins go to its config.json."""
        return Path(self.env["DOCKER_CONFIG"])


@contextmanager
def running_engine(
    folder: Path, *, containerd_store: bool = True, options: Sequence[str] = ()
) -> Iterator[DockerEngine]:
    """Run a Docker Engine whose log and client configuration lie in `folder`.

    Its data lies beside, is large, and is removed when the engine stops. `options` are dockerd's.

    Raises:
        Missing: Not root, or Docker is not on this machine.
    """
    if os.geteuid() != 0:
        raise Missing("not root", "run these tests as root")
    path, config = DOCKER.search_path(), _client_config(folder)
    # A short path of its own: a socket's may have 107 bytes.
    _remove_stale()
    home = Path(tempfile.mkdtemp(prefix=f"plab-{os.getpid()}-"))
    keep_in_memory(home)
    socket, log = home / "docker.sock", folder / "dockerd.log"
    env = {"PATH": path, "DOCKER_CONFIG": str(config), "DOCKER_HOST": f"unix://{socket}"}
    features = {"features": {"containerd-snapshotter": containerd_store}}
    (home / "daemon.json").write_text(json.dumps(features))
    try:
        with (
            bridge(next(NUMBERS)) as network,
            running(
                *_dockerd(home, socket, network),
                *options,
                log=log,
                ready=lambda: _version(env),
                env={"PATH": path},
            ) as version,
        ):
            yield DockerEngine(
                env=env,
                socket=socket,
                version=version,
                containerd_store=containerd_store,
                bridged=network != "none",
                log=log,
            )
    finally:
        remove_tree(home)


def _remove_stale() -> None:
    """Remove the data of engines whose test run was killed."""
    for left in Path(tempfile.gettempdir()).glob("plab-*-*"):
        pid = left.name.split("-")[1]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            remove_tree(left)


def _dockerd(home: Path, socket: Path, network: str) -> list[str | Path]:
    return [
        "dockerd",
        f"--config-file={home / 'daemon.json'}",
        f"--data-root={home / 'root'}",
        f"--exec-root={home / 'exec'}",
        f"--pidfile={home / 'dockerd.pid'}",
        f"--host=unix://{socket}",
        f"--bridge={network}",
        # The machine's packet filter and routing stay as they are.
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
    ]


def _client_config(folder: Path) -> Path:
    """Make a client configuration with buildx and no login."""
    config = folder / "docker-config"
    (config / "cli-plugins").mkdir(parents=True)
    (config / "cli-plugins" / "docker-buildx").symlink_to(DOCKER.plugin("docker-buildx"))
    # Buildah stops at a DOCKER_CONFIG that has no such file.
    (config / "config.json").write_text('{"auths": {}}')
    return config


def _version(env: Mapping[str, str]) -> str | None:
    try:
        return run("docker", "version", "--format", "{{.Server.Version}}", env=env).strip() or None
    except CommandFailedError:
        return None


def with_login(engine: DockerEngine, folder: Path, config: Path) -> dict[str, str]:
    """Return the engine's environment with the logins of another config file."""
    shutil.copytree(engine.config_folder / "cli-plugins", folder / "cli-plugins", symlinks=True)
    shutil.copy(config, folder / "config.json")
    return {**engine.env, "DOCKER_CONFIG": str(folder)}
