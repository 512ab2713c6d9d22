"""A content digest.

Source: image-spec v1.1 descriptor.md, "Digests".
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from polyarch.errors import InvalidDigestError

HEX_LENGTH = {"sha256": 64, "sha512": 128}
"""Hexadecimal digits by algorithm: the two that image-spec registers."""

_LOWER_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Digest:
    """An algorithm and its lower-case hexadecimal result; unknown algorithms are refused."""

    algorithm: str
    encoded: str

    def __post_init__(self) -> None:
        length = HEX_LENGTH.get(self.algorithm)
        if length is None:
            raise InvalidDigestError(str(self), f"the algorithm is none of {', '.join(HEX_LENGTH)}")
        if len(self.encoded) != length or not _LOWER_HEX.fullmatch(self.encoded):
            reason = f"{self.algorithm} has {length} lower-case hexadecimal digits"
            raise InvalidDigestError(str(self), reason)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `algorithm:encoded`.

        Raises:
            InvalidDigestError: wrong form, unknown algorithm or wrong length.
        """
        algorithm, colon, encoded = text.partition(":")
        if not colon:
            raise InvalidDigestError(text, "there is no `:`")
        return cls(algorithm=algorithm, encoded=encoded)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Self:
        """The digest of `data`."""
        if algorithm not in HEX_LENGTH:
            raise InvalidDigestError(f"{algorithm}:", "unknown algorithm")
        return cls(algorithm=algorithm, encoded=hashlib.new(algorithm, data).hexdigest())

    @property
    def short(self) -> str:
        """Twelve digits for tables; never for comparing."""
        return self.encoded[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"
