"""What a fixer wants to do for one finding, and what it is told to work with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.placing import Step
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.errors import FixRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Edits that only make sense together.

    `adds` are the keywords of instructions that they add, `removes` how many they take away.
    `native` is the index of a stage that cross-compiles from then on: what leaves it must be
    looked at.
    """

    edits: tuple[Edit, ...]
    adds: tuple[str, ...] = ()
    removes: int = 0
    native: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A file as it stands, with all that was found in it, and how far a fix may go.

    `steps` are those of each stage, once somebody has worked them out.
    """

    view: FileView
    findings: tuple[LintFinding, ...]
    allow: FixClass
    steps: dict[int, tuple[Step, ...]] = field(default_factory=dict, compare=False)

    @property
    def file(self) -> Dockerfile:
        """The file that is worked on."""
        return self.view.file

    @property
    def text(self) -> str:
        """Its text."""
        return self.view.file.text

    def instruction(self, finding: LintFinding) -> Instruction:
        """The instruction that a finding stands on."""
        for one in self.file.instructions:
            if one.first_line == finding.line:
                return one
        raise FixRefusedError("the finding stands on no instruction of the file")

    def stage(self, finding: LintFinding) -> StageView:
        """The stage that a finding is about, or that its instruction stands in."""
        for one in reversed(self.view.stages):
            if one.line <= finding.line:
                return one
        raise FixRefusedError("it stands above the first FROM")


Fixer = Callable[[LintFinding, Work], Change]
"""Raises `FixRefusedError` where the file is not as the fix needs it."""
