"""A sandbox registry and a raw HTTP session to it, once for each storage."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.sandbox_http import Wire, make_storage, talking_to


@pytest.fixture(params=["memory", "folder"])
async def wire(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Wire]:
    storage = make_storage(request.param, tmp_path)
    async with talking_to(SandboxRegistry(storage=storage)) as talking:
        yield talking
