"""Where logins come from, in order; nothing here touches the network.

1. what the config names: variables, a file, a command (the longest repository prefix wins);
   without any, POLYARCH_<HOST>_USERNAME and _PASSWORD;
2. `$REGISTRY_AUTH_FILE`;
3. `$DOCKER_AUTH_CONFIG`, the text of such a file;
4. `$DOCKER_CONFIG/config.json`, or else `~/.docker/config.json`, with credential helpers;
5. containers' auth.json of the session, then of the user, unless 2. is set.

Sources: docker/cli, cli/config; containers-auth.json(5). Peers disagree on the order: each login
says where it was found.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from polyarch.events import Listener, Warned, ignore
from polyarch.host.mask import Mask
from polyarch.oci.reference import Repository
from polyarch.registry.configured import Configured, ConfiguredLogin
from polyarch.registry.credential import Credential
from polyarch.registry.docker_config import LoginFile
from polyarch.registry.helper import TIMEOUT_S, Helpers

_DEFAULT_PASSWORD = re.compile(r"POLYARCH_[A-Z0-9_]+_PASSWORD")
NOBODY = Credential(source="none, this event gets no login")


class CredentialStore:
    """A Keychain over the user's environment and files. Safe to use from several threads.

    With `anonymous` nothing is read and nothing started: a pull request controls the config. In
    `ci` a variable that is named and not set is an error; elsewhere it is noted, and the files
    are asked. `mask` learns every secret that is found.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        home: Path,
        logins: Sequence[ConfiguredLogin] = (),
        folder: Path | None = None,
        ci: bool = False,
        anonymous: bool = False,
        listen: Listener = ignore,
        mask: Mask | None = None,
        helper_timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._home = home
        self._anonymous = anonymous
        self._listen = listen
        self._mask = mask or Mask()
        if not anonymous:
            # Those of variables are known before anybody asks for them.
            self._mask.learn(*_passwords(environment, logins))
        self._configured = Configured(
            logins,
            environment=environment,
            home=home,
            folder=folder or Path(),
            ci=ci,
            listen=listen,
        )
        self._helpers = Helpers(environment, timeout_s=helper_timeout_s, now=now)
        self._lock = threading.Lock()
        self._files: tuple[LoginFile, ...] | None = None
        self._told: set[str] = set()

    def lookup(self, repository: Repository) -> Credential:
        """The login for a repository; an anonymous one says in `source` why there is none.

        Raises:
            MissingVariableError: a named variable is not set, in CI.
            CredentialUnreadableError: a named file or command gives no password.
        """
        if self._anonymous:
            return NOBODY
        found = self._find(repository)
        self._mask.learn(*found.secrets)
        return replace(found, places=self._configured.places(repository))

    def learn_files(self) -> None:
        """Let the mask know what lies in files, before anybody asks for it; starts no program."""
        if not self._anonymous:
            self._mask.learn(*self._configured.in_files())
            for file in self._login_files():
                self._mask.learn(*file.secrets())

    def _find(self, repository: Repository) -> Credential:
        named = self._configured.find(repository)
        if named:
            return named
        problems: list[str] = []
        for file in self._login_files():
            answer = file.find(repository, self._helpers)
            if answer.credential:
                return answer.credential
            if answer.problem:
                problems.append(answer.problem)
                self._warn(
                    f"no login for `{repository.registry}` from {file.name}: {answer.problem}"
                )
        why = f": {'; '.join(problems)}" if problems else ""
        return Credential(source=f"none found{why}")

    def _login_files(self) -> tuple[LoginFile, ...]:
        with self._lock:
            if self._files is None:
                self._files = tuple(self._read_files())
            return self._files

    def _read_files(self) -> Iterator[LoginFile]:
        for name, text in self._texts():
            file = LoginFile.parse(text, name)
            if file is None:
                self._warn(f"{name} is no file of logins; it is passed over")
            else:
                yield file

    def _texts(self) -> Iterator[tuple[str, str]]:
        for path in self._paths_before():
            yield from self._read(path)
        if inline := self._environment.get("DOCKER_AUTH_CONFIG"):
            yield "`$DOCKER_AUTH_CONFIG`", inline
        for path in self._paths_after():
            yield from self._read(path)

    def _paths_before(self) -> Iterator[Path]:
        if chosen := self._environment.get("REGISTRY_AUTH_FILE"):
            yield Path(chosen)

    def _paths_after(self) -> Iterator[Path]:
        # As with docker itself the variable takes the place of the folder in HOME: who sets it
        # wants other logins than the usual ones.
        docker = self._environment.get("DOCKER_CONFIG")
        yield (Path(docker) if docker else self._home / ".docker") / "config.json"
        if self._environment.get("REGISTRY_AUTH_FILE"):
            return
        if session := self._environment.get("XDG_RUNTIME_DIR"):
            yield Path(session) / "containers" / "auth.json"
        user = self._environment.get("XDG_CONFIG_HOME")
        yield (Path(user) if user else self._home / ".config") / "containers" / "auth.json"

    def _read(self, path: Path) -> Iterator[tuple[str, str]]:
        try:
            yield f"`{path}`", path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, UnicodeDecodeError):
            self._warn(f"`{path}` cannot be read; it is passed over")

    def _warn(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._listen(Warned(text=text))


def _passwords(environment: Mapping[str, str], logins: Sequence[ConfiguredLogin]) -> Iterator[str]:
    named = {login.password_env for login in logins}
    for name, value in environment.items():
        if name in named or _DEFAULT_PASSWORD.fullmatch(name):
            yield value
