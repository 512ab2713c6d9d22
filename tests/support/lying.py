"""What a lying and an honest image are in the tables of them, and the roots that both stand on."""

from dataclasses import dataclass
from typing import Any

from tests.support.elf_files import (
    dynamic,
    glibc_loader,
    library,
    musl_loader,
)
from tests.support.made_image import (
    Item,
    Made,
    file,
    link,
    plain,
)

ARM_V5, ARM_V6, ARM_V7, ARM_V8 = 4, 6, 10, 14


@dataclass(frozen=True, kw_only=True)
class Lie:
    """An image and the findings that it must have: code, path and layer (from 1; 0 for none)."""

    name: str
    made: Made
    found: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Honest:
    """An image that must have no finding at all."""

    name: str
    made: Made
    allow: tuple[str, ...] = ()


def glibc(name: str, triple: str = "x86_64-linux-gnu") -> list[Item]:
    """A root with glibc, a shell and `/etc/ld.so.conf` as Debian has it."""
    loader = glibc_loader(name)
    return [
        *(link(each, f"usr/{each}") for each in ("bin", "lib", "lib64", "sbin")),
        file(f"usr/lib/{triple}/libc.so.6", library(name, "libc.so.6", loader.rpartition("/")[2])),
        file(f"usr/lib/{triple}/ld.so", library(name, loader.rpartition("/")[2])),
        link(f"usr{loader}", f"/usr/lib/{triple}/ld.so"),
        file("usr/bin/dash", dynamic(name)),
        link("usr/bin/sh", "dash"),
        file("usr/bin/env", dynamic(name)),
        plain("etc/ld.so.conf", b"include /etc/ld.so.conf.d/*.conf\n"),
        plain("etc/ld.so.conf.d/extra.conf", b"# more\n/opt/extra/lib\n"),
    ]


def musl(name: str) -> list[Item]:
    """A root with musl and BusyBox as Alpine has it."""
    loader = musl_loader(name)
    soname = loader.rpartition("/")[2].replace("ld-musl-", "libc.musl-")
    return [
        file(loader.lstrip("/"), library(name, "libc.so")),
        link(f"lib/{soname}", loader.rpartition("/")[2]),
        file("bin/busybox", dynamic(name, soname, musl=True)),
        link("bin/sh", "/bin/busybox"),
    ]


def one(data: bytes, platform: str = "linux/amd64", **more: Any) -> Made:
    """An image with one program, which is its entrypoint."""
    return Made(layers=[[file("app", data)]], platform=platform, entrypoint=["/app"], **more)


def based(*items: Item, name: str = "amd64", platform: str = "", **more: Any) -> Made:
    """An image of two layers: a root with glibc, and these entries."""
    triples = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
    return Made(
        layers=[glibc(name, triples[name]), list(items)],
        platform=platform or f"linux/{name}",
        **more,
    )
