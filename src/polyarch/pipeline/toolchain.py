"""What builds with: the versions of tools as they are now, and what of them is not as it was. Pure.

A tool that was not asked (a run that builds nothing starts no engine) is not told to be gone.
"""

from collections.abc import Iterable, Iterator, Mapping

from polyarch._version import __version__
from polyarch.engines.base import EngineInfo
from polyarch.host.emulation import Emulator, Machine
from polyarch.oci.platform import Platform

POLYARCH, QEMU = "polyarch", "qemu"

_OF_ENGINE = ("docker", "buildx", "buildkit")
"""Programs of which an engine says the version beside its own."""

Versions = Mapping[str, str]
"""By the name of a tool; `buildkit on NODE` is that of a builder."""


def versions_of(
    engines: Iterable[EngineInfo], nodes: Mapping[str, EngineInfo], emulators: Iterable[Emulator]
) -> dict[str, str]:
    """The versions that are known of everything that builds here."""
    found = {POLYARCH: __version__}
    for info in engines:
        if info.version and info.usable and info.name != "direct":
            found[info.name] = info.version
        found |= {name: info.details[name] for name in _OF_ENGINE if info.details.get(name)}
    for name, info in nodes.items():
        if version := info.details.get("buildkit") or info.details.get("docker"):
            found[f"buildkit on {name}"] = version
    qemu = sorted({each.version for each in emulators if each.version})
    if qemu:
        found[QEMU] = ", ".join(qemu)
    return dict(sorted(found.items()))


def emulators_of(machine: Machine, platforms: Iterable[Platform]) -> tuple[Emulator, ...]:
    """What runs the programs of these platforms where the machine itself does not."""
    found = (machine.emulator_for(platform) for platform in dict.fromkeys(platforms))
    return tuple(each for each in found if each)


def changes(before: Versions, now: Versions, since: str) -> Iterator[str]:
    """A line for each tool that has another version; `since` says what it is compared with."""
    for name in sorted(before.keys() & now.keys()):
        if before[name] != now[name]:
            yield f"{name} is {now[name]}, and was {before[name]} {since}"
