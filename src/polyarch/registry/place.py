"""How far an upload came, as registries tell it.

Sources: distribution-spec v1.1 "Pushing a blob in chunks"; distribution 2.8 for what is said of an
upload that is empty.
"""

import re
from dataclasses import dataclass

from polyarch.registry.body import Body
from polyarch.registry.call import Answer

_RANGE = re.compile(r"(?:bytes[ =])?\s*0-(\d{1,18})", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an upload goes on, and its next byte, as the registry has it.

    `chunk_min` is the shortest chunk that it wants, the last one excepted.
    """

    location: str
    next: int = 0
    chunk_min: int = 0


def told_by(answer: Answer, *, expected: int, of_chunk: bool = False) -> int | None:
    """The byte that the registry waits for; None where it does not tell.

    `0-0` is said of an upload of one byte and of an empty one alike: what is `expected` decides.
    `of_chunk`: the answer is to a chunk, and some tell the number of bytes in place of the last.
    """
    match = _RANGE.fullmatch(answer.headers.get("Range").strip())
    if match is None:
        return None
    last = int(match[1])
    if last == 0:
        return 1 if expected == 1 else 0
    return last if of_chunk and last == expected else last + 1


def chunk_min_of(answer: Answer) -> int:
    """The shortest chunk that the registry wants, 0 where it does not say."""
    text = answer.headers.get("OCI-Chunk-Min-Length")
    return int(text) if _LENGTH.fullmatch(text) else 0


def content_range(first: int, part: Body) -> tuple[str, str]:
    """The header that says where a chunk belongs: no unit, both ends included."""
    return ("Content-Range", f"{first}-{first + part.size - 1}")
