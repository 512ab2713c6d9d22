"""PA401: `RUN chmod` and `RUN chown` after a COPY become flags of the COPY.

A mode is written in octal: symbolic ones need a newer frontend. What COPY takes from the context is
taken to have mode 0644 or 0755, as git has it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import check_written
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.placed import Placed, absolute, files, source_of, working_folder
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.view import Run
from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError

_OCTAL = re.compile(r"0?[0-7]{3}")
_EXECUTABLE = frozenset({"+x", "a+x", "ugo+x"})
_ALSO_READABLE = frozenset({"+rx", "a+rx", "+xr", "a+xr", "a=rx,u+w"})
_OWNER = re.compile(r"[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)?")
_NUMBERS = re.compile(r"[0-9]+(?::[0-9]+)?")
_NOTHING = frozenset({"true", ":", "set"})
_OLD_FRONTEND = re.compile(r".*:(?:v?1\.[01])(?:[.@-].*)?")


@dataclass(slots=True)
class _Wanted:
    """What the flags of one COPY are to be."""

    mode: str = ""
    owner: str = ""
    paths: set[str] = field(default_factory=set)


def into_copy(finding: LintFinding, work: Work) -> Change:
    """Move what the RUN does into the COPY instructions, and take the RUN away."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    run = next((one for one in stage.runs if one.instruction is instruction), None)
    if run is None or instruction.flags or instruction.heredocs:
        raise FixRefusedError("the RUN has flags or a script of its own")
    check_written(run)
    if work.file.syntax and _OLD_FRONTEND.fullmatch(work.file.syntax):
        raise FixRefusedError(f"`{work.file.syntax}` does not know `--chmod`")
    own = stage.outline.body
    above = own[: own.index(instruction)]
    wanted = _wanted(run, above, work.allow)
    edits = [edit for index, flags in wanted.items() for edit in _flags(above[index], flags, above)]
    return Change(edits=(*edits, Edit.delete(instruction.extent)), removes=1)


def _wanted(run: Run, above: Sequence[Instruction], allow: FixClass) -> dict[int, _Wanted]:
    folder = working_folder(above)
    wanted: dict[int, _Wanted] = {}
    for command in _plain_chain(run):
        match command.name:
            case "cd" if len(command.arguments) == 1:
                folder = absolute(command.arguments[0], folder)
            case "chmod" | "chown":
                for path in _operands(command, folder):
                    placed = source_of(path, above)
                    index = next(i for i, one in enumerate(above) if one is placed.instruction)
                    flags = wanted.setdefault(index, _Wanted())
                    _set(flags, command, placed, above[index:], allow)
            case name:
                if name not in _NOTHING:
                    raise FixRefusedError(f"the RUN also calls `{name}`")
    if not wanted:
        raise FixRefusedError("the RUN changes no mode or owner")
    return wanted


def _plain_chain(run: Run) -> tuple[Command, ...]:
    """The commands of a RUN that are joined by `&&` or `;` and nothing else.

    Raises:
        FixRefusedError: there are branches, pipes or substitutions.
    """
    (script,) = run.scripts
    text = run.instruction.arguments
    is_plain = not script.assignments and not script.dispatches
    at, end = text.offset(0), text.end
    commands = tuple(script.commands)
    for one in commands:
        if one.is_substituted or one.wrappers or one.assignments or one.arms or one.span.start < at:
            is_plain = False
        at = one.span.end
    if not is_plain or at > end:
        raise FixRefusedError("the RUN is more than a chain of plain commands")
    return commands


def _operands(command: Command, folder: str | None) -> Iterator[str]:
    words = command.words[1:]
    if len(words) < 2 or any(str(word).startswith("-") for word in words):  # noqa: PLR2004
        raise FixRefusedError(f"`{command.name}` has options, or nothing to work on")
    for word in words[1:]:
        path = absolute(str(word).strip('"'), folder)
        if path is None or any(sign in path for sign in "*?[`(") or str(word) in {".", "./"}:
            raise FixRefusedError(f"`{word}` is not the plain path of one file")
        yield path


def _set(
    flags: _Wanted,
    command: Command,
    placed: Placed,
    since: Sequence[Instruction],
    allow: FixClass,
) -> None:
    value = command.words[1].value
    if value is None:
        raise FixRefusedError(f"`{command.words[1]}` is not plain")
    flags.paths.add(placed.path)
    if command.name == "chmod":
        mode = _octal(value, placed, allow)
        if flags.mode not in {"", mode}:
            raise FixRefusedError("two modes for one COPY")
        flags.mode = mode
        return
    if not _OWNER.fullmatch(value):
        raise FixRefusedError(f"`{value}` is no plain owner")
    if not _NUMBERS.fullmatch(value) and any(one.name == "RUN" for one in since):
        raise FixRefusedError(f"`{value}` may be made by a RUN between")
    if ":" not in value and placed.instruction.flag("chown"):
        raise FixRefusedError("the group stays that of another `--chown`")
    flags.owner = value if ":" in value else f"{value}:0"


def _octal(value: str, placed: Placed, allow: FixClass) -> str:
    given = placed.instruction.flag("chmod")
    if _OCTAL.fullmatch(value):
        return value.rjust(4, "0")
    if given and given.value and not _OCTAL.fullmatch(given.value):
        raise FixRefusedError(f"`{value}` on top of `--chmod={given.value}` cannot be told")
    is_more = value in _ALSO_READABLE and allow is FixClass.REVIEW
    if value not in _EXECUTABLE and not is_more:
        raise FixRefusedError(f"what `{value}` makes of a mode depends on the mode")
    if given and given.value:
        return (
            f"{int(given.value, 8) | 0o111:04o}"
            if not is_more
            else f"{int(given.value, 8) | 0o555:04o}"
        )
    if placed.is_remote:
        # BuildKit stores what ADD fetches with mode 0600.
        return "0755" if is_more else "0711"
    return "0755"


def _flags(copy: Instruction, wanted: _Wanted, above: Sequence[Instruction]) -> Iterator[Edit]:
    index = next(i for i, one in enumerate(above) if one is copy)
    placed = files(copy, working_folder(above[:index])) or ()
    if {one.path for one in placed} != wanted.paths:
        raise FixRefusedError(f"line {copy.first_line} copies other files as well")
    for name, value in (("chown", wanted.owner), ("chmod", wanted.mode)):
        if not value:
            continue
        flag = copy.flag(name)
        if flag is None:
            place = copy.flags[-1].span.end if copy.flags else copy.keyword.span.end
            yield Edit.insert(place, f" --{name}={value}")
        elif flag.value_span:
            yield Edit(Span(flag.value_span.start, flag.value_span.end), value)
