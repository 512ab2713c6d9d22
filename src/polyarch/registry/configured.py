"""Logins that the config names: by variables, a file or a command; never by their value."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarch.errors import (
    CredentialUnreadableError,
    HostError,
    MissingVariableError,
    ProcessFailedError,
)
from polyarch.events import Listener, Note
from polyarch.host.process import run
from polyarch.oci.reference import Repository
from polyarch.registry.credential import Credential, default_variables
from polyarch.registry.hostkey import best_match

COMMAND_TIMEOUT_S = 60.0
_MAX_PASSWORD_FILE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredLogin:
    """How to find the login for one registry, or one prefix of its repositories.

    Of command, file and variable the first that is named gives the password. `where` is the place
    in the config, for messages.
    """

    prefix: str
    username_env: str = ""
    password_env: str = ""
    password_file: str = ""
    password_command: tuple[str, ...] = ()
    where: str = "polyarch.toml"


class Configured:
    """Finds the login that the config names; each is looked up once.

    Relative files, and commands, start from `folder`.
    """

    def __init__(
        self,
        logins: Sequence[ConfiguredLogin],
        *,
        environment: Mapping[str, str],
        home: Path,
        folder: Path,
        ci: bool,
        listen: Listener,
    ) -> None:
        self._logins = {login.prefix: login for login in logins if _names_something(login)}
        self._environment = environment
        self._home = home
        self._folder = folder
        self._ci = ci
        self._listen = listen
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Credential | None] = {}

    def find(self, repository: Repository) -> Credential | None:
        """The login, or None where others have to be asked.

        Raises:
            MissingVariableError, CredentialUnreadableError: it is named and cannot be had.
        """
        match = best_match(self._logins, repository)
        login = match[1] if match else ConfiguredLogin(prefix="", where="the environment")
        key = (login.prefix, repository.registry)
        with self._lock:
            if key not in self._found:
                self._found[key] = self._read(login, repository.registry)
            return self._found[key]

    def places(self, repository: Repository) -> tuple[str, ...]:
        """What would give a login for it before all else, in words for a message."""
        match = best_match(self._logins, repository)
        login = match[1] if match else ConfiguredLogin(prefix="")
        user, password = default_variables(repository.registry)
        first = f"`{login.username_env or user}`"
        if login.password_command:
            return first, f"command `{login.password_command[0]}`"
        if login.password_file:
            return first, f"file `{login.password_file}`"
        return first, f"`{login.password_env or password}`"

    def in_files(self) -> Iterator[str]:
        """The passwords that lie in files; those that cannot be read are passed over."""
        for login in self._logins.values():
            if login.password_file and not login.password_command:
                with contextlib.suppress(CredentialUnreadableError):
                    yield self._password(login, login.prefix)[0]

    def _read(self, login: ConfiguredLogin, registry: str) -> Credential | None:
        default_user, default_password = default_variables(registry)
        user_variable = login.username_env or default_user
        password_variable = login.password_env or default_password
        from_variable = not (login.password_command or login.password_file)
        wanted = [user_variable, *([password_variable] if from_variable else [])]
        unset = [name for name in wanted if not self._environment.get(name)]
        if unset:
            # Without a word in the config, the default names bind only when one of them is set.
            if _names_something(login) or len(unset) < len(wanted):
                self._told_missing(login, registry, unset)
            return None
        username = self._environment[user_variable]
        if from_variable:
            source = f"variables `{user_variable}` and `{password_variable}`"
            secret = self._environment[password_variable]
        else:
            secret, source = self._password(login, registry)
        return Credential(source=source, username=username, secret=secret, is_ours=True)

    def _told_missing(self, login: ConfiguredLogin, registry: str, unset: list[str]) -> None:
        if self._ci:
            raise MissingVariableError(registry, unset, where=login.where)
        names = " and ".join(f"`{name}`" for name in unset)
        verb = "is" if len(unset) == 1 else "are"
        self._listen(
            Note(text=f"{names} {verb} not set: the login for `{registry}` is the Docker config's")
        )

    def _password(self, login: ConfiguredLogin, registry: str) -> tuple[str, str]:
        if login.password_command:
            source = f"command `{login.password_command[0]}`"
            text = self._run(login, registry, source)
        else:
            source = f"file `{login.password_file}`"
            text = self._read_file(login, registry, source)
        secret = text.split("\n", 1)[0].rstrip("\r")
        if not secret:
            raise CredentialUnreadableError(registry, source, "it is empty", where=login.where)
        return secret, source

    def _read_file(self, login: ConfiguredLogin, registry: str, source: str) -> str:
        named = login.password_file
        in_home = named.startswith("~/")
        path = self._home / named[2:] if in_home else self._folder / named
        try:
            with path.open(encoding="utf-8") as file:
                return file.read(_MAX_PASSWORD_FILE)
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise CredentialUnreadableError(registry, source, reason, where=login.where) from error
        except UnicodeDecodeError:
            # Chained, the error would carry the bytes.
            reason = "it is not text"
        raise CredentialUnreadableError(registry, source, reason, where=login.where)

    def _run(self, login: ConfiguredLogin, registry: str, source: str) -> str:
        try:
            done = run(
                login.password_command,
                environment=self._environment,
                folder=self._folder,
                timeout_s=COMMAND_TIMEOUT_S,
                check=False,
            )
        except ProcessFailedError:
            reason = f"no answer in {COMMAND_TIMEOUT_S:g} s"
        except HostError as error:
            reason = error.message
        else:
            if done.status == 0:
                return done.stdout
            reason = f"it ended with status {done.status}"
        raise CredentialUnreadableError(registry, source, reason, where=login.where)


def _names_something(login: ConfiguredLogin) -> bool:
    return bool(
        login.username_env or login.password_env or login.password_file or login.password_command
    )
