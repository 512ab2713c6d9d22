"""PA304, PA306 and PA102: what keeps the automatic arguments from being true."""

import re

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError

DEFAULTS = frozenset(
    {"BUILDARCH", "BUILDPLATFORM", "TARGETARCH", "TARGETPLATFORM", "TARGETVARIANT"}
)
"""TARGETOS and BUILDOS are left alone: `linux` is what they are."""

AUTOMATIC = (
    "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
    "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
)  # fmt: skip
_VARIABLE = re.compile(r"\$\{?(" + "|".join(AUTOMATIC) + r")\b")


def drop_defaults(finding: LintFinding, work: Work) -> Change:
    """`ARG TARGETARCH=amd64` becomes `ARG TARGETARCH`: with a default, BuildKit's value is lost."""
    instruction = work.instruction(finding)
    edits = tuple(
        Edit.delete(Span(one.name_span.end, one.value_span.end))
        for one in instruction.assignments
        if one.name in DEFAULTS and one.value_span
    )
    if not edits:
        raise FixRefusedError("there is no default to drop")
    return Change(edits=edits)


def drop_target_platform(finding: LintFinding, work: Work) -> Change:
    """`FROM --platform=$TARGETPLATFORM` says what holds anyway: the flag goes with one blank."""
    flag = work.instruction(finding).flag("platform")
    if flag is None or flag.value not in {"$TARGETPLATFORM", "${TARGETPLATFORM}"}:
        raise FixRefusedError("the flag says more than `$TARGETPLATFORM`")
    end = flag.span.end
    if work.text[end : end + 1] not in {" ", "\t"}:
        raise FixRefusedError("nothing but a blank may follow the flag")
    return Change(edits=(Edit.delete(Span(flag.span.start, end + 1)),))


def declare_used(finding: LintFinding, work: Work) -> Change:
    """Declare the automatic arguments that an instruction uses and cannot see."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    names = [name for name in AUTOMATIC if name in _used(instruction)]
    edits = declare(work, stage, names, [instruction])
    if not edits:
        raise FixRefusedError("all that it uses is declared")
    return Change(edits=edits, adds=("ARG",))


def _used(instruction: Instruction) -> frozenset[str]:
    texts = [instruction.arguments.text, *(flag.value or "" for flag in instruction.flags)]
    texts += [heredoc.body for heredoc in instruction.heredocs]
    return frozenset(name for text in texts for name in _VARIABLE.findall(text))
