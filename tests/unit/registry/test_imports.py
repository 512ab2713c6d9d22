"""What is loaded when: aiohttp costs more than the rest of polyarch together."""

import subprocess
import sys

import pytest

LIGHT = ["credentials", "credential", "client", "repository", "blocking", "transport", "body"]


@pytest.mark.parametrize("module", LIGHT)
def test_aiohttp_is_not_loaded_before_a_registry_is_named(module):
    code = f"import sys, polyarch.registry.{module}; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_logins_are_found_without_an_event_loop_or_tls():
    code = "import sys, polyarch.registry.credentials; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert not {"asyncio", "ssl", "http.client"} & set(loaded.stdout.split())
