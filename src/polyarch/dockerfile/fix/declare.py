"""Automatic arguments, declared where a stage first needs them.

BuildKit shows TARGETARCH and its like to a stage only below an ARG of that name, there or in a
stage that it stands on. Layers above the ARG stay the same for all platforms.
"""

from collections.abc import Iterable, Iterator

from polyarch.dockerfile.fix.change import Work
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.view import StageView
from polyarch.dockerfile.tree import Comment, Dockerfile, Instruction
from polyarch.errors import FixRefusedError


def declared(work: Work, stage: StageView, before: Instruction) -> frozenset[str]:
    """The variables that ARG and ENV have set above an instruction."""
    return frozenset(
        assignment.name
        for one in above(work, stage, before)
        if one.name in {"ARG", "ENV"}
        for assignment in one.assignments
    )


def above(work: Work, stage: StageView, before: Instruction) -> Iterator[Instruction]:
    """What a stage does before an instruction of its own, the stages it stands on first."""
    for parent in reversed(work.view.chain(stage)[1:]):
        yield from parent.outline.body
    for one in stage.outline.body:
        if one.extent.start >= before.extent.start:
            return
        yield one


def declare(
    work: Work, stage: StageView, names: Iterable[str], users: Iterable[Instruction]
) -> tuple[Edit, ...]:
    """One ARG for those of the names that the first of the users cannot see yet; none if it can.

    Raises:
        FixRefusedError: an instruction is not the stage's own, but one that ONBUILD left to it.
    """
    first = min(users, key=lambda one: one.extent.start)
    if first not in stage.outline.body:
        raise FixRefusedError("the instruction comes from ONBUILD of another stage")
    known = declared(work, stage, first)
    missing = [name for name in names if name not in known]
    if not missing:
        return ()
    indent = work.text[first.extent.start : first.keyword.span.start].lstrip("\ufeff")
    text = f"{indent}ARG {' '.join(missing)}{work.file.newline}"
    return (Edit.insert(place_above(work.file, first), text),)


def place_above(file: Dockerfile, instruction: Instruction) -> int:
    """Where a line goes that shall stand above an instruction, and the comments that it has."""
    place = instruction.extent.start
    for node in reversed(file.nodes):
        if node.extent.end == place and isinstance(node, Comment):
            place = node.extent.start
    return place
