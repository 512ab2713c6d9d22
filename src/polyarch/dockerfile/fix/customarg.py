"""PA305: an argument of one's own for the platform takes its value from the automatic one.

It stays an argument, so that who gives it a value is still heard. With Docker's own names it is
`ARG ARCH=$TARGETARCH`; with those of a project whose downloads are known, each script that uses it
begins with the choice.
"""

import re
from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import check_written
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.dispatch import ARGUMENTS, substitution
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.arches import World, platforms_of
from polyarch.dockerfile.lint.assets import Asset, asset_in
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.view import Run, StageView
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Assignment, Instruction
from polyarch.errors import FixRefusedError

_PLAIN = re.compile(r"""["']?([A-Za-z0-9_-]+)["']?""")


def from_automatic(finding: LintFinding, work: Work) -> Change:
    """Give the argument the target's name."""
    instruction, stage = work.instruction(finding), work.stage(finding)
    if instruction not in stage.outline.body or instruction.name != "ARG":
        raise FixRefusedError("only an argument of a stage can take the target's name")
    named = [one for one in instruction.assignments if _word(one)]
    if not named:
        raise FixRefusedError("it has no plain name of a platform")
    if all(platforms_of(_word(one), World.DOCKER) for one in named):
        declared = declare(work, stage, ("TARGETARCH",), [instruction])
        edits = [Edit(one.value_span, "$TARGETARCH") for one in named if one.value_span]
        return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())
    return _chosen_in_scripts(named, instruction, stage, work)


def _word(assignment: Assignment) -> str:
    found = _PLAIN.fullmatch(assignment.value or "")
    return found[1] if found and platforms_of(found[1]) else ""


def _chosen_in_scripts(
    named: list[Assignment], instruction: Instruction, stage: StageView, work: Work
) -> Change:
    edits: list[Edit] = []
    users: list[Instruction] = []
    for one in named:
        if one.value_span is None:
            raise FixRefusedError("it has no value")
        edits.append(Edit.delete(Span(one.name_span.end, one.value_span.end)))
        for run, asset in _users(one, instruction, stage):
            users.append(run.instruction)
            choice = f'{one.name}="${{{one.name}:-$({substitution(asset.names)})}}"'
            start = run.instruction.arguments.offset(0)
            edits.append(Edit.insert(start, f"{choice}; \\{work.file.newline}    "))
    declared = declare(work, stage, ARGUMENTS, users)
    return Change(edits=(*edits, *declared), adds=("ARG",) if declared else ())


def _users(
    argument: Assignment, instruction: Instruction, stage: StageView
) -> Iterator[tuple[Run, Asset]]:
    """The scripts that use the argument, each with the project whose download it names there.

    Raises:
        FixRefusedError: something else uses it, or what it names is not known.
    """
    runs = {id(run.instruction): run for run in stage.runs}
    used = re.compile(rf"\$\{{?{re.escape(argument.name)}\b")
    found = False
    for one in stage.body[stage.body.index(instruction) + 1 :]:
        texts = [one.arguments.text, *(heredoc.body for heredoc in one.heredocs)]
        if not any(map(used.search, texts)):
            continue
        run = runs.get(id(one))
        if run is None or one.heredocs:
            raise FixRefusedError(f"{one.name} of line {one.first_line} cannot choose")
        check_written(run)
        words = [word for command in run.commands for word in command.words]
        assets = [asset_in(word.text) for word in words if used.search(word.text)]
        known = [each.asset for each in assets if each and used.match(each.name)]
        if len({each.project for each in known}) != 1:
            raise FixRefusedError("how the project calls its other files is not known")
        found = True
        yield run, known[0]
    if not found:
        raise FixRefusedError("nothing in the stage uses it")
