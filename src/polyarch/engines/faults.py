"""Faults that engines tell in their own words, and what a person does about each.

The texts were seen in buildx 0.13 and 0.29, Docker Engine 26 and 28 and Buildah 1.28; older forms
are those of their sources and issues.
"""

import re
from collections.abc import Iterable

from polyarch.engines.fault import Fault, Kind
from polyarch.engines.fault_hints import (
    ENABLE_CONTAINERD_STORE,
    INSTALL_BUILDX,
    MAY_USE_SOCKET,
    REACH_DAEMON,
)
from polyarch.engines.faults_build import BUILD_FAULTS
from polyarch.engines.faults_emulation import EMULATION_FAULTS, HANGS
from polyarch.engines.faults_engine import ENGINE_FAULTS

__all__ = [
    "ENABLE_CONTAINERD_STORE",
    "FAULTS",
    "INSTALL_BUILDX",
    "MAY_USE_SOCKET",
    "REACH_DAEMON",
    "Fault",
    "Kind",
    "diagnose",
    "known_hang",
]

FAULTS: tuple[Fault, ...] = (*ENGINE_FAULTS, *EMULATION_FAULTS, *BUILD_FAULTS)
"""The first whose text stands in an engine's last words counts."""

_STEP_FAILED = re.compile(r'process ".*" did not complete|building at STEP "RUN', re.DOTALL)


def diagnose(
    verdict: Iterable[str], steps: Iterable[str] = (), *, emulated: bool = False
) -> Fault | None:
    """The known fault, or None.

    `verdict` is what the engine itself says, `steps` what the steps of the Dockerfile printed. Once
    the engine says that a step failed, its words quote the step and count as the step's.
    `emulated`: programs of the platform run under an emulator in this build.
    """
    own = tuple(verdict)
    quoting = any(map(_STEP_FAILED.search, own))
    told = (*own, *steps)
    return next(
        (
            fault
            for fault in FAULTS
            if any(map(fault.pattern.search, told if fault.in_steps else own))
            and (fault.in_steps or not quoting)
            and (emulated or not fault.if_emulated)
        ),
        None,
    )


def known_hang(step: str) -> Fault | None:
    """What a step that fell silent under QEMU is known for, by its command."""
    return next((fault for fault in HANGS if fault.pattern.search(step)), None)
