"""Namespaces for runtimes that make none themselves: no network, and nothing outlives the run."""

import os
from collections.abc import Mapping

from polyarch.errors import PolyarchError
from polyarch.host.process import find_program, run

_WORDS = ("--net", "--ipc", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc")
_AS_USER = ("--user", "--map-current-user")
_POWERLESS = (
    "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--",
)  # fmt: skip


def jail(environment: Mapping[str, str], *, network: bool = False) -> tuple[str, ...] | None:
    """The words before a command that shut it in; None where that cannot be done.

    Source: util-linux unshare(1); `--kill-child` came in 2.32, `--map-current-user` in 2.36.
    """
    program = find_program("unshare", environment)
    if program is None:
        return None
    words = [word for word in _WORDS if not (network and word == "--net")]
    found = (program, *(_AS_USER if os.geteuid() else ()), *words)
    try:
        tried = run([*found, "true"], environment=environment, check=False, timeout_s=20)
    except PolyarchError:
        return None
    return found if tried.status == 0 else None


def powerless(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """The words that take root's capabilities from a command; none are needed for anybody else.

    None where root starts it and they cannot be taken. Source: util-linux setpriv(1).
    """
    if os.geteuid():
        return ()
    program = find_program("setpriv", environment)
    return (program, *_POWERLESS) if program else None
