"""What each platform is called by Debian, QEMU and Python."""

import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One platform under its several names."""

    platform: str
    debian: str
    qemu: str
    suite: str = "bookworm"

    @property
    def is_native(self) -> bool:
        """Whether this machine's processor runs it without an emulator, for certain."""
        return self.qemu == HOST.get(platform.machine())


HOST = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}

MACHINES = {
    machine.platform: machine
    for machine in (
        Machine(platform="linux/amd64", debian="amd64", qemu="x86_64"),
        Machine(platform="linux/arm64", debian="arm64", qemu="aarch64"),
        Machine(platform="linux/arm/v7", debian="armhf", qemu="arm"),
        Machine(platform="linux/arm/v6", debian="armel", qemu="arm"),
        Machine(platform="linux/386", debian="i386", qemu="i386"),
        Machine(platform="linux/ppc64le", debian="ppc64el", qemu="ppc64le"),
        Machine(platform="linux/s390x", debian="s390x", qemu="s390x"),
        # Debian has riscv64 from trixie on.
        Machine(platform="linux/riscv64", debian="riscv64", qemu="riscv64", suite="trixie"),
    )
}
