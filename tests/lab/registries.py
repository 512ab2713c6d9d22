"""Real registries (CNCF distribution, Debian's `docker-registry`) on free loopback ports."""

import base64
import ctypes
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tests.lab.certificates import Certificate
from tests.lab.servers import running
from tests.lab.tokens import ISSUER, SERVICE, token_server
from tests.lab.unpacked import REGISTRY

LISTENING = re.compile(r"listening on (127\.0\.0\.1:\d+)")
BCRYPT_SALT = b"$2y$05$polyarchpolyarchpolyau"


class Auth(Enum):
    """How a registry asks who one is."""

    NONE = "none"
    HTPASSWD = "htpasswd"
    TOKEN = "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A running registry.

    Attributes:
        host: `127.0.0.1:PORT`, as it stands in references.
        auth: How it asks who one is.
        username: Who may push and pull; empty where nobody is asked.
        password: That one's password.
        storage: Folder of its file system storage.
        log: What it writes.
        certificate: What it shows; None where it speaks plain HTTP.
    """

    host: str
    auth: Auth
    username: str
    password: str
    storage: Path
    log: Path
    certificate: Certificate | None = None

    @property
    def url(self) -> str:
        """The URL of its root."""
        return f"{'https' if self.certificate else 'http'}://{self.host}"

    def reference(self, name: str) -> str:
        """Return the full reference of `repository:tag` or `repository@digest` here."""
        return f"{self.host}/{name}"


@contextmanager
def running_registry(
    folder: Path,
    *,
    auth: Auth = Auth.NONE,
    username: str = "",
    password: str = "",
    storage: Path | None = None,
    read_only: bool = False,
    certificate: Certificate | None = None,
    way_to_tokens: Callable[[str], str] = str,
) -> Iterator[Registry]:
    """Run a registry whose files lie in `folder`, which must be empty.

    Args:
        folder: Takes config, log and, unless `storage` names a place, the content.
        auth: How it asks who one is.
        username: Who may come in; the default is a name and a password of its own.
        password: That one's password.
        storage: Where its content lies.
        read_only: Whether it refuses every change.
        certificate: What it and its token server show; they speak plain HTTP without.
        way_to_tokens: Gives the address to name for that of the token server, as that of a proxy.

    Raises:
        Missing: There is no registry on this machine.
    """
    if auth is not Auth.NONE:
        username, password = username or "somebody", password or "s3cret"
    registry_log, content = folder / "registry.log", storage or folder / "content"
    with ExitStack() as stack:
        config = _config(content, read_only=read_only)
        if certificate:
            files = {"certificate": str(certificate.file), "key": str(certificate.key)}
            config["http"]["tls"] = files
        if auth is Auth.HTPASSWD:
            config["auth"] = {"htpasswd": _htpasswd(folder, username, password)}
        if auth is Auth.TOKEN:
            users = {username: password}
            server = stack.enter_context(token_server(folder, users, certificate))
            realm = server.realm_at(way_to_tokens(server.host))
            names = {"realm": realm, "service": SERVICE, "issuer": ISSUER}
            config["auth"] = {"token": names | {"rootcertbundle": str(server.certificate)}}
        # JSON is YAML.
        (folder / "config.yml").write_text(json.dumps(config))
        command = ("docker-registry", "serve", folder / "config.yml")
        env = {"PATH": REGISTRY.search_path(), "OTEL_TRACES_EXPORTER": "none"}
        host = stack.enter_context(
            running(*command, log=registry_log, ready=lambda: _address(registry_log), env=env)
        )
        yield Registry(
            host=host,
            auth=auth,
            username=username,
            password=password,
            storage=content,
            log=registry_log,
            certificate=certificate,
        )


def write_logins(file: Path, *registries: Registry) -> Path:
    """Write a Docker config file with the logins of registries, readable by its owner only."""
    logins = {
        registry.host: {"auth": _basic(registry.username, registry.password)}
        for registry in registries
        if registry.username
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({"auths": logins}))
    return file


def _config(content: Path, *, read_only: bool) -> dict[str, Any]:
    maintenance = {"readonly": {"enabled": read_only}, "uploadpurging": {"enabled": False}}
    storage = {
        "filesystem": {"rootdirectory": str(content)},
        "delete": {"enabled": True},
        "maintenance": maintenance,
    }
    http = {"addr": "127.0.0.1:0", "relativeurls": True}
    return {"version": "0.1", "log": {"level": "info"}, "storage": storage, "http": http}


def _htpasswd(folder: Path, username: str, password: str) -> dict[str, str]:
    # Python's own crypt module is deprecated and the registry takes nothing but bcrypt.
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    hashed = crypt(password.encode(), BCRYPT_SALT).decode()
    (folder / "htpasswd").write_text(f"{username}:{hashed}\n")
    return {"realm": "lab", "path": str(folder / "htpasswd")}


def _address(log: Path) -> str | None:
    """Return where the registry says that it listens: it chose the port itself."""
    found = LISTENING.search(log.read_text(errors="replace"))
    return found[1] if found else None


def _basic(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()
