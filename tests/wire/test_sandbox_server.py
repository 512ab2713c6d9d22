"""The server itself: its address, its life, its log, TLS, and how much memory it takes."""

import asyncio
import hashlib
import resource
import shutil
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from polyarch.errors import PortTakenError, SandboxStoppedError
from polyarch.oci.digest import Digest
from polyarch.sandbox.folder import FolderStorage
from polyarch.sandbox.server import RequestRecord, SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.sandbox_http import bearer, talking_to, with_query
from tests.support.tls import self_signed

MIB = 1024 * 1024


async def test_address_and_restart() -> None:
    registry = SandboxRegistry()
    with pytest.raises(SandboxStoppedError):
        _ = registry.url
    async with talking_to(registry) as wire:
        first = registry.url
        assert first == f"http://{registry.host}"
        assert registry.host.startswith("127.0.0.1:")
        await wire.push_image("team/app", "v1")
    async with talking_to(registry) as wire:
        assert registry.url == first
        assert (await wire("GET", "/v2/team/app/manifests/v1")).status == 200


async def test_it_listens_on_loopback_alone() -> None:
    async with SandboxRegistry() as registry:
        port = int(registry.host.partition(":")[2])
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))


async def test_a_port_that_is_taken() -> None:
    async with SandboxRegistry() as first:
        second = SandboxRegistry(port=int(first.host.partition(":")[2]))
        with pytest.raises(PortTakenError, match=first.host) as caught:
            await second.start()
        assert caught.value.hint
    await second.start()
    await second.stop()
    await second.stop()


async def test_stop_ends_requests_in_progress() -> None:
    async with talking_to(SandboxRegistry()) as wire:
        _, writer = await asyncio.open_connection("127.0.0.1", int(wire.registry.host[10:]))
        opened = await wire("POST", "/v2/a/blobs/uploads/")
        path = opened.location.removeprefix(wire.registry.url)
        writer.write(f"PATCH {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc".encode())
        await writer.drain()
        async with asyncio.timeout(5):
            await wire.registry.stop()
        writer.close()


async def test_requests_are_recorded() -> None:
    async with talking_to(SandboxRegistry()) as wire:
        digest = await wire.push_blob("team/app", b"12345")
        wire.registry.forget_requests()
        url = f"/v2/team/app/blobs/{digest}"
        await wire("GET", f"{url}?ns=docker.io", headers=bearer("secret"))
        await wire("POST", f"/v2/team/app/blobs/uploads/?digest={digest}", b"12345")
        assert wire.registry.requests == (
            RequestRecord(
                method="GET",
                path=url,
                query="ns=docker.io",
                status=200,
                had_authorization=True,
                received=0,
                sent=5,
            ),
            RequestRecord(
                method="POST",
                path="/v2/team/app/blobs/uploads/",
                query=f"digest={digest}",
                status=201,
                had_authorization=False,
                received=5,
                sent=0,
            ),
        )
        assert "secret" not in repr(wire.registry.requests)


async def test_long_headers_are_taken() -> None:
    async with talking_to(SandboxRegistry()) as wire:
        assert (await wire("GET", "/v2/", headers=bearer("x" * 30_000))).status == 200


async def test_locations_follow_the_host_that_the_client_knows() -> None:
    """Behind a proxy on another port the client must not be sent around it."""
    async with talking_to(SandboxRegistry()) as wire:
        opened = await wire("POST", "/v2/a/blobs/uploads/", headers={"Host": "127.0.0.1:1"})
        assert opened.location.startswith("http://127.0.0.1:1/v2/a/blobs/uploads/")


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    class Full(FolderStorage):
        def append_upload(self, session: str, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    async with talking_to(SandboxRegistry(storage=Full(tmp_path))) as wire:
        opened = await wire("POST", "/v2/a/blobs/uploads/")
        failed = await wire("PATCH", opened.location, b"data")
        assert (failed.status, failed.codes) == (500, ["UNKNOWN"])
        assert "No space left" in failed.json["errors"][0]["message"]


class Watching(FolderStorage):
    """Remembers the largest block and the largest resident memory while it stores."""

    largest_block = 0
    largest_memory = 0

    def append_upload(self, session: str, data: bytes) -> None:
        super().append_upload(session, data)
        self.largest_block = max(self.largest_block, len(data))
        self.largest_memory = max(self.largest_memory, resident_bytes())


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
async def test_memory_stays_bounded(tmp_path: Path) -> None:
    """300 MB in and out: no more than a few blocks are held, by either side."""
    block, count = bytes(MIB), 300
    digest = Digest(algorithm="sha256", encoded=hashlib.sha256(block * count).hexdigest())

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield block

    storage = Watching(tmp_path)
    async with talking_to(SandboxRegistry(storage=storage)) as wire:
        opened = await wire("POST", "/v2/a/blobs/uploads/")
        before = resident_bytes()
        sent = await wire("PATCH", opened.location, blocks())
        closed = await wire("PUT", with_query(sent.location, digest=str(digest)))
        assert closed.status == 201
        assert storage.largest_block <= 2 * MIB
        assert storage.largest_memory - before < 64 * MIB
        received = 0
        async with wire.session.get(closed.location) as response:
            while data := await response.content.readany():
                received += len(data)
                assert resident_bytes() - before < 64 * MIB
        assert received == count * MIB


# --- TLS ---


async def test_tls(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate, is not installed")
    tls = self_signed(tmp_path)
    registry = SandboxRegistry(ssl_context=tls.server)
    async with talking_to(registry) as wire:
        assert registry.url.startswith("https://127.0.0.1:")
        assert (await wire("GET", "/v2/", ssl=tls.client)).status == 200
        opened = await wire("POST", "/v2/a/blobs/uploads/", ssl=tls.client)
        assert opened.location.startswith(registry.url)


# --- the synchronous face ---


def test_running_from_synchronous_code() -> None:
    registries = [SandboxRegistry() for _ in range(3)]
    with running(*registries) as hosts:
        assert hosts == tuple(registry.host for registry in registries)
        for host in hosts:
            with urlopen(f"http://{host}/v2/", timeout=5) as response:
                assert response.status == 200
        for registry in registries:
            assert len(registry.requests) == 1
    assert "sandbox registries" not in [thread.name for thread in threading.enumerate()]
    for registry in registries:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(registry.host.partition(":")[2])))


def test_running_stops_the_others_when_one_cannot_start() -> None:
    good = SandboxRegistry()
    with running(SandboxRegistry()) as (host,):
        taken = SandboxRegistry(port=int(host.partition(":")[2]))
        with pytest.raises(PortTakenError), running(good, taken):
            pytest.fail("it must not get here")
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(good.host.partition(":")[2])))


def test_running_stops_when_the_block_fails() -> None:
    registry = SandboxRegistry()
    with pytest.raises(RuntimeError, match="mine"), running(registry):
        raise RuntimeError("mine")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(registry.host.partition(":")[2])))
