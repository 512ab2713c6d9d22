"""What a shell script does, as far as its text tells: commands in their order, and dispatches."""

from dataclasses import dataclass

from polyarch.dockerfile.shell.condition import NEVER_KNOWN, Condition
from polyarch.dockerfile.shell.word import ShellWord
from polyarch.dockerfile.source import Span

__all__ = ["Arm", "Command", "Dispatch", "Redirect", "Script", "ShellAssignment", "ShellWord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellAssignment:
    """`name=value`, on its own or in front of a command.

    `is_appended` tells `name+=value`.
    """

    name: str
    value: ShellWord
    span: Span
    is_appended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """`> file` and its kin, no here-document. `operator` is as written (`>`, `>>`, `<`, `&>`)."""

    operator: str
    target: ShellWord

    @property
    def writes(self) -> bool:
        """Whether it writes to a file that the target names."""
        return ">" in self.operator and not self.operator.endswith("&")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A branch of a dispatch: the arm of a `case`, one of `if`, `elif`, `else`, or of `&&`, `||`.

    `patterns` of a `case` are as written without quotes; of a test they are the values compared
    with. Empty for `else`. `dispatch` and `index` say which it is. `condition` holds in this arm
    where none of the arms before has held; it says also what `patterns` cannot (`!=`, two tests).
    `span` covers what the arm does, not its test or its pattern.
    """

    dispatch: int
    index: int
    patterns: tuple[str, ...]
    is_else: bool
    span: Span
    condition: Condition = NEVER_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A simple command, wherever in the script it stands.

    `words` begin with the program; what only starts another program (`env`, `time`, `sudo`,
    `exec`, `nice`, `xargs`, `sh -c` with a text) is taken off and stands in `wrappers`, outermost
    first; the commands of such a text are those of the script. Assignments that `env` makes count
    as `assignments`. `export`, `local` and the like are commands too, and what they assign also
    stands in the script's `assignments`. `[ … ]` is a command of the name `[`, or `[[`.

    `arms` are the branches that it stands in, outermost first. `is_substituted` says that it stands
    within `$(…)` or backquotes; `pipeline` counts the pipelines of a script: commands of one share
    it. `is_fed` says that a here-document or a here-string is its input.
    """

    words: tuple[ShellWord, ...]
    assignments: tuple[ShellAssignment, ...]
    arms: tuple[Arm, ...]
    wrappers: tuple[str, ...]
    is_substituted: bool
    pipeline: int
    span: Span
    redirects: tuple[Redirect, ...] = ()
    is_fed: bool = False

    @property
    def name(self) -> str:
        """The program's name without its folder; empty where only a shell can know it."""
        return (self.words[0].value or "").rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the program: values, or the text where there is none."""
        return tuple(str(word) for word in self.words[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A choice by the value of something: `case`, a chain of tests, or a test before `&&`, `||`.

    `variables` are the variables that the subjects expand, through assignments of the same script
    where they hold another one (`arch="$(uname -m)"; case "$arch"`); `asks` the commands that are
    substituted as text (`uname -m`, `dpkg --print-architecture`). `has_else` is also true of an arm
    `*)`. `outer` are the arms that it stands in itself.
    """

    index: int
    is_case: bool
    variables: tuple[str, ...]
    asks: tuple[str, ...]
    arms: tuple[Arm, ...]
    has_else: bool
    span: Span
    outer: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole script. `assignments` are those that stand alone, with the arms they stand in.

    `is_whole` is false where the grammar met what it does not know; then nothing may be edited by
    it. `text` is what was read, continuations taken out.
    """

    text: str
    commands: tuple[Command, ...]
    assignments: tuple[tuple[ShellAssignment, tuple[Arm, ...]], ...]
    dispatches: tuple[Dispatch, ...]
    is_whole: bool
