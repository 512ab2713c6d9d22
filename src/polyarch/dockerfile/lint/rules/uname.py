"""PA309: `uname -m` and `arch` tell the machine, which for 32-bit platforms may be a 64-bit one."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from polyarch.dockerfile.lint.arches import name_on_64_bit_host
from polyarch.dockerfile.lint.course import Where, follow
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.values import values_at_runs
from polyarch.dockerfile.lint.view import FileView, Run, StageClass
from polyarch.dockerfile.shell.script import Command, Script
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_OPTIONS = frozenset({"--machine", "--processor", "--hardware-platform", "--all"})
_LETTERS = frozenset("mpia")
_NEAR = 100
"""Commands before a substitution among which the one around it is looked for."""
_SHOWS = frozenset({"echo", "printf"})


def uname_decides(view: FileView) -> Iterator[LintFinding]:
    """Questions for the machine whose answer is used, in stages that run as the target."""
    found: dict[int, tuple[Run, Command, list[Platform]]] = {}
    for platform in view.platforms:
        if name_on_64_bit_host(platform) is None:
            continue
        for stage, run, values in values_at_runs(view, platform):
            if stage.kinds[platform] is not StageClass.TARGET:
                continue
            machine = stage.resolved[platform].platform
            command = _asking(run, Where(target=platform, machine=machine, values=values))
            if command is not None:
                key = id(run.instruction)
                found.setdefault(key, (run, command, []))[2].append(platform)
    for run, command, platforms in found.values():
        yield _finding(run, command, tuple(platforms))


def _asking(run: Run, where: Where) -> Command | None:
    """The first question that this platform comes to."""
    for script in run.scripts:
        asking = tuple(_used(script))
        if not asking:
            continue
        course = follow(script, where)
        for command in asking:
            if course.reaches(command.arms) is not False:
                return command
    return None


def _asks(command: Command) -> bool:
    if command.name == "arch":
        return not command.arguments
    if command.name != "uname":
        return False
    return any(
        one in _OPTIONS
        or (one.startswith("-") and not one.startswith("--") and bool(_LETTERS & set(one)))
        for one in command.arguments
    )


def _used(script: Script) -> Iterator[Command]:
    """Questions whose answer goes on, into a word, a pipe, a file; others are only shown."""
    asking = [index for index, one in enumerate(script.commands) if _asks(one)]
    members = Counter(one.pipeline for one in script.commands) if asking else Counter[int]()
    for index in asking:
        command = script.commands[index]
        if any(one.writes for one in command.redirects) or members[command.pipeline] > 1:
            yield command
        elif command.is_substituted:
            outer = _outer(script.commands[max(0, index - _NEAR) : index], command)
            if outer is None or not _only_shows(outer, members):
                yield command


def _outer(before: Sequence[Command], command: Command) -> Command | None:
    """The command in whose words the other one is substituted."""
    for one in reversed(before):
        if one.span.start <= command.span.start and command.span.end <= one.span.end:
            return one
    return None


def _only_shows(command: Command, members: Mapping[int, int]) -> bool:
    return (
        command.name in _SHOWS
        and not command.redirects
        and not command.is_substituted
        and members[command.pipeline] == 1
    )


def _finding(run: Run, command: Command, platforms: tuple[Platform, ...]) -> LintFinding:
    asked = " ".join((command.name, *command.arguments))
    told = ", ".join(f"`{name_on_64_bit_host(one)}` for {one}" for one in platforms)
    return LintFinding(
        rule="PA309",
        severity=Severity.WARNING,
        line=run.instruction.first_line,
        span=command.span,
        platforms=platforms,
        message=f"`{asked}` tells the kernel, not the platform: where a 64-bit machine runs it "
        f"natively, it says {told}",
        hint="ask `TARGETARCH` and `TARGETVARIANT`, `dpkg --print-architecture` or "
        "`apk --print-arch`",
        fix=FixClass.REVIEW,
        why_not="what stands around may go by the names of the kernel",
    )


RULES = (
    Rule(
        id="PA309",
        name="uname-decides",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="`uname -m` decides what a 32-bit platform gets",
        consequence="BuildKit sets no 32-bit personality. On a 64-bit Arm machine linux/arm/v7 and "
        "linux/arm/v6 run without an emulator, and `uname -m` says `aarch64` there; on an amd64 "
        "machine linux/386 is told `x86_64`. The image then gets 64-bit files, depending on which "
        "machine has built it.",
        remedy="Declare `ARG TARGETARCH` (and `TARGETVARIANT` for Arm) and choose by them, or ask "
        "the distribution, which knows what it is itself: `dpkg --print-architecture`, "
        "`apk --print-arch`.",
        before="RUN wget https://example.com/tool-$(uname -m).tar.gz",
        after="ARG TARGETARCH\nRUN wget https://example.com/tool-$TARGETARCH.tar.gz",
        sources=(
            "https://github.com/docker/buildx/issues/198",
            "https://github.com/docker/buildx/issues/630",
            "https://github.com/docker/buildx/issues/725",
        ),
        check=uname_decides,
    ),
)
