"""How much of an image is taken in before it is told that it is too much.

A hostile layer of a megabyte can hold a million entries or unpack to terabytes. Real images stay
far below these bounds; whoever checks stranger ones gives others.
"""

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """For one image.

    `entries` counts what its layers bring, folders that are only named in paths among them;
    `memory_bytes` is an estimate of what the names of them take; `name` is in characters, `depth`
    in folders. A layer may unpack to `unpacked_bytes`, or to `growth` times its size where that is
    more. Of `findings` that are alike no more are told one by one.
    """

    entries: int = 1_000_000
    memory_bytes: int = 400 * MEBIBYTE
    name: int = 4096
    depth: int = 255
    unpacked_bytes: int = 4096 * MEBIBYTE
    growth: int = 250
    findings: int = 20

    def unpacked(self, size: int) -> int:
        """To how many bytes a layer of `size` bytes may unpack."""
        return max(self.unpacked_bytes, size * self.growth)


DEFAULT_BOUNDS = Bounds()
