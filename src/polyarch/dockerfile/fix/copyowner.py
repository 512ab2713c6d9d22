"""PA402: `RUN chown` after a COPY becomes a flag of the COPY, and `chmod` beside it another."""

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import check_written
from polyarch.dockerfile.fix.copymode import above_of, flagged, in_digits
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.owning import moved
from polyarch.dockerfile.lint.placing import Source
from polyarch.errors import FixRefusedError


def into_copy(finding: LintFinding, work: Work) -> Change:
    """Move owner and mode into the COPY, and take the RUN away."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    run = next((one for one in stage.runs if one.instruction is instruction), None)
    if run is None:
        raise FixRefusedError("it is no RUN of the stage")
    check_written(run)
    above, folder = above_of(stage, instruction, work)
    found = moved(run, above, folder, stage, work.view)
    if found is None:
        raise FixRefusedError("no COPY of the stage can do the same")
    copy = found.step.instruction
    edits = [flagged(copy, "chown", found.owner)]
    if found.mode:
        mode = in_digits(found.mode, Source.FILE, found.step)
        edits.append(flagged(copy, "chmod", mode))
    return Change(edits=(*edits, Edit.delete(instruction.extent)), removes=1)
