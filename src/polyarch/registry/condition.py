"""Conditions of a write: what has to stand there for it to happen.

RFC 9110, section 13.1. No registry has to honour them (opencontainers/distribution-spec#250), and
most ignore them: a condition closes a gap where it can, and nothing may depend on it. What may be
minutes old, because a write had to wait, is looked at again before it is sent once more.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Self

from polyarch.oci.digest import Digest
from polyarch.registry.transport import Fields

Holds = Callable[[], Awaitable[bool]]
"""Whether what is to be replaced stands there still; may raise RegistryError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Header fields that state it; none for no condition.

    `holds` is asked whenever the write has to wait, and before it is repeated: by then somebody
    else may have written.
    """

    headers: Fields = ()
    holds: Holds | None = field(default=None, compare=False)

    @classmethod
    def found(cls, digest: Digest | None, holds: Holds | None = None) -> Self:
        """Write only if this stands there still, or nothing where it is None.

        Registries that answer with an ETag use the quoted digest.
        """
        if digest is None:
            return cls(headers=(("If-None-Match", "*"),), holds=holds)
        return cls(headers=(("If-Match", f'"{digest}"'),), holds=holds)

    @property
    def untold(self) -> Self:
        """The same for a registry that means something else by the headers."""
        return replace(self, headers=())


ANYWAY = Condition()
"""Write whatever stands there."""
