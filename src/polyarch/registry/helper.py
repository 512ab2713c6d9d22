"""Credential helpers: other people's programs that hold logins.

Started only for hosts that are talked to, once per host, one at a time per helper: some hang, some
are slow, some break when they run twice at once (google/containerregistry#115).
Source: docker/docker-credential-helpers, README "Development".
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from polyarch.errors import HostError, ProcessFailedError
from polyarch.host.process import Finished, run
from polyarch.registry.credential import Credential

TIMEOUT_S = 15.0
KEEP_S = 3600.0
RETRY_AFTER_S = 5.0
"""A helper that failed is started again after so many seconds."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_IDENTITY_USER = "<token>"
_NOTHING_KNOWN = "credentials not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperAnswer:
    """A login, or None where the helper knows none; `problem` says why it gave no answer."""

    credential: Credential | None = None
    problem: str = ""


class Helpers:
    """Asks helpers and keeps what they say; `environment` is theirs, with PATH and HOME."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._timeout_s = timeout_s
        self._now = now
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._kept: dict[tuple[str, str], tuple[float, HelperAnswer]] = {}

    def ask(self, helper: str, server: str) -> HelperAnswer:
        """What `docker-credential-HELPER` knows of a server."""
        with self._guard:
            lock = self._locks.setdefault(helper, threading.Lock())
        with lock:
            until, answer = self._kept.get((helper, server), (0.0, None))
            if answer is None or self._now() >= until:
                answer = self._start(helper, server)
                keep = RETRY_AFTER_S if answer.problem else KEEP_S
                self._kept[helper, server] = (self._now() + keep, answer)
            return answer

    def _start(self, helper: str, server: str) -> HelperAnswer:
        if not _NAME.fullmatch(helper):
            return HelperAnswer(problem="its name is not that of a program")
        program = f"docker-credential-{helper}"
        try:
            done = run(
                [program, "get"],
                environment=self._environment,
                stdin=server,
                timeout_s=self._timeout_s,
                check=False,
            )
        except ProcessFailedError:
            return HelperAnswer(problem=f"`{program}` gave no answer in {self._timeout_s:g} s")
        except HostError as error:
            return HelperAnswer(problem=error.message)
        return _read(program, done)


def _read(program: str, done: Finished) -> HelperAnswer:
    """Read what a helper printed; none of it goes into a message, it may be the secret."""
    if done.status != 0:
        if _NOTHING_KNOWN in done.stdout.lower() + done.stderr.lower():
            return HelperAnswer()
        return HelperAnswer(problem=f"`{program}` ended with status {done.status}")
    try:
        value = json.loads(done.stdout)
    except ValueError:
        value = None
    username = value.get("Username") if isinstance(value, dict) else None
    secret = value.get("Secret") if isinstance(value, dict) else None
    if not isinstance(username, str) or not isinstance(secret, str):
        return HelperAnswer(problem=f"`{program}` did not answer in the helpers' protocol")
    if not secret:
        return HelperAnswer()
    source = f"helper `{program}`"
    if username == _IDENTITY_USER:
        return HelperAnswer(credential=Credential(source=source, identity_token=secret))
    return HelperAnswer(credential=Credential(source=source, username=username, secret=secret))
