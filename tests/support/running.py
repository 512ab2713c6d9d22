"""Small programs of any platform, and images that run them."""

import functools
import gzip
import hashlib
import io
import json
import re
import struct
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyarch.content.memory import MemoryStore
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from tests.lab.cache import keyed, make_once, work_folder
from tests.lab.debian import own_mirror, separate_apt, unpack
from tests.lab.machines import MACHINES

TARGETS = {
    "linux/amd64": ("x86_64-linux-musl", "baseline"),
    "linux/arm64": ("aarch64-linux-musl", "baseline"),
    "linux/arm/v7": ("arm-linux-musleabihf", "cortex_a7"),
    "linux/arm/v6": ("arm-linux-musleabihf", "arm1176jzf_s"),
    "linux/386": ("x86-linux-musl", "baseline"),
    "linux/ppc64le": ("powerpc64le-linux-musl", "baseline"),
    "linux/s390x": ("s390x-linux-musl", "baseline"),
    "linux/riscv64": ("riscv64-linux-musl", "baseline"),
}

PROGRAM = Path(__file__).with_name("actor.c")
"""A program that does what its first word says."""

LIBRARY = "int answer(void) { return 42; }\n"
LINKED = """
#include <stdio.h>
int answer(void);
int main(void) { printf("%d\\n", answer()); return 0; }
"""


@functools.cache
def program(platform: str) -> bytes:
    """A static program that does what its first word says, for a platform."""
    return compiled(platform, PROGRAM.read_text(), "-static")


@functools.cache
def compiled(platform: str, source: str, *options: str) -> bytes:
    """A program of one C file; kept beside what else the lab made."""
    target, processor = TARGETS[platform]
    place = keyed("zig-program", target, processor, source, options)
    return (make_once(place, _compiling(target, processor, source, options)) / "made").read_bytes()


def _compiling(
    target: str, processor: str, source: str, options: Sequence[str]
) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "made.c").write_text(source)
        (folder / "library.c").write_text(LIBRARY)
        zig = [sys.executable, "-m", "ziglang", "cc", "-target", target, f"-mcpu={processor}"]
        zig += ["-Os", "-fno-sanitize=all", "-s"]
        if "-lanswer" in options:
            library = ["-shared", "-fPIC", "-Wl,-soname,libanswer.so", "library.c"]
            _run([*zig, *library, "-o", "libanswer.so"], folder)
        _run([*zig, "made.c", *options, "-o", "made"], folder)

    return make


