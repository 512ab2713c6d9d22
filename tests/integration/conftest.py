"""Every test of this folder needs real parts (see `tests/lab`)."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder `real`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)
