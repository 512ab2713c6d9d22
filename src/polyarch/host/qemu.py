"""QEMU's user-mode programs: what they are called, and which version one is.

Source: QEMU's scripts/qemu-binfmt-conf.sh, for the names.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from polyarch.errors import PolyarchError
from polyarch.host.process import run

QEMU_NAMES: Mapping[str, str] = {
    "386": "i386",
    "amd64": "x86_64",
    "arm": "arm",
    "arm64": "aarch64",
    "loong64": "loongarch64",
    "mips": "mips",
    "mipsle": "mipsel",
    "mips64": "mips64",
    "mips64le": "mips64el",
    "ppc64": "ppc64",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}

_SAID = re.compile(r"^qemu-\S+ version (\d+(?:\.\d+){1,3})", re.MULTILINE)
_LIMIT_S = 5.0


def version_of(program: str, environment: Mapping[str, str]) -> str:
    """What the program says of itself, as `7.2.22`; empty where it is not QEMU, or not here.

    An interpreter with flag F goes on working when its file is gone, as that of a container is.
    """
    try:
        # Debian registers links whose name tells QEMU that it was started by the kernel.
        path = Path(program).resolve(strict=True)
        if not path.name.startswith("qemu-"):
            return ""
        done = run([str(path), "--version"], environment=environment, timeout_s=_LIMIT_S)
    except (OSError, RuntimeError, PolyarchError):
        return ""
    found = _SAID.search(done.stdout)
    return found[1] if found else ""
