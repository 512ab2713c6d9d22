"""`--sandbox`: registries of this machine stand in for the destinations; names stay as they are."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from polyarch.content.files import locked
from polyarch.content.store import Fetcher
from polyarch.engines.base import RegistryLogin
from polyarch.errors import BlobNotFoundError, SandboxBusyError
from polyarch.net.endpoint import Endpoint
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import Repository
from polyarch.pipeline.held import Held
from polyarch.pipeline.world import World
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import Credential, FixedKeychain
from polyarch.registry.retry import RetryPolicy
from polyarch.runs.folder import prepare_state

if TYPE_CHECKING:
    from polyarch.sandbox.storage import Storage

USERNAME = "rehearsal"

_POLICY = RetryPolicy(tries=2, first_tries=2, first_s=0.01)
"""What a registry of our own refuses, such as a full disk, will not go away by waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Running registries, by the host that each stands for."""

    endpoints: Mapping[str, Endpoint]
    credential: Credential
    world: World

    def client(self) -> RegistryClient:
        """A client that reaches them under their real names, with the login that they want."""
        return RegistryClient(
            keychain=FixedKeychain(self.credential),
            endpoints=self.endpoints,
            policy=_POLICY,
            listen=self.world.listen,
        )

    def address(self, host: str) -> str:
        """Where the registry that stands for `host` listens: a loopback address with its port."""
        return self.endpoints[host].url.partition("://")[2]

    @property
    def logins(self) -> tuple[RegistryLogin, ...]:
        """The logins that programs of this machine need for them, by address."""
        return tuple(
            RegistryLogin(
                host=self.address(host),
                username=self.credential.username,
                secret=self.credential.secret,
            )
            for host in self.endpoints
        )


def sandbox_folder(state: Path, host: str) -> Path:
    """Where the registry that stands for `host` keeps its content between runs."""
    return state / "sandbox" / host.replace(":", "_")


def opened_stand_in(repository: Repository, state: Path, real: Fetcher) -> Fetcher:
    """What the registry that stands for a repository keeps, and `real` for what it lacks."""
    from polyarch.sandbox.folder import FolderStorage

    folder = sandbox_folder(state, repository.registry)
    if not folder.is_dir():
        return real
    return Held([_KeptBlobs(storage=FolderStorage(folder), path=repository.path), real])


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptBlobs:
    """The blobs of one repository, read from the folder: no server has to run."""

    storage: "Storage"
    path: str

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on.

        Raises:
            BlobNotFoundError: they are not there.
        """
        if not self.exists(descriptor):
            raise BlobNotFoundError(str(descriptor.digest), self.path)
        content = self.storage.open_blob(descriptor.digest)
        content.seek(offset)
        return content

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the blob is there in its full size."""
        return self.storage.blob_size(self.path, descriptor.digest) == descriptor.size


@contextmanager
def sandbox_lock(state: Path) -> Iterator[None]:
    """Have the folders of all these registries alone: one process at a time may serve them.

    Raises:
        SandboxBusyError: another process does.
        StorageError: the lock cannot be made.
    """
    folder = state / "sandbox"

    def refuse() -> None:
        raise SandboxBusyError(str(folder))

    with locked(folder / ".lock", on_wait=refuse):
        yield


@contextmanager
def rehearsal(repositories: Iterable[Repository], world: World) -> Iterator[Rehearsal]:
    """Run one registry for each host until the block ends; what is pushed stays in their folders.

    They ask for a login by bearer token, as the real ones do; it is new each time.

    Raises:
        SandboxBusyError: `polyarch sandbox` serves these folders now.
        StorageError: a folder cannot be made.
    """
    from polyarch.sandbox.auth import Account
    from polyarch.sandbox.bearer import BearerAuth
    from polyarch.sandbox.folder import FolderStorage
    from polyarch.sandbox.server import SandboxRegistry
    from polyarch.sandbox.thread import running

    prepare_state(world.state)
    hosts = tuple(dict.fromkeys(repository.registry for repository in repositories))
    password = secrets.token_urlsafe()
    registries = [
        SandboxRegistry(
            storage=FolderStorage(sandbox_folder(world.state, host)),
            auth=BearerAuth(Account(username=USERNAME, password=password), service=host),
        )
        for host in hosts
    ]
    with sandbox_lock(world.state), running(*registries) as addresses:
        pairs = zip(hosts, addresses, strict=True)
        yield Rehearsal(
            endpoints={host: Endpoint(url=f"http://{address}") for host, address in pairs},
            credential=Credential(source="the rehearsal", username=USERNAME, secret=password),
            world=world,
        )
