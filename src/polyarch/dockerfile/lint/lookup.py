"""What rules ask of whoever can look base images up: a registry, a cache, a layout.

This room knows none of them; without a look-up the rules that need one say nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from polyarch.oci.platform import Platform

_NOTHING: Mapping[Platform, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """What is there under a reference.

    `offered` are the platforms that it has; `is_index` is false for the manifest of one platform.
    `flaws` says for a wanted platform why what it has is not real: a config of another machine, a
    program that is none of its own. `index` is the reference with the digest of the index that the
    same tag has, where the reference holds the digest of one platform. `others` are references
    that have every platform asked for: newer tags, siblings of the same project, best first.
    """

    offered: tuple[Platform, ...]
    is_index: bool = True
    flaws: Mapping[Platform, str] = field(default_factory=lambda: _NOTHING)
    index: str = ""
    others: tuple[str, ...] = ()

    def serves(self, wanted: Platform) -> bool:
        """Whether it has something that runs on `wanted`: arm/v6 also serves arm/v7."""
        return any(one.satisfies(wanted) for one in self.offered)


class BaseLookup(Protocol):
    """Looks a reference up."""

    def __call__(self, reference: str, platforms: tuple[Platform, ...]) -> BaseImage | None:
        """What `reference` (as in FROM, expanded) has; None where nobody knows.

        `platforms` are those that are needed of it. It raises nothing: who cannot be asked knows
        nothing.
        """
        ...
