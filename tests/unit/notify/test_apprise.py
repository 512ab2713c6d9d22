"""Schemes that are Apprise's, with Apprise and without."""

import logging
import sys

import pytest

from tests.support.notices import deliver
from tests.support.receivers import Receivers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise's own affair


def test_it_carries_a_notice(received: Receivers) -> None:
    received.at("/c4n4ry")
    assert deliver(f"json://{received.host}/c4n4ry").error is None
    (got,) = received.got
    assert got.json["title"].startswith("team/app: publishing failed")
    assert got.json["type"] == "failure"
    assert "Dockerfile:3" in got.json["message"]


def test_one_that_is_down_or_unknown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for line in ("json://127.0.0.1:1/c4n4ry", "nothing-that-is-known://c4n4ry"):
            error = deliver(line).error
            assert error
            assert "c4n4ry" not in error.message
    assert "c4n4ry" not in caplog.text


def test_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    error = deliver("json://127.0.0.1:1/").error
    assert error
    assert "polyarch[apprise]" in error.message
