"""Conditions of a write: what has to stand there for it to happen.

RFC 9110, section 13.1. No registry has to honour them (opencontainers/distribution-spec#250), and
most ignore them: a condition closes a gap where it can, and nothing may depend on it.
"""

from dataclasses import dataclass
from typing import Self

from polyarch.oci.digest import Digest
from polyarch.registry.transport import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Header fields that state it; none for no condition."""

    headers: Fields = ()

    @classmethod
    def found(cls, digest: Digest | None) -> Self:
        """Write only if this stands there still, or nothing where it is None.

        Registries that answer with an ETag use the quoted digest.
        """
        if digest is None:
            return cls(headers=(("If-None-Match", "*"),))
        return cls(headers=(("If-Match", f'"{digest}"'),))


ANYWAY = Condition()
"""Write whatever stands there."""
