"""What the caller of a build gives beside the Dockerfile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Build arguments, and the names of contexts, which stand before stages and images.

    `builder` is who else builds the file than BuildKit does, as somebody calls it; empty for none.
    """

    build_args: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    contexts: tuple[str, ...] = ()
    builder: str = ""


NOTHING_GIVEN = Given()
