"""PA302: a compiler that is told one platform as its target."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.archnames import means_architecture
from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.literals import concerned, of_assignment
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.targets import (
    Target,
    TargetKind,
    by_variable,
    of_command,
)
from polyarch.dockerfile.lint.targets import of_assignment as of_shell_assignment
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.shell.script import Command, ShellAssignment
from polyarch.dockerfile.tree import Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_OF_GO = frozenset({"GOOS", "CGO_ENABLED"})
_COMPILES = frozenset({("build",), ("install",), ("run",), ("test",), ("get",), ("generate",)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A target in an instruction; `has_no_c`: it is told to a Go command with cgo off."""

    instruction: Instruction
    target: Target
    has_no_c: bool = False


def hard_coded_target(view: FileView) -> Iterator[LintFinding]:
    """Targets outside of any choice by platform; a stage that compiles for several has chosen."""
    told: set[int] = set()
    known: dict[int, dict[str, str]] = {}
    for stage in view.needed:
        environment = known[stage.index] = _environment(stage, known)
        kinds: dict[TargetKind, list[_Place]] = {}
        for place in _places(stage, environment, is_heard=_hears_go(view, stage)):
            kinds.setdefault(place.target.kind, []).append(place)
        by_line: dict[int, list[_Place]] = {}
        for places in kinds.values():
            if len({one.target.literal.word.platforms for one in places}) == 1:
                for one in places:
                    by_line.setdefault(one.instruction.first_line, []).append(one)
        for line, here in sorted(by_line.items()):
            found = _finding(view, stage, here)
            if found and line not in told:
                told.add(line)
                yield found


# --- where targets are told ----------------------------------------------------------------------


def _places(stage: StageView, environment: dict[str, str], *, is_heard: bool) -> Iterator[_Place]:
    runs = iter(stage.runs)
    for instruction in stage.body:
        if instruction.name == "RUN":
            yield from _of_run(next(runs), environment)
        elif instruction.name in {"ARG", "ENV"}:
            yield from _of_values(instruction, is_heard=is_heard)


def _hears_go(view: FileView, stage: StageView) -> bool:
    """Whether a Go command may hear of a GOARCH in ENV: each may be told another one itself."""
    told = [
        any(each.name == "GOARCH" for each in command.assignments)
        for _, command in stage.commands
        if command.name == "go" and command.arguments[:1] in _COMPILES
    ]
    return not told or not all(told) or bool(view.standing_on(stage))


def _of_values(instruction: Instruction, *, is_heard: bool) -> Iterator[_Place]:
    """An ARG that means an architecture is told of on its own."""
    foreign = not is_heard or any(
        one.name == "GOOS" and (one.value or "").strip("\"'") not in {"", "linux"}
        for one in instruction.assignments
    )
    for one in instruction.assignments:
        if one.value is None or (instruction.name == "ARG" and means_architecture(one.name)):
            continue
        for target in by_variable(one.name, of_assignment(one)):
            if not (foreign and target.kind is TargetKind.GO):
                yield _Place(instruction=instruction, target=target)


def _of_run(run: Run, environment: dict[str, str]) -> Iterator[_Place]:
    for script in run.scripts:
        chosen = choices(script)
        here = {**environment, **_told(one for one, arms in script.assignments if not arms)}
        for assignment, arms in script.assignments:
            if not chosen.cover(arms, assignment.span) and assignment.name not in chosen.names:
                yield from _of_assignment(run, assignment, None, here)
        for command in script.commands:
            if chosen.cover(command.arms, command.span):
                continue
            own = {**here, **_told(command.assignments)}
            for assignment in command.assignments:
                yield from _of_assignment(run, assignment, command, own)
            for target in of_command(command):
                if not (target.kind is TargetKind.GO and _is_foreign(own)):
                    yield _Place(instruction=run.instruction, target=target)


def _of_assignment(
    run: Run, assignment: ShellAssignment, command: Command | None, here: dict[str, str]
) -> Iterator[_Place]:
    for target in of_shell_assignment(assignment, command):
        is_go = target.kind is TargetKind.GO
        if not (is_go and _is_foreign(here)):
            off = is_go and here.get("CGO_ENABLED") == "0"
            yield _Place(instruction=run.instruction, target=target, has_no_c=off)


def _is_foreign(environment: dict[str, str]) -> bool:
    """Whether Go compiles for another system, whose programs are no part of the image's own."""
    return environment.get("GOOS", "") not in {"", "linux"} and "$" not in environment["GOOS"]


def _told(assignments: Iterable[ShellAssignment]) -> dict[str, str]:
    return {one.name: str(one.value) for one in assignments if one.name in _OF_GO}


