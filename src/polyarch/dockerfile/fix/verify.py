"""Whether an edit did what it was meant to do, and nothing else.

The new text is read again and held against the old one: instructions that no edit names are the
same bytes in the same order, and so are comments, directives and the names of stages. Then the
rules run again: a fix may bring no new trouble.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from polyarch.dockerfile.fix.change import Change
from polyarch.dockerfile.fix.edit import Edit, Shift, apply
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.outline import outline
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.errors import DockerfileError, FixRefusedError
from polyarch.findings import Severity

_CHOICES = "PA310"
"""What no fix mends: which other files there are is known outside alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A file after a change; `lines` gives for an old instruction's first line its new one."""

    file: Dockerfile
    lines: dict[int, int]


def edited(file: Dockerfile, changes: Sequence[Change]) -> Edited:
    """The file with the changes, read again and compared.

    Raises:
        FixRefusedError: the new text is not what the changes say.
    """
    edits = [edit for change in changes for edit in change.edits]
    if apply(file.text, edits) == file.text:
        raise FixRefusedError("it is written so already")
    try:
        new = parse(apply(file.text, edits), path=file.path)
        names = [[stage.name for stage in outline(one).stages] for one in (file, new)]
    except FixRefusedError:
        raise
    except DockerfileError as error:
        raise FixRefusedError(f"the file could not be read afterwards: {error}") from error
    if names[0] != names[1]:
        raise FixRefusedError("stages would have other names or another order")
    if _said(file) != _said(new):
        raise FixRefusedError("a comment or a directive would be lost")
    return Edited(file=new, lines=_compared(file, new, edits, changes))


def no_worse(
    before: Sequence[LintFinding],
    after: Sequence[LintFinding],
    done: Edited,
    mended: Iterable[LintFinding],
) -> None:
    """Hold what is found now against what was found before.

    What is left of a mended finding may be told by another rule, as long as that is less bad and
    on no more platforms: a choice that lacks a platform was a download of another one before.

    Raises:
        FixRefusedError: there is an error or a warning that was not there, or on more platforms;
            or what was to be mended is still there.
    """
    mended = tuple(mended)
    gone = {(one.rule, done.lines.get(one.line, 0)): one for one in mended}
    _none_hidden(before, after, done)
    known: dict[tuple[str, int, Severity], set[str]] = {}
    for one in before:
        key = (one.rule, done.lines.get(one.line, 0), one.severity)
        known.setdefault(key, set()).update(map(str, one.platforms))
    for one in after:
        if (one.rule, one.line) in gone:
            raise FixRefusedError("the finding would stay")
        key = (one.rule, one.line, one.severity)
        is_bad = one.severity.reaches(Severity.WARNING)
        platforms = set(map(str, one.platforms))
        if is_bad and not (platforms <= known.get(key, set()) or _is_rest(one, mended, done)):
            raise FixRefusedError(f"it would bring {one.rule} in line {one.line}: {one.message}")


def _none_hidden(before: Iterable[LintFinding], after: Iterable[LintFinding], done: Edited) -> None:
    """See that a choice that lacks platforms is still told of where it stands."""
    told = {one.line for one in after if one.rule == _CHOICES}
    for one in before:
        line = done.lines.get(one.line)
        if one.rule == _CHOICES and line is not None and line not in told:
            raise FixRefusedError(f"it would hide that {one.message}")


def _is_rest(found: LintFinding, mended: Iterable[LintFinding], done: Edited) -> bool:
    return any(
        done.lines.get(one.line, found.line) == found.line
        and not found.severity.reaches(one.severity)
        and set(map(str, found.platforms)) <= set(map(str, one.platforms))
        for one in mended
    )


def _said(file: Dockerfile) -> list[str]:
    """What no fix may take away or change."""
    return [
        *(one.text for one in file.comments),
        *(f"{one.name}={one.value}" for one in file.directives),
    ]


def _compared(
    old: Dockerfile, new: Dockerfile, edits: Sequence[Edit], changes: Sequence[Change]
) -> dict[int, int]:
    shift = Shift(edits)
    there = {one.extent.start: one for one in new.instructions}
    lines: dict[int, int] = {}
    removed = 0
    for one, touches in _touched(old, edits):
        if any(_covers(edit, one) for edit in touches):
            removed += 1
            continue
        after = there.pop(_start(one, touches, shift), None)
        if after is None or after.name != one.name or not (touches or _same(old, one, new, after)):
            raise FixRefusedError(f"{one.name} of line {one.first_line} would change")
        lines[one.first_line] = after.first_line
    if removed != sum(change.removes for change in changes):
        raise FixRefusedError("an instruction would be lost")
    wanted = sorted(keyword for change in changes for keyword in change.adds)
    if sorted(one.name for one in there.values()) != wanted:
        raise FixRefusedError("an instruction would appear that nobody asked for")
    return lines


def _touched(file: Dockerfile, edits: Sequence[Edit]) -> Iterator[tuple[Instruction, list[Edit]]]:
    """Each instruction with the edits inside it; both are walked once, in order."""
    waiting = sorted(edits, key=lambda one: one.span.start)
    at = 0
    for one in file.instructions:
        while at < len(waiting) and waiting[at].span.end <= one.extent.start:
            at += 1
        end = at
        while end < len(waiting) and waiting[end].span.start < one.extent.end:
            end += 1
        yield one, [edit for edit in waiting[at:end] if edit.span.end > one.extent.start]


def _covers(edit: Edit, instruction: Instruction) -> bool:
    """Whether nothing is left of it: it is gone, or another one stands in its place."""
    return edit.span.start <= instruction.span.start and edit.span.end >= instruction.span.end


def _start(one: Instruction, touches: Sequence[Edit], shift: Shift) -> int:
    """Where the instruction begins in the new text; an edit may begin with its first character."""
    for edit in touches:
        if edit.span.start <= one.extent.start < edit.span.end:
            return shift(edit.span.end) - len(edit.replacement)
    return shift(one.extent.start)


def _same(old: Dockerfile, one: Instruction, new: Dockerfile, other: Instruction) -> bool:
    return one.extent.of(old.text) == other.extent.of(new.text)
