"""QEMU's user-mode emulation: what it says, and which processor it plays.

Sources: qemu linux-user/signal.c (`dump_core_and_abort`, `host_signal_handler`), and
linux-user/main.c; seen in 7.2.
"""

import re
from collections.abc import Mapping

from polyarch.host.emulation import Machine
from polyarch.oci.platform import Platform

LAST_WORDS = re.compile(rb"qemu: uncaught target signal \d+|QEMU internal SIG[A-Z]+")
"""After these it ends itself; where it is the first process of a container, it cannot."""

_PROCESSORS: Mapping[tuple[str, str], str] = {
    # By default it plays one with every feature, on which programs for newer ones run as well.
    ("arm", "v5"): "arm926",
    ("arm", "v6"): "arm1176",
    ("arm", "v7"): "cortex-a15",
}


def processor(platform: Platform) -> dict[str, str]:
    """The variable that lets it play a processor of the platform, and of no newer one."""
    found = _PROCESSORS.get((platform.architecture, platform.variant))
    return {"QEMU_CPU": found} if found else {}


def held_open(machine: Machine, platform: Platform) -> bool:
    """Whether the kernel starts an emulator for it inside any root filesystem."""
    emulator = machine.emulator_for(platform)
    return emulator is not None and emulator.kind == "binfmt" and emulator.in_containers
