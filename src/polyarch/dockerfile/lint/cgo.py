"""Whether a Go command compiles C as well, as far as the file tells.

Source: `go help environment` (CGO_ENABLED); since Go 1.20 cgo is off where there is no C compiler
(release notes of Go 1.20, "Cgo").
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site
from polyarch.dockerfile.lint.packages import compilers

_NAME = "CGO_ENABLED"
_LINKS_OUTSIDE = re.compile(r"-linkmode[= ]external|-linkmode=external")


class Cgo(StrEnum):
    """The states of cgo."""

    OFF = "off"
    ON = "on"
    NO_COMPILER = "not stated, and the base has no C compiler"
    UNCLEAR = "not stated"


def cgo_of(emulation: Emulation, site: Site, deed: Deed) -> Cgo:
    """The state for one command: what it says itself counts before the stage."""
    if deed.call.has("-race", "-msan", "-asan") or any(
        _LINKS_OUTSIDE.search(word) for word in deed.call.words
    ):
        return Cgo.ON
    for value in (*_inline(deed), *_exported(deed), *_of_stage(emulation, site, deed)):
        if value.strip("\"'") in {"0", "1"}:
            return Cgo.OFF if value.strip("\"'") == "0" else Cgo.ON
    if _has_compiler(emulation, site):
        return Cgo.UNCLEAR
    return Cgo.NO_COMPILER


def _inline(deed: Deed) -> Iterator[str]:
    for one in reversed(deed.command.assignments):
        if one.name == _NAME:
            yield str(one.value)


def _exported(deed: Deed) -> Iterator[str]:
    """`export` and `go env -w` above the command, the last first."""
    for command in reversed(deed.script.commands):
        if command.span.start >= deed.command.span.start:
            continue
        words = command.arguments
        if command.name == "export" or (command.name == "go" and words[:2] == ("env", "-w")):
            for word in reversed(words):
                name, equals, value = word.partition("=")
                if name == _NAME and equals:
                    yield value
            yield from (str(one.value) for one in command.assignments if one.name == _NAME)


def _of_stage(emulation: Emulation, site: Site, deed: Deed) -> Iterator[str]:
    """`go env -w` of earlier RUNs, ENV and ARG above the command, the last first."""
    for stage in emulation.view.chain(site.stage):
        runs = {id(run.instruction): run for run in stage.runs}
        for instruction in reversed(stage.body):
            if instruction.span.start >= deed.run.instruction.span.start:
                continue
            if instruction.name in {"ENV", "ARG"}:
                yield from (
                    one.value for one in instruction.assignments if one.name == _NAME and one.value
                )
            elif id(instruction) in runs:
                for command in runs[id(instruction)].commands:
                    if command.name == "go" and command.arguments[:2] == ("env", "-w"):
                        yield from (
                            word.partition("=")[2]
                            for word in command.arguments
                            if word.startswith(f"{_NAME}=")
                        )


def _has_compiler(emulation: Emulation, site: Site) -> bool:
    commands = (
        command for stage in emulation.view.chain(site.stage) for _, command in stage.commands
    )
    return site.base.c_compiler is not False or bool(compilers(commands))
