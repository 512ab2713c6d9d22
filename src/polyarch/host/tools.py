"""What this machine offers to mend its emulators with."""

import os
import platform as python_platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from polyarch.errors import PolyarchError
from polyarch.host.binfmt_rule import entry_name
from polyarch.host.process import find_program, run
from polyarch.host.qemu import QEMU_NAMES
from polyarch.host.search_path import administrators

BINFMT = Path("/proc/sys/fs/binfmt_misc")

_SYSTEMD = "/usr/lib/systemd/systemd-binfmt"
_RULES = ("/etc/binfmt.d", "/run/binfmt.d", "/usr/local/lib/binfmt.d", "/usr/lib/binfmt.d")
_FORMATS = Path("/usr/share/binfmts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What is there, where it is.

    `rules` are systemd's files of emulators and `formats` those of binfmt-support, by the
    architecture that they register. `has_kernel_part`: the kernel knows binfmt_misc, `is_mounted`:
    and can be spoken to. `has_docker`: a Docker Engine answers that shares this machine's kernel.
    """

    is_root: bool
    kernel: str
    has_kernel_part: bool = True
    is_mounted: bool = True
    systemd_binfmt: str | None = None
    update_binfmts: str | None = None
    apt_get: str | None = None
    has_docker: bool = False
    rules: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    formats: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def find_tools(environment: Mapping[str, str]) -> Tools:
    """Look for all of them; never fails."""
    environment = administrators(environment)
    names = {architecture: entry_name(architecture) for architecture in QEMU_NAMES}
    rules = {architecture: _rule(name) for architecture, name in names.items()}
    return Tools(
        is_root=os.geteuid() == 0,
        kernel=python_platform.release(),
        has_kernel_part=BINFMT.is_dir(),
        is_mounted=(BINFMT / "status").exists(),
        systemd_binfmt=find_program(_SYSTEMD, environment),
        update_binfmts=find_program("update-binfmts", environment),
        apt_get=find_program("apt-get", environment),
        has_docker=_has_docker(environment),
        rules=MappingProxyType({key: path for key, path in rules.items() if path}),
        formats=MappingProxyType(
            {key: name for key, name in names.items() if (_FORMATS / name).is_file()}
        ),
    )


def knows_registration(architecture: str) -> bool:
    """Whether the system has a file that registers an emulator for it when it starts."""
    name = entry_name(architecture) if architecture in QEMU_NAMES else ""
    return bool(name) and (_rule(name) is not None or (_FORMATS / name).is_file())


def _rule(name: str) -> Path | None:
    """Debian 12 calls a file `qemu-arm.conf`, Fedora and Debian 13 `qemu-arm-static.conf`."""
    files = (Path(folder) / f"{name}{end}.conf" for folder in _RULES for end in ("", "-static"))
    return next((path for path in files if path.is_file()), None)


def _has_docker(environment: Mapping[str, str]) -> bool:
    """Whether the Engine that `docker` speaks to starts containers under this very kernel."""
    words = ("docker", "info", "--format", "{{.KernelVersion}} {{.Name}}")
    try:
        said = run(words, environment=environment, timeout_s=10).stdout.split()
    except PolyarchError:
        return False
    return said == [python_platform.release(), python_platform.node()]
