"""Our client connected to a registry of a test, with time that never passes by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from polyarch.events import Event
from polyarch.net.endpoint import Endpoint
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import NO_KEYCHAIN, Credential, FixedKeychain
from polyarch.registry.profile import Profile
from polyarch.registry.repository import RemoteRepository
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.server import SandboxRegistry
from tests.support.clock import FakeClock

CANARY = "canary-5ecret"
LOGIN = Credential(source="the test", username="me", secret=CANARY)
CONFIG = b"{}"


class Connected:
    """A client to one sandbox; `events` holds what it told."""

    def __init__(
        self,
        registry: SandboxRegistry,
        *,
        login: Credential | None = LOGIN,
        endpoint: Endpoint | None = None,
        policy: RetryPolicy | None = None,
        profile: Profile | None = None,
    ) -> None:
        self.registry = registry
        self.clock = FakeClock()
        self.events: list[Event] = []
        self.client = RegistryClient(
            keychain=FixedKeychain(login) if login else NO_KEYCHAIN,
            endpoints={registry.host: endpoint} if endpoint else {},
            listen=self.events.append,
            policy=policy,
            clock=self.clock.clock,
            profiles={registry.host: profile} if profile else {},
        )

    def repository(self, path: str = "team/app") -> RemoteRepository:
        return self.client.repository(Repository(registry=self.registry.host, path=path))

    def seen(self, method: str | None = None) -> list[tuple[str, int]]:
        """Method and path with the status of each request, the ping left out."""
        return [
            (f"{request.method} {request.path}", request.status)
            for request in self.registry.requests
            if request.path != "/v2/" and method in {None, request.method}
        ]


@asynccontextmanager
async def connected(
    registry: SandboxRegistry,
    *,
    login: Credential | None = LOGIN,
    endpoint: Endpoint | None = None,
    policy: RetryPolicy | None = None,
    profile: Profile | None = None,
) -> AsyncIterator[Connected]:
    """Start the registry and connect to it."""
    async with registry:
        connection = Connected(
            registry, login=login, endpoint=endpoint, policy=policy, profile=profile
        )
        async with connection.client:
            yield connection


def blob_of(content: bytes) -> tuple[Descriptor, Body]:
    return Descriptor.of(mediatype.OCI_LAYER, content), Body.of_bytes(content)


def manifest_of(*layers: bytes) -> ImageManifest:
    return ImageManifest.build(
        config=Descriptor.of(mediatype.OCI_CONFIG, CONFIG),
        layers=[Descriptor.of(mediatype.OCI_LAYER, layer) for layer in layers],
    )


async def push_image(
    remote: RemoteRepository, *layers: bytes, tag: str | None = None
) -> ImageManifest:
    """Push a whole image; gives its manifest."""
    for content in (CONFIG, *layers):
        await remote.push_blob(*blob_of(content))
    manifest = manifest_of(*layers)
    await remote.put_manifest(manifest)
    if tag:
        await remote.put_manifest(manifest, tag)
    return manifest


async def read(remote: RemoteRepository, blob: Descriptor, offset: int = 0) -> bytes:
    return b"".join([chunk async for chunk in await remote.open_blob(blob, offset)])
