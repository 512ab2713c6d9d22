"""What an environment variable is for a command: in front of it, by `export`, or by ENV or ARG."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.emulation import Deed
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction


class Place(StrEnum):
    """Where a variable is set."""

    COMMAND = "command"
    SCRIPT = "script"
    STAGE = "stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value as written, the instruction that sets it, and whether a condition stands before."""

    value: str
    place: Place
    instruction: Instruction
    span: Span
    is_conditional: bool = False

    @property
    def names_target_arch(self) -> bool:
        """Whether it follows the platform that is built."""
        return "TARGETARCH" in self.value or "TARGETPLATFORM" in self.value

    @property
    def is_computed(self) -> bool:
        """Whether a command, or a branch, says what it is."""
        return self.is_conditional or "$(" in self.value or "`" in self.value


def setting(view: FileView, stage: StageView, deed: Deed, name: str) -> Setting | None:
    """What counts for the command: the nearest to it."""
    return next(_settings(view, stage, deed, name), None)


def _settings(view: FileView, stage: StageView, deed: Deed, name: str) -> Iterator[Setting]:
    run = deed.run.instruction
    for one in reversed(deed.command.assignments):
        if one.name == name:
            yield Setting(value=one.value.text, place=Place.COMMAND, instruction=run, span=one.span)
    yield from _in_script(deed, name, run)
    for each in view.chain(stage):
        yield from _in_stage(each, name, before=run.span.start)


def _in_script(deed: Deed, name: str, run: Instruction) -> Iterator[Setting]:
    """`export NAME=…`, `NAME=…` on its own, and `go env -w NAME=…`, the last before it first."""
    start = deed.command.span.start
    for one, arms in reversed(deed.script.assignments):
        if one.name == name and one.span.start < start:
            yield Setting(
                value=one.value.text,
                place=Place.SCRIPT,
                instruction=run,
                span=one.span,
                is_conditional=any(arm not in deed.command.arms for arm in arms),
            )
    for command in reversed(deed.script.commands):
        if command.span.start < start and command.name == "go":
            for word in command.words[3:]:
                found, equals, value = str(word).partition("=")
                if found == name and equals and command.arguments[:2] == ("env", "-w"):
                    yield Setting(value=value, place=Place.SCRIPT, instruction=run, span=word.span)


def _in_stage(stage: StageView, name: str, *, before: int) -> Iterator[Setting]:
    for instruction in reversed(stage.body):
        if instruction.span.start >= before or instruction.name not in {"ARG", "ENV"}:
            continue
        for one in reversed(instruction.assignments):
            if one.name == name and one.value is not None:
                yield Setting(
                    value=one.value,
                    place=Place.STAGE,
                    instruction=instruction,
                    span=one.value_span or one.name_span,
                )
