"""Commands of a stage that a fix may write into, and where."""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.view import Run, StageView
from polyarch.dockerfile.shell.script import Command, ShellAssignment
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError

_HARMLESS_WRAPPERS = frozenset({"env"})
"""`env` takes assignments in front of a program as a shell does; `time` and `sudo` do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A command with the RUN that it stands in."""

    run: Run
    command: Command

    @property
    def instruction(self) -> Instruction:
        """The RUN."""
        return self.run.instruction

    def assignment(self, name: str) -> ShellAssignment | None:
        """The last assignment of this name in front of the command."""
        return next((one for one in reversed(self.command.assignments) if one.name == name), None)

    def is_called(self, *words: str) -> bool:
        """Whether program and first words are these."""
        given = (self.command.name, *self.command.arguments)
        return given[: len(words)] == words

    def in_front(self, assignments: str) -> Edit:
        """Put assignments in front of the program.

        Raises:
            FixRefusedError: something else starts the program, which may not take them.
        """
        if not _HARMLESS_WRAPPERS.issuperset(self.command.wrappers):
            by = " ".join(self.command.wrappers)
            raise FixRefusedError(f"`{self.command.name}` is started by `{by}`")
        return Edit.insert(self.command.words[0].span.start, f"{assignments} ")


def sites(stage: StageView) -> Iterator[Site]:
    """All commands of the stage's RUN instructions, in order."""
    for run, command in stage.commands:
        if command.words:
            yield Site(run=run, command=command)


def check_written(run: Run) -> None:
    """See that the scripts of a RUN may be edited.

    Raises:
        FixRefusedError: the exec form, which expands nothing, or a script not fully understood.
    """
    line = run.instruction.first_line
    if run.instruction.json is not None:
        raise FixRefusedError(f"RUN of line {line} is in the exec form, which expands no variables")
    if not run.scripts or not all(script.is_whole for script in run.scripts):
        raise FixRefusedError(f"the script of line {line} is not fully understood")
