"""A headless Chromium that loads a page and says what is on it, through its DevTools protocol."""

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.lab.reasons import Missing

PROGRAM = "chromium"
WITHIN_S = 60.0

_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--remote-debugging-port=0", "--window-size=1400,1000",
)  # fmt: skip


class Page:
    """One tab. `asked` are the addresses that it wanted, `said` what its console was told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.asked: list[str] = []
        self.said: list[str] = []

    async def open(self, address: str) -> None:
        """Load a page and wait until all of it is there."""
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)
        await self._until("Page.loadEventFired")

    async def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript gives."""
        found = await self.call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def prefer(self, scheme: str) -> None:
        """Say that the system is `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def picture(self) -> bytes:
        """What is seen, as PNG."""
        found = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(found["data"])

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await self._socket.receive_json()
                if message.get("id") == number:
                    assert "error" not in message, message
                    found: dict[str, Any] = message["result"]
                    return found
                self._hear(message)

    async def _until(self, event: str) -> None:
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await self._socket.receive_json()
                self._hear(message)
                if message.get("method") == event:
                    return

    def _hear(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])
            case "Log.entryAdded":
                self.said.append(told["entry"]["text"])
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                self.said.append(json.dumps(told))
            case _:
                pass


@asynccontextmanager
async def browsing() -> AsyncIterator[Page]:
    """A browser with one empty tab; it ends with the block.

    Raises:
        Missing: There is no Chromium on this machine.
    """
    program = shutil.which(PROGRAM)
    if not program:
        raise Missing(f"no `{PROGRAM}` here", f"as root: apt-get install {PROGRAM}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program,
            *_OPTIONS,
            f"--user-data-dir={folder}",
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(folder), process)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = await answer.json(content_type=None)
                address = next(tab for tab in tabs if tab["type"] == "page")
                url = address["webSocketDebuggerUrl"]
                async with session.ws_connect(url, max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _port(folder: Path, process: asyncio.subprocess.Process) -> int:
    """The port on which it listens, once it says so."""
    file = folder / "DevToolsActivePort"
    async with asyncio.timeout(WITHIN_S):
        while process.returncode is None:
            lines = file.read_text().splitlines() if file.exists() else []
            if lines:
                return int(lines[0])
            await asyncio.sleep(0.02)
    raise Missing(f"`{PROGRAM}` ended at once", "start it by hand and see what it says")
