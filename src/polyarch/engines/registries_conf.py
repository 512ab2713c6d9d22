"""A registries.conf for Buildah that leaves TLS out for the named hosts alone.

Source: containers-registries.conf(5). `--tls-verify=false` would leave it out for every registry.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_VARIABLE = "CONTAINERS_REGISTRIES_CONF"
_SYSTEM = Path("/etc/containers/registries.conf")


def write_registries_conf(
    folder: Path, hosts: Sequence[str], environment: Mapping[str, str]
) -> Mapping[str, str]:
    """Write the machine's registries.conf with `hosts` added; gives what to set for Buildah.

    Hosts that the machine's file names itself stay as it has them. Buildah reads the drop-in files
    of registries.conf.d in any case.
    """
    if not hosts:
        return {}
    text = _read(environment)
    known = _locations(text)
    tables = [
        f'[[registry]]\nlocation = "{host}"\ninsecure = true\n'
        for host in dict.fromkeys(hosts)
        if host not in known
    ]
    path = folder / "registries.conf"
    path.write_text("\n".join([text, *tables]), encoding="utf-8")
    return {_VARIABLE: str(path)}


def _read(environment: Mapping[str, str]) -> str:
    user = Path(environment.get("HOME", "/")) / ".config/containers/registries.conf"
    chosen = environment.get(_VARIABLE)
    for path in (Path(chosen),) if chosen else (user, _SYSTEM):
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return ""


def _locations(text: str) -> set[str]:
    try:
        registries: Any = tomllib.loads(text).get("registry", [])
    except tomllib.TOMLDecodeError:
        return set()
    if not isinstance(registries, list):
        return set()
    return {
        str(table.get(key))
        for table in registries
        if isinstance(table, dict)
        for key in ("location", "prefix")
    }
