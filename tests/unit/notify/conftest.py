"""Receivers on loopback for each test."""

from collections.abc import Iterator

import pytest

from tests.support.receivers import Receivers, receivers


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known
