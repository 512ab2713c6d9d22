"""One fault that engines tell in their own words."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["build", "engine", "emulator", "qemu", "storage", "registry", "login"]
"""What is at fault.

What the user builds, the engine's set-up, a missing emulator, a fault of QEMU's own, the disk, a
registry that cannot be used just now, or a login.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: the text that tells it, what is wrong, and what to do next.

    `in_steps`: the text also counts where a step of the Dockerfile printed it. `if_emulated`: only
    in builds whose programs run under an emulator, because elsewhere the text means something else.
    `mended_in` is the version of QEMU that mended a fault of its own, `source` the page that says
    so.
    """

    code: str
    pattern: re.Pattern[str]
    problem: str
    hint: str
    kind: Kind = "build"
    in_steps: bool = False
    if_emulated: bool = False
    mended_in: str = ""
    source: str = ""


def known_fault(
    code: str,
    pattern: str,
    problem: str,
    hint: str,
    kind: Kind = "build",
    *,
    in_steps: bool = False,
) -> Fault:
    """One whose pattern is looked for without regard to case."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return Fault(
        code=code, pattern=compiled, problem=problem, hint=hint, kind=kind, in_steps=in_steps
    )
