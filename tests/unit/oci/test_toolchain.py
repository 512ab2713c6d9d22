from collections.abc import Mapping

import pytest
from hypothesis import given

from polyarch.oci.platform import Platform
from polyarch.oci.toolchain import IMAGE_PLACEHOLDERS, PLATFORM_PLACEHOLDERS, names_of
from tests.support.strategies import platforms


def names(platform: str) -> Mapping[str, str | None]:
    return names_of(Platform.parse(platform))


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux/amd64", ("x86_64-linux-musl", "baseline", "x86_64-unknown-linux-musl",
         "amd64", "x86_64-linux-gnu", "x86_64")),
        ("linux/arm64", ("aarch64-linux-musl", "baseline", "aarch64-unknown-linux-musl",
         "arm64", "aarch64-linux-gnu", "aarch64")),
        ("linux/arm/v7", ("arm-linux-musleabihf", "baseline", "armv7-unknown-linux-musleabihf",
         "armhf", "arm-linux-gnueabihf", "armv7l")),
        ("linux/arm/v6", ("arm-linux-musleabihf", "arm1176jzf_s",
         "arm-unknown-linux-musleabihf", "armel", "arm-linux-gnueabi", "armv6l")),
        ("linux/386", ("x86-linux-musl", "baseline", "i686-unknown-linux-musl", "i386",
         "i686-linux-gnu", "i686")),
        ("linux/ppc64le", ("powerpc64le-linux-musl", "baseline",
         "powerpc64le-unknown-linux-musl", "ppc64el", "powerpc64le-linux-gnu", "ppc64le")),
        ("linux/s390x", ("s390x-linux-musl", "baseline", "s390x-unknown-linux-musl", "s390x",
         "s390x-linux-gnu", "s390x")),
        ("linux/riscv64", ("riscv64-linux-musl", "baseline", "riscv64gc-unknown-linux-musl",
         "riscv64", "riscv64-linux-gnu", "riscv64")),
    ],
)  # fmt: skip
def test_what_toolchains_call_a_platform(platform, expected):
    found = names(platform)
    keys = ("zig", "zig-cpu", "rust", "debian", "gnu", "uname")
    assert tuple(found[key] for key in keys) == expected


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux/arm/v5", {"goarm": "5"}),
        ("linux/arm/v6", {"goarm": "6"}),
        ("linux/arm", {"goarm": "7", "variant": "v7"}),
        ("linux/arm/v8", {"goarm": "7"}),
        ("linux/386", {"go386": "sse2", "goarm": ""}),
        ("linux/amd64", {"goamd64": "v1", "goarm": "", "goarm64": ""}),
        ("linux/amd64/v3", {"goamd64": "v3", "zig-cpu": "x86_64_v3"}),
        ("linux/arm64", {"goarm64": "v8.0", "variant": ""}),
        ("linux/arm64/v9", {"goarm64": "v9.0", "zig": "aarch64-linux-musl"}),
        ("linux/386", {"multiarch": "i386-linux-gnu"}),
        ("linux/amd64", {"goreleaser": "linux_amd64_v1", "rpm": "x86_64", "node": "x64"}),
        ("linux/arm64", {"goreleaser": "linux_arm64_v8.0", "dotnet": "linux-arm64", "exe": ""}),
        ("linux/arm/v7", {"goreleaser": "linux_arm_7", "alpine": "armv7", "word": "armv7"}),
        ("linux/386", {"goreleaser": "linux_386_sse2", "alpine": "x86", "node": "ia32"}),
        ("linux/ppc64le", {"goreleaser": "linux_ppc64le_power8", "goppc64": "power8"}),
        ("linux/riscv64", {"goreleaser": "linux_riscv64_rva20u64", "goriscv64": "rva20u64"}),
        ("linux/s390x", {"goreleaser": "linux_s390x", "rpm": "s390x", "dotnet": "linux-s390x"}),
        ("linux/arm/v5", {"alpine": None, "dotnet": None, "rpm": "armv5tel"}),
        ("windows/amd64", {"exe": ".exe", "rpm": None, "goreleaser": "windows_amd64_v1"}),
        ("windows/amd64", {"goos": "windows", "zig": "x86_64-windows-gnu", "debian": None}),
        ("wasip1/wasm", {"goos": "wasip1", "goarch": "wasm", "rust": "wasm32-wasip1"}),
        ("darwin/arm64", {"goos": "darwin", "goarch": "arm64", "zig": None}),
    ],
)
def test_single_names(platform, expected):
    found = names(platform)
    assert {key: found[key] for key in expected} == expected


def test_the_universal_names_of_a_platform():
    found = names("linux/arm/v7")
    assert [found[key] for key in ("platform", "slug", "os", "arch", "variant")] == [
        "linux/arm/v7",
        "linux-arm-v7",
        "linux",
        "arm",
        "v7",
    ]


@given(platforms)
def test_every_platform_has_every_key_and_go_always_answers(platform):
    found = names_of(platform)
    assert tuple(found) == PLATFORM_PLACEHOLDERS
    assert set(found) < set(IMAGE_PLACEHOLDERS)
    assert all(found[key] is not None for key in found if key.startswith("go"))
