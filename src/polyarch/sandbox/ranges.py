"""Byte ranges, as uploads and downloads write them.

Sources: distribution-spec v1.1 "Pushing a blob in chunks" (`Content-Range: 0-99`, no unit);
RFC 9110 section 14 (`Range: bytes=0-99`).
"""

import re
from dataclasses import dataclass
from typing import Self

_CHUNK = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_REQUESTED = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """From `first` to `last`, both included; empty when `last` is before `first`."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the Content-Range of an upload; None when it is not one."""
        match = _CHUNK.fullmatch(text)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2])
        return cls(first=first, last=last) if first <= last else None

    @property
    def length(self) -> int:
        """In bytes."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def requested_range(header: str, size: int) -> ByteRange | None:
    """What a `Range` header asks of a blob of `size` bytes.

    None means the whole: no range, several ranges, another unit or nonsense, all of which a server
    may ignore (RFC 9110 section 14.2). An empty range means that no byte of it exists, or that it
    ends before it begins: 416.
    """
    match = _REQUESTED.fullmatch(header.strip())
    if match is None:
        return None
    first_text, last_text, suffix = match.groups()
    if suffix is not None:
        return ByteRange(first=max(0, size - int(suffix)), last=size - 1)
    first, last = int(first_text), int(last_text) if last_text else size - 1
    return ByteRange(first=min(first, size), last=min(last, size - 1))
