"""What a shell script does, as far as its text tells: commands in their order, and dispatches."""

from dataclasses import dataclass

from polyarch.dockerfile.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellWord:
    """One word of a command.

    `text` is as written, continuations taken out; `value` is what it is worth without quotes, None
    where it holds a variable or a substitution. `variables` are the names that it expands, in
    order; `span` is its place in the source; `is_contiguous` says that no continuation is inside.
    """

    text: str
    value: str | None
    variables: tuple[str, ...]
    span: Span
    is_contiguous: bool = True

    def __str__(self) -> str:
        return self.text if self.value is None else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellAssignment:
    """`name=value`, on its own or in front of a command."""

    name: str
    value: ShellWord
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A branch of a dispatch: the arm of a `case`, or one of `if`, `elif`, `else`.

    `patterns` of a `case` are as written without quotes; of a test they are the values compared
    with. Empty for `else`. `dispatch` and `index` say which it is.
    """

    dispatch: int
    index: int
    patterns: tuple[str, ...]
    is_else: bool
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A simple command, wherever in the script it stands.

    `words` begin with the program; what only starts another program (`env`, `time`, `sudo`,
    `exec`, `nice`, `sh -c` with a plain text) is taken off and stands in `wrappers`. `arms` are the
    branches that it stands in, outermost first. `is_substituted` says that it stands within `$(…)`
    or backquotes; `pipeline` counts the pipelines of a script: commands of one share it.
    """

    words: tuple[ShellWord, ...]
    assignments: tuple[ShellAssignment, ...]
    arms: tuple[Arm, ...]
    wrappers: tuple[str, ...]
    is_substituted: bool
    pipeline: int
    span: Span

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
    """A choice by the value of something: `case`, or a chain of tests.

    `variables` are the variables that the subject expands, through plain assignments of the same
    script where they hold another one (`arch="$(uname -m)"; case "$arch"`); `asks` the commands
    that it substitutes as text (`uname -m`, `dpkg --print-architecture`). `has_else` is also true
    of an arm `*)`.
    """

    index: int
    is_case: bool
    variables: tuple[str, ...]
    asks: tuple[str, ...]
    arms: tuple[Arm, ...]
    has_else: bool
    span: Span


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
