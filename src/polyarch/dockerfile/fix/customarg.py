"""PA305: an argument of one's own for the platform takes its value from the automatic one.

It stays an argument, so that who gives it a value is still heard.
"""

import re

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.arches import World, platforms_of
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.errors import FixRefusedError

_PLAIN = re.compile(r"""["']?([A-Za-z0-9_-]+)["']?""")


def from_automatic(finding: LintFinding, work: Work) -> Change:
    """`ARG ARCH=amd64` becomes `ARG ARCH=$TARGETARCH`."""
    instruction = work.instruction(finding)
    if instruction.name != "ARG" or all(
        one.start.first_line > finding.line for one in (s.outline for s in work.view.stages)
    ):
        raise FixRefusedError("only an argument of a stage can take the target's name")
    edits = []
    for one in instruction.assignments:
        found = _PLAIN.fullmatch(one.value or "")
        if found and one.value_span and platforms_of(found[1], World.DOCKER):
            edits.append(Edit(one.value_span, "$TARGETARCH"))
    if not edits:
        raise FixRefusedError("its value is none of Docker's own names: it needs a table")
    declared = declare(work, work.stage(finding), ("TARGETARCH",), [instruction])
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())
