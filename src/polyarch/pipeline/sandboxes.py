"""`polyarch sandbox`: registries of this machine that run until somebody stops them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyarch.oci.reference import Repository
from polyarch.pipeline.rehearsal import sandbox_folder, sandbox_lock
from polyarch.runs.folder import prepare_state
from polyarch.sandbox.auth import Account, Auth, BasicAuth, OpenAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.folder import FolderStorage
from polyarch.sandbox.memory import MemoryStorage

if TYPE_CHECKING:
    from polyarch.sandbox.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How the registries want to be logged in to: `none`, `basic` or `bearer`."""

    kind: str = "none"
    username: str = ""
    password: str = ""

    def auth(self) -> Auth:
        """The registry's side of it."""
        account = Account(username=self.username, password=self.password)
        match self.kind:
            case "basic":
                return BasicAuth(account)
            case "bearer":
                return BearerAuth(account)
            case _:
                return OpenAuth()


@contextmanager
def sandboxes(
    hosts: Sequence[str], *, state: Path | None, port: int, login: Login
) -> Iterator[dict[str, str]]:
    """Run one registry for each host, from `port` upwards (0: any free ones), and give addresses.

    Content is kept in `state`, where `publish --sandbox` leaves it too; None keeps it in memory.

    Raises:
        InvalidReferenceError: a host is none.
        PortTakenError: something else listens there.
        SandboxBusyError: another process serves these folders.
        StorageError: the folder cannot be made.
    """
    from polyarch.sandbox.server import SandboxRegistry
    from polyarch.sandbox.thread import running

    if state is not None:
        prepare_state(state)
    for host in hosts:
        Repository.parse(f"{host}/x")
    registries = [
        SandboxRegistry(
            storage=_storage(host, state),
            auth=login.auth(),
            port=port + number if port else 0,
        )
        for number, host in enumerate(hosts)
    ]
    with sandbox_lock(state) if state else nullcontext(), running(*registries) as addresses:
        yield dict(zip(hosts, addresses, strict=True))


def _storage(host: str, state: Path | None) -> "Storage":
    return MemoryStorage() if state is None else FolderStorage(sandbox_folder(state, host))
