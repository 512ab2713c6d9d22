"""Logins that engines do not find by themselves, in files that live as long as one build.

The files begin as the user's own, so that nothing is lost that worked before. Sources: docker/cli,
cli/config/configfile (an empty entry of `credHelpers` sends it to `auths`); containers-auth.json(5)
(the first file that knows a host wins; a file that is named takes the place of all others).
"""

import base64
import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from polyarch.engines.base import RegistryLogin
from polyarch.errors import StorageError
from polyarch.oci.reference import DOCKER_HUB, DOCKER_HUB_NAMES

_CONFIG = "config.json"
_AUTHS = "auths"
_HELPERS = "credHelpers"
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"


@contextlib.contextmanager
def docker_logins(
    logins: Sequence[RegistryLogin], environment: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """A copy of the user's Docker config that has these logins too; gives what to set for docker.

    What lies beside config.json (plugins, contexts, builders) is reached by links.

    Raises:
        StorageError: it cannot be written.
    """
    if not logins:
        yield {}
        return
    own = _docker_folder(environment)
    with _private_folder(environment) as folder:
        for entry in _entries(own):
            if entry.name != _CONFIG:
                (folder / entry.name).symlink_to(entry.absolute())
        value = _with_logins(_read(own / _CONFIG if own else None), logins, hub=_DOCKER_HUB_KEY)
        switched_off = {_key(login.host, _DOCKER_HUB_KEY): "" for login in logins}
        _write(folder / _CONFIG, {**value, _HELPERS: {**_table(value, _HELPERS), **switched_off}})
        yield {"DOCKER_CONFIG": str(folder)}


@contextlib.contextmanager
def containers_logins(
    logins: Sequence[RegistryLogin], environment: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """All logins that Buildah would find, and these, in one file; gives what to set for Buildah.

    Raises:
        StorageError: it cannot be written.
    """
    if not logins:
        yield {}
        return
    merged: dict[str, Any] = {_AUTHS: {}, _HELPERS: {}}
    for path in _auth_files(environment):
        found = _read(path)
        for key, table in merged.items():
            merged[key] = {**_table(found, key), **table}
    with _private_folder(environment) as folder:
        path = folder / "auth.json"
        _write(path, _with_logins(merged, logins, hub=DOCKER_HUB))
        yield {"REGISTRY_AUTH_FILE": str(path)}


@contextlib.contextmanager
def _private_folder(environment: Mapping[str, str]) -> Iterator[Path]:
    """A folder that only its owner may enter, away from what is kept of a run."""
    place = environment.get("TMPDIR")
    try:
        made = tempfile.TemporaryDirectory(dir=place, prefix="polyarch-logins-")
    except OSError as error:
        where = place or tempfile.gettempdir()
        raise StorageError(where, error.strerror or str(error)) from error
    with made as folder:
        yield Path(folder)


def _with_logins(
    value: Mapping[str, Any], logins: Sequence[RegistryLogin], *, hub: str
) -> dict[str, Any]:
    """A config with these logins in place of all that it knows of their hosts."""
    hosts = {_host(login.host) for login in logins}
    kept = {
        table: {key: item for key, item in _table(value, table).items() if _host(key) not in hosts}
        for table in (_AUTHS, _HELPERS)
    }
    added = {_key(login.host, hub): {"auth": _basic(login)} for login in logins}
    return {**value, **kept, _AUTHS: {**kept[_AUTHS], **added}}


def _basic(login: RegistryLogin) -> str:
    return base64.b64encode(f"{login.username}:{login.secret}".encode()).decode("ascii")


def _key(host: str, hub: str) -> str:
    return hub if _host(host) == DOCKER_HUB else host


def _host(key: str) -> str:
    """The host of a key, which may be a URL or have a path."""
    host = key.partition("://")[2] or key
    host = host.partition("/")[0].lower()
    return DOCKER_HUB if host in DOCKER_HUB_NAMES else host


def _docker_folder(environment: Mapping[str, str]) -> Path | None:
    if chosen := environment.get("DOCKER_CONFIG"):
        return Path(chosen)
    home = environment.get("HOME")
    return Path(home) / ".docker" if home else None


def _auth_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where Buildah looks for logins, the file that counts most first."""
    if chosen := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(chosen)
        return
    session, home = environment.get("XDG_RUNTIME_DIR"), environment.get("HOME")
    user = environment.get("XDG_CONFIG_HOME") or (home and f"{home}/.config")
    # Without a session root has its file there.
    session = session or f"/run/containers/{os.getuid()}"
    yield from (Path(place) / "containers" / "auth.json" for place in (session, user) if place)
    if docker := _docker_folder(environment):
        yield docker / _CONFIG


def _entries(folder: Path | None) -> Iterable[Path]:
    try:
        return tuple(folder.iterdir()) if folder else ()
    except OSError:
        return ()


def _read(path: Path | None) -> dict[str, Any]:
    """A config, or nothing: engines say themselves what is wrong with the user's."""
    try:
        value = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _table(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(json.dumps(value), encoding="utf-8")
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error
