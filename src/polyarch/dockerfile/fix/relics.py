"""PA303 and PA506: what only the building machine has a use for."""

import re

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.literals import sources_of
from polyarch.errors import FixRefusedError

_NATIVE = re.compile(r"[ \t]+-m(?:arch|cpu|tune)=native(?=[\s\"']|$)")
_QEMU = re.compile(r"(?:.*/)?qemu-[\w${}.-]+-static")


def portable(finding: LintFinding, work: Work) -> Change:
    """`-march=native` goes: it means the builder's processor, or that of an emulator."""
    arguments = work.instruction(finding).arguments
    edits = []
    for found in _NATIVE.finditer(arguments.text):
        span = arguments.span(found.start(), found.end())
        if span.of(work.text) != found[0]:
            raise FixRefusedError("the flag stands beside a continuation")
        edits.append(Edit.delete(span))
    if not edits:
        raise FixRefusedError("for which processors it is meant is not in the file")
    return Change(edits=tuple(edits))


def without_qemu(finding: LintFinding, work: Work) -> Change:
    """A COPY that brings nothing but an emulator goes."""
    instruction = work.instruction(finding)
    if instruction.name not in {"ADD", "COPY"}:
        raise FixRefusedError("the emulator is one of several packages")
    if not all(_QEMU.fullmatch(one.text.strip("\"'")) for one in sources_of(instruction)):
        raise FixRefusedError("it copies other files as well")
    return Change(edits=(Edit.delete(instruction.extent),), removes=1)