def _environment(stage: StageView, known: dict[int, dict[str, str]]) -> dict[str, str]:
    """What ENV of the stage, and of those that it stands on, gives those variables of Go."""
    found = dict(next((known[index] for index in stage.parents if index in known), {}))
    for instruction in stage.body:
        for one in instruction.assignments if instruction.name in {"ENV", "ARG"} else ():
            if one.name in _OF_GO and one.value:
                found[one.name] = one.value.strip("\"'")
    return found


# --- what is told --------------------------------------------------------------------------------


def _finding(view: FileView, stage: StageView, places: list[_Place]) -> LintFinding | None:
    first = places[0]
    word = first.target.literal.word
    platforms = _platforms(stage, places)
    if not platforms:
        return None
    fix, why_not = _fix(view, stage, places)
    return LintFinding(
        rule="PA302",
        severity=Severity.ERROR,
        line=first.instruction.first_line,
        span=first.target.literal.span,
        platforms=platforms,
        message=f"{first.target.kind.value} is `{word.text}` for every platform: all of them get "
        "the program of that one",
        hint=_HINTS[first.target.kind],
        fix=fix,
        why_not=why_not,
    )


def _platforms(stage: StageView, places: list[_Place]) -> tuple[Platform, ...]:
    hit = {
        platform
        for one in places
        for platform in concerned(stage, one.target.literal.word.platforms, leaves=True)
    }
    return tuple(one for one in stage.platforms if one in hit)


def _fix(view: FileView, stage: StageView, places: list[_Place]) -> tuple[FixClass, str]:
    kinds = {one.target.kind for one in places}
    if stage.is_shipped:
        return FixClass.NONE, "the stage that compiles is shipped itself"
    if TargetKind.OTHER in kinds:
        return FixClass.NONE, "what the tool calls its other targets is not known"
    if kinds != {TargetKind.GO}:
        return FixClass.REVIEW, "the other platforms' names are known, their tools may be missing"
    if any(one.instruction.name in {"ARG", "ENV"} for one in places):
        return FixClass.REVIEW, "all commands of the stage are told so, not those of Go alone"
    if not all(one.has_no_c for one in places):
        return FixClass.REVIEW, "it is not told whether C is compiled as well (CGO_ENABLED)"
    if view.standing_on(stage):
        return FixClass.REVIEW, "another stage stands on this one"
    if _runs_own(stage):
        return FixClass.REVIEW, "the stage may run what it has compiled"
    return FixClass.SAFE, ""


def _runs_own(stage: StageView) -> bool:
    """Whether a program is started by a path: it may be the one that was compiled."""
    return any(
        word.startswith(("/", "./", "../")) and not word.startswith(("/usr/", "/bin/", "/sbin/"))
        for _, command in stage.commands
        for word in _program(command)
    )


def _program(command: Command) -> tuple[str, ...]:
    return tuple(str(word) for word in command.words[:1])


_HINTS = {
    TargetKind.GO: "write `GOARCH=$TARGETARCH` after `ARG TARGETARCH`, with `GOARM` for Arm",
    TargetKind.RID: "write `-a $TARGETARCH` after `ARG TARGETARCH`; .NET knows Docker's names from "
    "SDK 8 on",
    TargetKind.TRIPLE: "choose the triple by `TARGETARCH`, or leave it to a helper for cross "
    "compiling such as xx",
    TargetKind.OTHER: "choose the target by `TARGETARCH` with a `case` that stops for platforms "
    "which the tool does not know",
}

RULES = (
    Rule(
        id="PA302",
        name="hard-coded-compile-target",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="A compiler is told one platform, whatever is built",
        consequence="Every platform of the image gets the program of the one that is named. The "
        "build succeeds, since a compiler does not care where it runs; the containers of the other "
        "platforms do not start.",
        remedy="Let BuildKit say the target: `ARG TARGETARCH` in the stage, then "
        "`GOARCH=$TARGETARCH` for Go, `-a $TARGETARCH` for .NET. For Rust, C and C++ choose the "
        "triple, and the cross compiler that belongs to it, with a `case` over `TARGETARCH`; or "
        "compile on the target.",
        before="FROM --platform=$BUILDPLATFORM golang:1.25 AS build\n"
        "RUN CGO_ENABLED=0 GOARCH=amd64 go build -o /out/app .",
        after="FROM --platform=$BUILDPLATFORM golang:1.25 AS build\nARG TARGETARCH\n"
        "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /out/app .",
        sources=(
            "https://docs.docker.com/build/building/multi-platform/#cross-compilation",
            "https://go.dev/doc/install/source#environment",
            "https://learn.microsoft.com/dotnet/core/rid-catalog",
        ),
        check=hard_coded_target,
    ),
)
