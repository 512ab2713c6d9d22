"""The actions that generated workflows use, each pinned to the commit of a release.

The table ships with polyarch. A workflow that was made before may hold newer releases of the same
major version, brought by a bot or by `--refresh-pins`; those are kept.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An action of GitHub's, `owner/name`, at the commit of a release; `tag` as `v7.0.1`."""

    action: str
    tag: str
    sha: str

    @property
    def major(self) -> int:
        """What says that inputs stay the same."""
        return _version(self.tag).major

    def is_newer_than(self, other: "Pin") -> bool:
        """Whether it is a later release of the same action with the same inputs."""
        same = self.action == other.action and self.major == other.major
        return same and _version(self.tag) > _version(other.tag)


CHECKOUT = "actions/checkout"
UPLOAD = "actions/upload-artifact"
QEMU = "docker/setup-qemu-action"
BUILDX = "docker/setup-buildx-action"

SHIPPED: Mapping[str, Pin] = {
    pin.action: pin
    for pin in (
        Pin(action=CHECKOUT, tag="v7.0.1", sha="3d3c42e5aac5ba805825da76410c181273ba90b1"),
        Pin(action=UPLOAD, tag="v7.0.0", sha="bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),
        Pin(action=QEMU, tag="v4.2.0", sha="96fe6ef7f33517b61c61be40b68a1882f3264fb8"),
        Pin(action=BUILDX, tag="v4.3.0", sha="37fe631027851001ddb9b187196cc803df7f5f0e"),
    )
}
"""Releases as their repositories' tags had them in autumn 2026."""

_TAG = re.compile(r"v([0-9]{1,5}(?:\.[0-9]{1,5}){0,2})")
_SHA = re.compile(r"[0-9a-f]{40}")
_USES = re.compile(
    r"^\s*(?:- )?uses: [\"']?(?P<action>[\w.-]+/[\w.-]+)@(?P<sha>[0-9a-f]{40})[\"']?"
    r"\s+# (?P<tag>v[0-9.]+)\s*$",
    re.MULTILINE | re.ASCII,
)


def is_sha(text: str) -> bool:
    """Whether it is the full id of a commit."""
    return bool(_SHA.fullmatch(text))


def is_release(tag: str) -> bool:
    """Whether a tag names a release: `v7`, `v7.0.1`, and nothing behind it."""
    return bool(_TAG.fullmatch(tag))


def pins_in(workflow: str) -> tuple[Pin, ...]:
    """The pins of a workflow that tell their releases."""
    return tuple(
        Pin(action=found["action"], tag=found["tag"], sha=found["sha"])
        for found in _USES.finditer(workflow)
        if is_release(found["tag"])
    )


def newest(*sources: Iterable[Pin]) -> Mapping[str, Pin]:
    """For each action of the table its newest release of the table's major version."""
    pins = dict(SHIPPED)
    for pin in (pin for source in sources for pin in source):
        if pin.action in pins and pin.is_newer_than(pins[pin.action]):
            pins[pin.action] = pin
    return pins


def _version(tag: str) -> Version:
    try:
        return Version(tag)
    except InvalidVersion:
        return Version("0")
