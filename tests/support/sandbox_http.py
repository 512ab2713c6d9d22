"""Raw HTTP towards a sandbox registry: no client of polyarch's between test and server."""

import base64
import contextlib
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from multidict import CIMultiDictProxy

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.sandbox.folder import FolderStorage
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import Storage

Json = dict[str, Any]

_LARGE_BYTES = 1024 * 1024
"""Above that aiohttp wants a file, not bytes."""


def make_storage(kind: str, folder: Path) -> Storage:
    return FolderStorage(folder / "storage") if kind == "folder" else MemoryStorage()


def basic(username: str, password: str) -> dict[str, str]:
    login = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {login}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.json["errors"]]

    @property
    def location(self) -> str:
        return self.headers["Location"]


class Wire:
    """One HTTP session to one registry; nothing is sent twice, redirects are not followed."""

    def __init__(self, registry: SandboxRegistry, session: aiohttp.ClientSession) -> None:
        self.registry = registry
        self.session = session

    async def __call__(
        self,
        method: str,
        url: str,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Reply:
        address = url if url.startswith("http") else f"{self.registry.url}{url}"
        if isinstance(data, bytes) and len(data) > _LARGE_BYTES:
            data = io.BytesIO(data)
        async with self.session.request(
            method, address, data=data, headers=headers, allow_redirects=False, **options
        ) as response:
            body = await response.read()
            return Reply(status=response.status, headers=response.headers, body=body)

    async def push_blob(self, repository: str, content: bytes, algorithm: str = "sha256") -> Digest:
        digest = Digest.of(content, algorithm)
        opened = await self("POST", f"/v2/{repository}/blobs/uploads/")
        closed = await self("PUT", with_query(opened.location, digest=str(digest)), content)
        assert closed.status == 201
        return digest

    async def push_manifest(
        self,
        repository: str,
        reference: str,
        manifest: Json,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        typed = {"Content-Type": manifest["mediaType"], **(headers or {})}
        url = f"/v2/{repository}/manifests/{reference}"
        return await self("PUT", url, io.BytesIO(json.dumps(manifest).encode()), typed)

    async def push_image(
        self, repository: str, reference: str, layer: bytes = b"layer", **fields: Any
    ) -> Digest:
        config = b"{}"
        await self.push_blob(repository, config)
        await self.push_blob(repository, layer)
        manifest = image(config, layer) | fields
        reply = await self.push_manifest(repository, reference, manifest)
        assert reply.status == 201, reply.body
        return Digest.of(json.dumps(manifest).encode())


@contextlib.asynccontextmanager
async def talking_to(registry: SandboxRegistry) -> AsyncIterator[Wire]:
    async with registry, aiohttp.ClientSession() as session:
        # Else aiohttp sends a PUT again by itself when a connection that was used before is closed.
        session._retry_connection = False
        yield Wire(registry, session)


def with_query(url: str, **fields: str) -> str:
    """The URL with fields added to the query that it has."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), *fields.items()])
    return parts._replace(query=query).geturl()


def descriptor(media_type: str, content: bytes, algorithm: str = "sha256") -> Json:
    digest = str(Digest.of(content, algorithm))
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def image(config: bytes, *layers: bytes) -> Json:
    return {
        "schemaVersion": 2,
        "mediaType": mediatype.OCI_MANIFEST,
        "config": descriptor(mediatype.OCI_CONFIG, config),
        "layers": [descriptor(mediatype.OCI_LAYER, layer) for layer in layers],
    }


def index(*manifests: Json) -> Json:
    children = [descriptor(m["mediaType"], json.dumps(m).encode()) for m in manifests]
    return {"schemaVersion": 2, "mediaType": mediatype.OCI_INDEX, "manifests": children}
