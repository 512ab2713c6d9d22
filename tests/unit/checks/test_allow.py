import time

import pytest

from polyarch.checks.allow import NONE, Allowances
from polyarch.checks.foreign_names import names_another
from polyarch.oci.platform import Platform

AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")
ARM = Platform.parse("arm/v7")


@pytest.mark.parametrize(
    ("name", "platform", "another"),
    [
        ("aarch64-linux-gnu", AMD64, True),
        ("aarch64-linux-gnu", ARM64, False),
        ("arm-linux-gnueabihf", ARM, False),
        ("armv7-unknown-linux-musleabihf", ARM, False),
        ("armv7-unknown-linux-musleabihf", ARM64, True),
        ("x86_64-apple-darwin", AMD64, True),
        ("x86_64-w64-mingw32", AMD64, True),
        ("arm-none-eabi", ARM, True),
        ("riscv64-unknown-elf", AMD64, True),
        ("linux-x64", AMD64, False),
        ("linux-x64", ARM64, True),
        ("darwin-arm64", ARM64, True),
        ("linux_amd64", ARM64, True),
        ("swc-linux-arm64-gnu", ARM64, False),
        ("swc-linux-arm64-musl", AMD64, True),
        ("sharp-linuxmusl-x64", AMD64, False),
        ("i386-linux-gnu", AMD64, True),
        ("wasm32-unknown-unknown", AMD64, True),
        ("app", AMD64, False),
        ("arm64", AMD64, False),
        ("linux", AMD64, False),
        ("_ssl.cpython-312-aarch64-linux-gnu.so", AMD64, False),
        ("a-" * 5000, AMD64, False),
    ],
)
def test_names_of_machines(name, platform, another):
    assert names_another(name, platform) is another


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("/opt/x", "/opt/x/a/b", True),
        ("/opt/x", "/srv/opt/x/a", False),
        ("x", "/srv/opt/x/a", True),
        ("*.fw", "/srv/a.fw", True),
        ("*.fw", "/srv/a.fw.gz", False),
        ("/opt/*/fw", "/opt/a/fw", True),
        ("/opt/*/fw", "/opt/a/b/fw", False),
        ("/opt/**/fw", "/opt/a/b/fw", True),
        ("/opt/**/fw", "/opt/fw", True),
        ("/opt/firmware/**", "/opt/firmware/a/b", True),
        ("a?c", "/abc", True),
        ("a+c", "/aac", False),
        ("", "/x", False),
    ],
)
def test_patterns_of_the_user(pattern, path, covers):
    assert Allowances.of([pattern]).covers(path, AMD64) is covers


@pytest.mark.parametrize(
    "path",
    [
        "/lib/firmware/x",
        "/usr/bin/qemu-arm-static",
        "/usr/bin/qemu-aarch64",
        "/usr/lib/wine/i386-unix/ntdll.so",
        "/boot/vmlinuz",
        "/srv/app.exe",
        "/usr/lib32/libc.so.6",
        "/usr/lib/x86_64-linux-gnu/valgrind/memcheck-x86-linux",
    ],
)
def test_what_honest_images_hold(path):
    assert NONE.covers(path, AMD64)


@pytest.mark.parametrize(
    "path", ["/usr/bin/app", "/app", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/srv/lib64/x.so"]
)
def test_what_is_judged(path):
    assert not NONE.covers(path, AMD64)


def test_hostile_names_cost_no_time():
    started = time.monotonic()
    for part in ("a-", "_", "linux-", "node_modules/prebuilds-", "qemu-", "/"):
        NONE.covers("/" + part * (4000 // len(part)), AMD64)
    assert time.monotonic() - started < 1
