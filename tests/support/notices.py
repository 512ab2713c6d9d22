"""A notice with everything in it, and the way to one address."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from polyarch.net.proxy import ProxyRules
from polyarch.notify.address import Address
from polyarch.notify.notice import Kind, Notice
from polyarch.notify.outbox import Outbox
from polyarch.notify.send import Delivery, send_all

NOTICE = Notice(
    kind=Kind.FAILURE,
    project="team/app",
    time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    version="1.0",
    verb="publish",
    line="refs/heads/main",
    images=("app", "web"),
    event_name="push",
    ref="refs/heads/main",
    sha="0123456789abcdef0123456789abcdef01234567",
    what="the build of `app` for linux/arm64 failed: <!channel> [a](https://evil.example) @all",
    where="Dockerfile:3",
    hint="look at its log",
    who="<@U1>",
    why="@everyone [go](https://evil.example) `rm`",
    findings=("W101 <!here>: [b](https://evil.example)",),
    platforms=("linux/arm64",),
    registries=("ghcr.io",),
    tags=("no tag has moved: all show what they showed before",),
    run="20260102T030405.000Z-a1b2c3",
    url="https://ci.example.com/runs/42",
)


def outbox(**more: Any) -> Outbox:
    known = Outbox(now=datetime.now(UTC), proxies=ProxyRules(), within_s=5.0)
    return replace(known, **more)


def deliver(line: str, notice: Notice = NOTICE, **more: Any) -> Delivery:
    """Send one notice to one address, and say what became of it."""
    (found,) = send_all(notice, (Address.parse(line, 1),), outbox(**more))
    return found