def _run(words: Sequence[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A program that needs a loader and a library of its own, and both of them."""

    program: bytes
    library: bytes
    loader: bytes
    loader_path: str


@functools.cache
def linked(platform: str) -> Linked:
    """One that is linked with musl; the loader is Debian's.

    Raises:
        Missing: This machine names no Debian mirror.
    """
    target, processor = TARGETS[platform]
    options = ("-dynamic", "-L.", "-lanswer")
    place = keyed("zig-program", target, processor, LINKED, options)
    folder = make_once(place, _compiling(target, processor, LINKED, options))
    made = (folder / "made").read_bytes()
    found = re.search(rb"/lib/ld-musl-[\w-]+\.so\.1", made)
    assert found
    machine = MACHINES[platform]
    return Linked(
        program=made,
        library=(folder / "libanswer.so").read_bytes(),
        loader=_musl(machine.debian, machine.suite),
        loader_path=found[0].decode(),
    )


def _musl(architecture: str, suite: str) -> bytes:
    def make(folder: Path) -> None:
        with (
            separate_apt([own_mirror().line(suite)], [architecture]) as apt,
            work_folder() as work,
        ):
            unpack(apt.download([f"musl:{architecture}"], work), work / "musl")
            [found] = (work / "musl").glob("**/libc.so")
            (folder / "libc.so").write_bytes(found.read_bytes())

    return (make_once(keyed("musl", architecture, suite), make) / "libc.so").read_bytes()


def elf(machine: int, *, bits: int = 64, kind: int = 2, loader: str = "") -> bytes:
    """The headers of a little-endian program that nobody can run, of an `e_machine`."""
    wide = bits == 64
    start, name = (64, 120) if wide else (52, 84)
    text = loader.encode() + b"\0"
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    size, form = (56, "<HHIQQQIHHHHHH") if wide else (32, "<HHIIIIIHHHHHH")
    count = 1 if loader else 0
    head = struct.pack(form, kind, machine, 1, 0, start, 0, 0, start, size, count, 0, 0, 0)
    place = (3, 4, name, 0, 0, len(text), len(text), 1) if wide else (3, name, 0, 0, len(text))
    segment = struct.pack("<IIQQQQQQ", *place) if wide else struct.pack("<IIIII12x", *place)
    return ident + head + (segment + text if loader else b"")


@dataclass(frozen=True, kw_only=True)
class File:
    """One member of a layer; a folder where its name ends with `/`."""

    name: str
    content: bytes = b""
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    link: str = ""
    kind: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Runnable:
    """An image in memory."""

    store: MemoryStore
    manifest: Descriptor
    platform: Platform


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What an image is made of; `config` as in the image's config.

    `says` is another platform that its config tells, `contents` other digests of its layers'
    contents.
    """

    platform: str = "linux/amd64"
    layers: Sequence[Sequence[File]] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    says: str = ""
    contents: Sequence[bytes] = ()


def layer(files: Sequence[File]) -> bytes:
    """An uncompressed tar of the files in their order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.name.rstrip("/"))
            folder = tarfile.DIRTYPE if file.name.endswith("/") else tarfile.REGTYPE
            entry.type = file.kind or (tarfile.SYMTYPE if file.link else folder)
            entry.mode, entry.linkname = file.mode, file.link
            entry.uid, entry.gid, entry.size = file.uid, file.gid, len(file.content)
            tar.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def image(recipe: Recipe) -> Runnable:
    """Make an image in memory."""
    return image_of(recipe, [layer(files) for files in recipe.layers])


def image_of(recipe: Recipe, tars: Sequence[bytes]) -> Runnable:
    """Make an image of layers that are at hand."""
    store = MemoryStore()
    layers = [store.add(mediatype.OCI_LAYER_GZIP, gzip.compress(tar, 1, mtime=0)) for tar in tars]
    says = Platform.parse(recipe.says or recipe.platform)
    config = {
        "architecture": says.architecture,
        "os": says.os,
        **({"variant": says.variant} if says.variant else {}),
        "config": {"Entrypoint": ["/program"], **recipe.config},
        "rootfs": {
            "type": "layers",
            "diff_ids": [
                f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in recipe.contents or tars
            ],
        },
    }
    raw = json.dumps(config).encode()
    manifest = ImageManifest.build(config=store.add(mediatype.OCI_CONFIG, raw), layers=layers)
    store.add(manifest.descriptor.media_type, manifest.raw)
    platform = Platform.parse(recipe.platform)
    descriptor = replace(manifest.descriptor, platform=platform)
    return Runnable(store=store, manifest=descriptor, platform=platform)


def with_program(
    platform: str = "linux/amd64", *more: File, of: str = "", **config: object
) -> Runnable:
    """An image with `/program` of its platform, or `of` another, and more files."""
    files = [File(name="program", content=program(of or platform)), *more]
    return image(Recipe(platform=platform, layers=[files], config=config))


def dynamic(platform: str, *, without: str = "") -> Runnable:
    """An image of a program that is linked with musl, without its `library` or its `loader`."""
    parts = linked(platform)
    files = [File(name="program", content=parts.program)]
    if without != "loader":
        files.append(File(name=parts.loader_path.lstrip("/"), content=parts.loader))
    if without != "library":
        files.append(File(name="lib/libanswer.so", content=parts.library))
    return image(Recipe(platform=platform, layers=[files]))


def processes_with(word: str) -> list[str]:
    """The command lines of this machine's processes that have the word in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in words:
            found.append(b" ".join(words).decode("utf-8", "replace"))
    return found
