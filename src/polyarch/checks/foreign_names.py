"""Names that say for which machine something is: `aarch64-linux-gnu`, `linux-x64`, `darwin_arm64`.

Compilers for other machines, Debian's folders of other architectures, targets of Rust and parts of
Node packages lie under such names, side by side. A name is taken apart at `-`, `_` and dots; it
counts where it has both a processor and a system in it. No expression with nested repetition:
names are somebody else's choice.
"""

import re
from collections.abc import Mapping

from polyarch.oci.platform import ARCHITECTURE_ALIASES, Platform

_PROCESSORS: Mapping[str, str] = {
    **{alias: name for alias, (name, _) in ARCHITECTURE_ALIASES.items()},
    **{name: name for name in ("amd64", "arm64", "arm", "386", "ppc64le", "ppc64", "s390x")},
    **{name: name for name in ("riscv64", "loong64", "mips", "mipsle", "mips64", "mips64le")},
    **dict.fromkeys(("ia32",), "386"),
    **dict.fromkeys(("powerpc", "powerpcspe", "ppc", "powerpc64"), "ppc"),
    **dict.fromkeys(("riscv32", "s390", "m68k", "alpha", "hppa", "sh4", "ia64", "avr"), "other"),
    **dict.fromkeys(("wasm32", "wasm64", "wasm"), "wasm"),
    **dict.fromkeys(
        ("bpfeb", "bpfel", "bpf", "nvptx64", "arm64ec", "universal", "universal2"), "other"
    ),
}
_BEGINNINGS = (
    ("armv", "arm"), ("armeb", "other"), ("thumb", "arm"), ("riscv64", "riscv64"),
    ("riscv32", "other"), ("mips", "other"), ("sparc", "other"), ("xtensa", "other"),
)  # fmt: skip

_SYSTEMS: Mapping[str, str] = {
    **dict.fromkeys(("none", "elf", "unknown"), "none"),
    **dict.fromkeys(("darwin", "apple", "macos", "macosx", "osx"), "darwin"),
    **dict.fromkeys(("win32", "windows", "w64", "win"), "windows"),
    **{name: name for name in ("freebsd", "openbsd", "netbsd", "android", "sunos", "solaris")},
    **{name: name for name in ("aix", "illumos", "uefi", "wasi", "cros")},
    "linux": "linux",
    "linuxmusl": "linux",
}
_SYSTEM_BEGINNINGS = (
    ("gnu", "linux"), ("musl", "linux"), ("linux", "linux"), ("mingw", "windows"),
    ("androideabi", "android"), ("eabi", "none"), ("wasip", "wasi"), ("macos", "darwin"),
)  # fmt: skip

_WORD = re.compile(r"[^-_.@+]+")
_LONGEST = 200


def names_another(name: str, platform: Platform) -> bool:
    """Whether a folder's or file's name says that it is for another machine than the platform."""
    if len(name) > _LONGEST:
        return False
    text = name.lower().replace("x86_64", "amd64").replace("x86-64", "amd64")
    words = _WORD.findall(text)
    if len(words) < 2 or "cpython" in words or "pypy" in text:  # noqa: PLR2004
        # An extension module bears the machine that pip took it for: for another, it is no use.
        return False
    processors = {found for word in words if (found := _processor(word))}
    systems = {found for word in words if (found := _system(word))}
    if not processors or not systems:
        return False
    system = next((each for each in ("android", "darwin", "windows") if each in systems), "")
    system = system or ("linux" if "linux" in systems else next(iter(sorted(systems))))
    return platform.architecture not in processors or system != platform.os


def _processor(word: str) -> str:
    found = _PROCESSORS.get(word)
    return found or next((name for start, name in _BEGINNINGS if word.startswith(start)), "")


def _system(word: str) -> str:
    found = _SYSTEMS.get(word)
    return found or next((name for start, name in _SYSTEM_BEGINNINGS if word.startswith(start)), "")
