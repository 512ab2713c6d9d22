"""Layers that nobody honest makes, as streams of bytes: each small, each harmful to believe."""

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.support.elf_files import elf
from tests.support.made_image import Item, file, hard, link, tar_of

MEBIBYTE = 1 << 20


def header(name: str, *, size: int = 0, kind: bytes = b"0", target: str = "") -> bytes:
    """One block, right in its sum whatever else is in it."""
    block = bytearray(512)
    block[: len(name[:100])] = name[:100].encode()
    block[100:108] = b"0000755\0"
    block[124:136] = f"{size:011o}\0".encode() if size < 8**11 else b"\x80" + size.to_bytes(11)
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(target[:100])] = target[:100].encode()
    block[257:263] = b"ustar\0"
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def zeros(size: int) -> bytes:
    """A gzip of one file of zeros, made in members of 64 MiB."""
    part = 64 * MEBIBYTE
    return gzip.compress(header("zeros", size=size)) + gzip.compress(bytes(part)) * (size // part)


def zstd_zeros(size: int) -> bytes:
    """The same in zstd, which packs it thirty times smaller: a gigabyte in some kilobytes."""
    from backports import zstd

    part = 64 * MEBIBYTE
    return zstd.compress(header("zeros", size=size)) + zstd.compress(bytes(part)) * (size // part)


def packed(blocks: Iterator[bytes]) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([*map(packer.compress, blocks), packer.flush()])


def many_entries(count: int) -> bytes:
    return packed(header(f"d{i % 1000}/f{i}") for i in range(count))


def many_folders(count: int) -> bytes:
    """Each entry makes two hundred folders that are only named."""
    return packed(header(f"{i}/" + "/".join("x" * 40)) for i in range(count))


def many_programs(count: int) -> bytes:
    """Programs that each name five hundred libraries."""
    names = tuple(f"lib{i}{'x' * 30}.so" for i in range(500))
    data = elf("amd64", needed=names, interpreter="/x")
    padding = bytes(-len(data) % 512)
    return packed(header(f"p{i}", size=len(data)) + data + padding for i in range(count))


def many_extensions(count: int) -> bytes:
    """Headers that say something of an entry that never comes."""
    record = b"20 comment=xxxxxxxx\n".ljust(512, b"\0")
    return packed(header("x", size=20, kind=b"x") + record for _ in range(count))


def link_towers(count: int) -> bytes:
    """Links through which each entry lies deeper than the one before."""

    def blocks() -> Iterator[bytes]:
        yield header("l0", kind=b"2", target="/")
        for i in range(count):
            yield header(f"l{i}/{'a/' * 30}d", kind=b"5")
            yield header(f"l{i + 1}", kind=b"2", target=f"l{i}/{'a/' * 30}d")
            yield header(f"l{i + 1}/f")

    return packed(blocks())


def deep(depth: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("a/" * depth + "f"))
    return gzip.compress(buffer.getvalue())


def of(*items: Item) -> bytes:
    return gzip.compress(tar_of(items), mtime=0)


def of_blocks(*blocks: bytes) -> bytes:
    return gzip.compress(b"".join(blocks) + bytes(1024), mtime=0)


def truncated() -> bytes:
    return of(file("app", elf("amd64", padding=100_000)))[:-200]


def flipped() -> bytes:
    data = bytearray(of(file("app", bytes(range(256)) * 4000)))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def broken_headers() -> bytes:
    """Programs whose headers say what cannot be."""
    good = elf("amd64", interpreter="/lib/ld", needed=("libc.so.6",), cpu=10)
    items = [file(f"cut/{size}", good[:size]) for size in range(0, len(good), 7)]
    for at in range(4, 64):
        for value in (0, 1, 0x7F, 0xFF):
            data = bytearray(good)
            data[at] = value
            items.append(file(f"set/{at}-{value}", bytes(data)))
    huge = bytearray(good)
    huge[32:40] = struct.pack("<Q", 1 << 63)
    huge[56:58] = b"\xff\xff"
    items.append(file("huge", bytes(huge)))
    return of(*items)


SMALL: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "a name that climbs": (lambda: of(file("../../etc/passwd", b"x")), "layer-escape"),
    "a name that climbs later": (lambda: of(file("a/../../b", b"x")), "layer-escape"),
    "a hard link that climbs": (lambda: of(hard("a", "../../etc/passwd")), "layer-escape"),
    "a hard link to nothing": (lambda: of(hard("a", "etc/passwd")), "link-broken"),
    "a device": (lambda: of(Item(name="app/disk", kind=b"4")), "device-node"),
    "a hundred thousand folders deep": (lambda: deep(100_000), "layer-name"),
    "a thousand folders deep": (lambda: deep(1000), "layer-name"),
    "gzip that is cut off": (truncated, "layer-damaged"),
    "gzip that is damaged": (flipped, "layer-damaged"),
    "no archive": (lambda: gzip.compress(b"hello" * 1000), "layer-damaged"),
    "an archive that is cut off": (
        lambda: gzip.compress(header("a", size=100_000) + bytes(512)),
        "layer-damaged",
    ),
    "a size beyond all bounds": (
        lambda: of_blocks(header("a", size=1 << 61)),
        "layer-damaged",
    ),
    "an extension of a terabyte": (
        lambda: of_blocks(header("a", size=1 << 40, kind=b"x")),
        "layer-damaged",
    ),
    "xz": (lambda: b"\xfd7zXZ\0" + bytes(100), "layer-damaged"),
    "broken headers": (broken_headers, "program-damaged"),
    "garbage behind": (lambda: of(file("a", b"x")) + b"garbage", "layer-damaged"),
}
"""What each is, how it is made, and the finding that tells it."""

HARMLESS: Mapping[str, Callable[[], bytes]] = {
    "links in a circle": lambda: of(link("a", "b"), link("b", "a"), file("a/f", b"x")),
    "a link that leads out": lambda: of(link("a", "/../../.."), file("a/etc/f", b"x")),
    "a link to itself": lambda: of(link("a", "a/a"), file("a/b", b"x")),
    "an absolute name": lambda: of(file("/etc/passwd", b"x")),
    "a folder in the place of a file": lambda: of(file("a", b"x"), file("a/b", b"x")),
    "empty": lambda: b"",
    "zeros behind": lambda: of(file("a", b"x")) + bytes(1000),
    "several members": lambda: (
        gzip.compress(tar_of([file("a", b"x")])[:700])
        + gzip.compress(tar_of([file("a", b"x")])[700:])
    ),
}
"""Odd, and taken as a runtime takes it."""


@dataclass(frozen=True, kw_only=True)
class Large:
    """How it is made, and in its short and its long form how large and what is told."""

    make: Callable[[int], bytes]
    short: tuple[int, str]
    long: tuple[int, str]


LARGE: Mapping[str, Large] = {
    name: Large(make=make, short=(short, short_code), long=(long, "layer-bounds"))
    for name, make, short, short_code, long in (
        ("zeros in gzip", zeros, 1 << 30, "layer-grows", 16 << 30),
        ("zeros in zstd", zstd_zeros, 1 << 30, "layer-grows", 8 << 30),
        ("entries", many_entries, 120_000, "layer-bounds", 1_500_000),
        ("folders", many_folders, 5_000, "layer-bounds", 40_000),
        ("programs", many_programs, 1_500, "layer-bounds", 8_000),
        ("extensions", many_extensions, 120_000, "layer-bounds", 1_500_000),
        ("towers of links", link_towers, 500, "layer-bounds", 20_000),
    )
}
