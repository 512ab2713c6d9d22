"""How registries are reached and logged in to, by the beginning of a repository's name.

Only names of variables, files and commands stand here, never a secret's value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.merge import Tree, plain
from polyarch.config.schema import RegistryTable
from polyarch.oci.reference import Repository

PASSWORD_KEYS = ("password-env", "password-file", "password-command")
"""Ways to say where a password is: at most one of them per table."""

_SAMPLE = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """What the file says about one repository's registry.

    `prefix` is the longest key that fitted, empty if none did. `plain_http` None leaves it to the
    rule: loopback hosts only. Paths are complete.
    """

    host: str
    prefix: str = ""
    username_env: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    password_command: tuple[str, ...] = ()
    plain_http: bool | None = None
    ca: Path | None = None
    insecure: bool = False
    profile: str | None = None
    mirrors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """The `[registries]` tables, by normalised key."""

    root: Path
    tables: Mapping[str, Tree]

    def of(self, repository: Repository) -> RegistrySettings:
        """The settings for a repository: shorter keys first, longer ones laid over them."""
        table = RegistryTable.of(plain(self.tree_of(repository)))
        return RegistrySettings(
            host=repository.registry,
            prefix=next(iter(self._fitting(repository)[-1:]), ""),
            username_env=table.username_env,
            password_env=table.password_env,
            password_file=self._path(table.password_file),
            password_command=table.password_command or (),
            plain_http=table.plain_http,
            ca=self._path(table.ca),
            insecure=table.insecure,
            profile=table.profile,
            mirrors=table.mirrors,
        )

    def hosts(self) -> tuple[RegistrySettings, ...]:
        """The settings of each host that a table is about, without those of single repositories."""
        hosts = dict.fromkeys(key.partition("/")[0] for key in self.tables)
        return tuple(self.of(Repository.parse(f"{host}/{_SAMPLE}")) for host in hosts)

    def tree_of(self, repository: Repository) -> Tree:
        """What the tables that fit a repository come to, with sources."""
        merged: Tree = {}
        for key in self._fitting(repository):
            merged = lay_over(merged, self.tables[key])
        return merged

    def _fitting(self, repository: Repository) -> list[str]:
        """The keys that fit, shortest first."""
        name = f"{repository}/"
        return sorted((key for key in self.tables if name.startswith(f"{key}/")), key=len)

    def _path(self, text: str | None) -> Path | None:
        return None if text is None else self.root / text


def normal_prefix(key: str) -> str:
    """A key of `[registries]` as repositories are written: Docker Hub has many names."""
    registry = Repository.parse(f"{key}/{_SAMPLE}").registry
    _, slash, path = key.partition("/")
    return f"{registry}{slash}{path}"


def lay_over(below: Tree, above: Tree) -> Tree:
    """One registry table over another; a new place of the password replaces the old one."""
    if any(key in above for key in PASSWORD_KEYS):
        below = {key: node for key, node in below.items() if key not in PASSWORD_KEYS}
    return {**below, **above}
