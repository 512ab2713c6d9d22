"""Which emulators this machine's kernel starts for programs of other platforms.

Source: Linux Documentation/admin-guide/binfmt-misc.rst; the names are those of QEMU's user mode.
"""

from pathlib import Path

from polyarch.oci.platform import Platform, unique

BINFMT = Path("/proc/sys/fs/binfmt_misc")

_PLATFORMS = {
    "x86_64": "linux/amd64",
    "i386": "linux/386",
    "aarch64": "linux/arm64",
    "arm": "linux/arm/v7",
    "ppc64le": "linux/ppc64le",
    "ppc64": "linux/ppc64",
    "s390x": "linux/s390x",
    "riscv64": "linux/riscv64",
    "loongarch64": "linux/loong64",
    "mips": "linux/mips",
    "mipsel": "linux/mipsle",
    "mips64": "linux/mips64",
    "mips64el": "linux/mips64le",
}


def emulated_platforms(folder: Path = BINFMT) -> tuple[Platform, ...]:
    """The platforms with an enabled QEMU entry; none where binfmt_misc is absent."""
    found: list[Platform] = []
    for name, platform in _PLATFORMS.items():
        try:
            entry = (folder / f"qemu-{name}").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if entry.startswith("enabled"):
            found.append(Platform.parse(platform))
            if name == "arm":
                found += [Platform.parse("linux/arm/v6"), Platform.parse("linux/arm/v5")]
    return unique(found)
