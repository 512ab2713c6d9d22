"""Files that are meant for other machines: where such are at home, and what the user allows.

What the image starts, and the loader and libraries of that, is judged wherever it lies. The lists
are of what honest images were seen to hold.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from polyarch.checks.foreign_names import names_another
from polyarch.oci.platform import Platform

_FOLDERS = (
    # boot loaders and firmware, for whichever processor
    r"(?:usr/)?lib/firmware", r"boot", r"usr/lib/grub", r"usr/share/grub", r"usr/lib/shim",
    r"usr/(?:lib|share)/(?:syslinux|SYSLINUX|SYSLINUX\.EFI|ISOLINUX|ipxe|u-boot|memtest86\+?)",
    r"usr/share/(?:qemu|qemu-efi\w*|seabios|openbios|OVMF|AAVMF|edk2\w*|opensbi)",
    r"usr/lib/systemd/boot",
    # the other widths of one machine
    r"(?:usr/)?lib(?:32|x32|o32|n32)", r"usr/lib/gcc/[^/]+/[^/]+/(?:32|x32)",
    r"usr/lib/gcc-cross",
    # programs for other machines that emulators run, and tools that know several widths
    r"usr/(?:lib|lib64|libexec|share)/(?:[^/]+/)?wine\w*", r"opt/wine[^/]*", r"usr/gnemul",
    r"usr/(?:lib|lib64|libexec)/(?:[^/]+/)?valgrind", r"usr/libexec/qemu-binfmt",
    r"usr/(?:lib|libexec)/(?:arch-test|perf-core)",
    # what was cut off from programs for debuggers: headers without what they speak of
    r"usr/lib/debug",
)  # fmt: skip
_NAMES = (
    # QEMU in user mode: of the builder's machine in an image of another
    r"qemu-\w+(?:-static)?", r"qemu-\w+-binfmt-?\w*", r"\w+-binfmt-P",
    # launchers for Windows that setuptools and pip lay beside scripts, and their like
    r".+\.(?:exe|dll|pyd|sys|efi|com)",
    r"memtest86.*",
    r".+\.debug",
)  # fmt: skip
_ROOTED = re.compile(f"/(?:{'|'.join(_FOLDERS)})/")
_NAME = re.compile("|".join(_NAMES))

_ANYWHERE = frozenset({
    "testdata",  # what tests of compilers and of readers of programs read
    "pydevd_attach_to_process",  # helpers of debuggers, for every machine side by side
})  # fmt: skip
_OF_NODE = ("node_modules", "prebuilds")
"""node-gyp-build and its like load the one that fits from folders below the second."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """`patterns` are the user's globs, from the image's root or, without a slash before, anywhere.

    `*` and `?` stop at a slash, `**` does not; a folder stands for all in it.
    """

    patterns: tuple[str, ...] = ()
    _own: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        expression = "|".join(map(_expression, self.patterns)) or r"(?!)"
        object.__setattr__(self, "_own", re.compile(expression, re.DOTALL))

    @classmethod
    def of(cls, patterns: Iterable[str]) -> "Allowances":
        """What `[verify] allow` says."""
        return cls(tuple(patterns))

    def covers(self, path: str, platform: Platform) -> bool:
        """Whether a file at this path (with a leading slash) may be for another machine."""
        folder, _, name = path.rpartition("/")
        return bool(
            _ROOTED.match(path)
            or _NAME.fullmatch(name)
            or names_another(name, platform)
            or _is_elsewhere(folder, platform)
            or self._own.match(path)
        )


@lru_cache(maxsize=4096)
def _is_elsewhere(folder: str, platform: Platform) -> bool:
    """Whether a folder is one where things for several machines lie."""
    parts = folder.split("/")
    if not _ANYWHERE.isdisjoint(parts) or any(names_another(part, platform) for part in parts):
        return True
    node, prebuilt = _OF_NODE
    return node in parts and prebuilt in parts[parts.index(node) :]


_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _expression(pattern: str) -> str:
    body = "".join(
        _WILD.get(part) or re.escape(part) for part in _PARTS.findall(pattern.strip("/"))
    )
    start = "/" if pattern.startswith("/") else "(?:/|/.*/)"
    return rf"{start}{body}(?:/.*)?$"


NONE = Allowances()
"""Nothing of the user's; the defaults always hold."""
