"""Which machine of the CI builds a platform: by the longest beginning of its name that is listed.

Source for labels: docs.github.com, "GitHub-hosted runners reference". arm64 machines run 32-bit arm
as well, amd64 machines run 386; there is no label `ubuntu-latest-arm`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.oci.platform import Platform

DEFAULT = "default"
EMULATE = "emulate"

GITHUB: Mapping[str, str] = {
    DEFAULT: "ubuntu-24.04",
    "linux/amd64": "ubuntu-24.04",
    "linux/386": "ubuntu-24.04",
    "linux/arm": "ubuntu-24.04-arm",
    "linux/arm64": "ubuntu-24.04-arm",
}
GITLAB: Mapping[str, str] = {
    DEFAULT: "saas-linux-small-amd64",
    "linux/amd64": "saas-linux-small-amd64",
    "linux/386": "saas-linux-small-amd64",
    "linux/arm": "saas-linux-small-arm64",
    "linux/arm64": "saas-linux-small-arm64",
}
"""Hosted machines by the beginning of a platform; every other platform is emulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The labels of a machine, all of which it must have; `emulated`: it needs QEMU.

    `reason` says which key chose it.
    """

    labels: tuple[str, ...]
    emulated: bool
    reason: str


def runner_of(platform: Platform, chosen: Mapping[str, str], hosted: Mapping[str, str]) -> Runner:
    """The machine for a platform: what the config chose, else what the CI offers."""
    for table, owner in ((chosen, "[runners]"), (hosted, "offered by the CI")):
        key = _longest(str(platform), table)
        if key and table[key] != EMULATE:
            return Runner(labels=labels_of(table[key]), emulated=False, reason=f"{owner}: {key}")
        if key:
            return _emulated(chosen, hosted, f"{owner}: {key} says {EMULATE}")
    return _emulated(chosen, hosted, "no machine of its own")


def default_runner(chosen: Mapping[str, str], hosted: Mapping[str, str]) -> tuple[str, ...]:
    """The labels of the machine for jobs that build nothing of their own."""
    label = chosen.get(DEFAULT, hosted[DEFAULT])
    return labels_of(hosted[DEFAULT] if label == EMULATE else label)


def labels_of(text: str) -> tuple[str, ...]:
    """Several labels stand behind each other with commas."""
    return tuple(each.strip() for each in text.split(","))


def _emulated(chosen: Mapping[str, str], hosted: Mapping[str, str], reason: str) -> Runner:
    return Runner(labels=default_runner(chosen, hosted), emulated=True, reason=reason)


def _longest(platform: str, table: Mapping[str, str]) -> str | None:
    """The longest key that is the platform or its beginning, by whole words."""
    keys = (key for key in table if key != DEFAULT and f"{platform}/".startswith(f"{key}/"))
    return max(keys, key=len, default=None)
