"""PA401: `RUN chmod` after a COPY becomes a flag of the COPY.

The mode is written in octal: symbolic ones need a newer frontend. A file of the context is taken to
have mode 0644 or 0755, as git keeps them; what ADD fetches has 0600.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import check_written
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.placing import Source, Step, source_of, step_of
from polyarch.dockerfile.lint.surroundings import Surroundings, surroundings
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError

_OCTAL = re.compile(r"0?[0-7]{3}")
_ADDS = {"+x": 0o111, "+rx": 0o555, "+xr": 0o555}
_GLOB = re.compile(r"[*?\[$`{]")
_NOTHING = frozenset({"true", ":", "set"})
_IN_CONTEXT, _FETCHED = 0o644, 0o600


def into_copy(finding: LintFinding, work: Work) -> Change:
    """Move the modes into the COPY instructions, and take the RUN away."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    run = next((one for one in stage.runs if one.instruction is instruction), None)
    if run is None or instruction.flags or instruction.heredocs:
        raise FixRefusedError("the RUN has flags or a script of its own")
    check_written(run)
    above, folder = above_of(stage, instruction, work)
    modes: dict[int, _Modes] = {}
    for path, mode in _operands(run, folder):
        kind, step, _ = source_of(path, above)
        if step is None or kind in {Source.TREE, Source.UNKNOWN}:
            raise FixRefusedError(f"`{path}` comes from no COPY of this stage as a single file")
        modes.setdefault(id(step), _Modes(step)).add(path, in_digits(mode, kind, step))
    edits = [one.edit() for one in modes.values()]
    if not edits:
        raise FixRefusedError("the RUN changes no mode")
    return Change(edits=(*edits, Edit.delete(instruction.extent)), removes=1)


@dataclass(slots=True)
class _Modes:
    """What one COPY is to give to the files that it places."""

    step: Step
    modes: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)

    def add(self, path: str, mode: str) -> None:
        """One more file."""
        self.paths.add(path)
        self.modes.add(mode)

    def edit(self) -> Edit:
        """The flag, where it holds for all that the COPY places."""
        copy = self.step.instruction
        if len(self.modes) > 1 or {path for _, path in self.step.files or ()} - self.paths:
            raise FixRefusedError(f"line {copy.first_line} copies files of other modes as well")
        (mode,) = self.modes
        return flagged(copy, "chmod", mode)


def flagged(copy: Instruction, name: str, value: str) -> Edit:
    """Give the COPY a flag, or the one that it has another value."""
    flag = copy.flag(name)
    if flag and flag.value_span:
        return Edit(flag.value_span, value)
    place = copy.flags[-1].span.end if copy.flags else copy.keyword.span.end
    return Edit.insert(place, f" --{name}={value}")


def above_of(
    stage: StageView, instruction: Instruction, work: Work
) -> tuple[tuple[Step, ...], str]:
    """What the stage does above the instruction, and the working directory there."""
    if not work.steps:
        known: dict[int, Surroundings] = {}
        for one in work.view.needed:
            work.steps[one.index] = tuple(_steps(work.view, one, known))
    steps = work.steps.get(stage.index, ())
    for index, step in enumerate(steps):
        if step.instruction is instruction:
            return steps[:index], step.workdir
    raise FixRefusedError("no platform needs the stage")


def _steps(view: FileView, stage: StageView, known: dict[int, Surroundings]) -> Iterator[Step]:
    return (step_of(each, here) for each, here in surroundings(view, stage, known))


def _operands(run: Run, folder: str) -> Iterator[tuple[str, str]]:
    """Absolute paths with the mode that each gets."""
    for command in run.commands:
        words = command.arguments
        if command.is_substituted or command.wrappers or command.arms:
            raise FixRefusedError("the RUN is more than a chain of plain commands")
        if command.name == "cd" and len(words) == 1 and not _GLOB.search(words[0]):
            folder = posixpath.join(folder, words[0])
        elif command.name == "chmod":
            if len(words) < 2 or any(word.startswith("-") for word in words):  # noqa: PLR2004 - mode, file
                raise FixRefusedError("`chmod` has options")
            for file in words[1:]:
                yield _path(file, folder), words[0]
        elif command.name not in _NOTHING:
            raise FixRefusedError(f"the RUN also calls `{command.name}`")


def _path(file: str, folder: str) -> str:
    if _GLOB.search(file) or file.rstrip("/") in {"", ".", ".."}:
        raise FixRefusedError(f"`{file}` is not the plain path of one file")
    return posixpath.normpath(posixpath.join(folder, file))


def in_digits(mode: str, kind: Source, step: Step) -> str:
    """The mode that chmod makes of what the COPY copies.

    Raises:
        FixRefusedError: it depends on more than is known.
    """
    if _OCTAL.fullmatch(mode):
        return mode.rjust(4, "0")
    bits = _ADDS.get(mode.removeprefix("ugo").removeprefix("a"))
    given = step.instruction.flag("chmod")
    if bits is None or (given and not _OCTAL.fullmatch(given.value or "")):
        raise FixRefusedError(f"what `{mode}` comes to cannot be told in digits")
    if given and given.value:
        return f"{int(given.value, 8) | bits:04o}"
    return f"{(_FETCHED if kind is Source.FETCHED else _IN_CONTEXT) | bits:04o}"
