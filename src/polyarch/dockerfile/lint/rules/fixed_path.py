"""PA308: a path that has one platform's name in it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from polyarch.dockerfile.graph import OriginKind
from polyarch.dockerfile.lint.arches import World, platforms_of
from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.literals import (
    Literal,
    Piece,
    concerned,
    literals,
    of_arguments,
    of_assignment,
    of_shell,
    sources_of,
    without_sets,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.shell.script import Script
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_REMOTE = re.compile(r"[a-z+]+://|[\w.-]+@[\w.-]+:", re.IGNORECASE)
_LOADER = re.compile(r"(?:^|/)(?:ld-linux|ld-musl|ld64|libc\.musl)[-.]?$")
_JVM = re.compile(r"/(?:jvm|java)/[^/]*$")
_PREBUILD = re.compile(r"(?:^|/)linux(?:musl)?-$")
_EMULATOR = re.compile(r"(?:^|/)qemu-$")
_PART_END = re.compile(r"[/:\"']|$")
_TESTS = frozenset({"[", "[[", "test", "ls", "stat", "rm", "find", "echo", "printf", "grep", "sed"})
"""What asks whether a path is there, or does no harm where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A platform word in a path of an instruction; `giver` is the stage that COPY takes it from."""

    instruction: Instruction
    literal: Literal
    giver: StageView | None = None
    is_context: bool = False


def hard_coded_path(view: FileView) -> Iterator[LintFinding]:
    """Paths for one platform outside of any choice, once for each instruction."""
    told: set[int] = set()
    for stage in view.needed:
        places = tuple(_places(view, stage))
        kept = set(without_sets(one.literal for one in places))
        by_line: dict[int, list[_Place]] = {}
        for one in places:
            if one.literal in kept:
                by_line.setdefault(one.instruction.first_line, []).append(one)
        for line, here in by_line.items():
            platforms = _platforms(stage, here)
            if platforms and line not in told:
                told.add(line)
                yield _finding(here, platforms)


# --- where paths stand ---------------------------------------------------------------------------


def _places(view: FileView, stage: StageView) -> Iterator[_Place]:
    runs = iter(stage.runs)
    linked = _linked(stage)
    givers = _givers(view, stage)
    for instruction in stage.body:
        name = instruction.name
        if name == "RUN":
            yield from _of_run(next(runs), linked)
        elif name in {"COPY", "ADD"}:
            yield from _of_copy(instruction, givers)
        elif name in {"ENV", "ARG"}:
            pieces: Iterable[Piece] = (
                of_assignment(one) for one in instruction.assignments if one.value
            )
            yield from _fixed(instruction, pieces, linked)
        elif name in {"WORKDIR", "CMD", "ENTRYPOINT", "HEALTHCHECK", "VOLUME"}:
            yield from _fixed(instruction, of_arguments(instruction), linked)


def _fixed(
    instruction: Instruction, pieces: Iterable[Piece], linked: frozenset[str]
) -> Iterator[_Place]:
    for piece in pieces:
        for one in _system_paths(piece):
            if _component(one) not in linked:
                yield _Place(instruction=instruction, literal=one)


def _of_run(run: Run, linked: frozenset[str]) -> Iterator[_Place]:
    for script in run.scripts:
        chosen = choices(script)
        asked = _asked(script)
        for assignment, arms in script.assignments:
            if not chosen.cover(arms, assignment.span) and assignment.name not in chosen.names:
                for one in _system_paths(of_shell(assignment.value)):
                    yield _Place(instruction=run.instruction, literal=one)
        for command in script.commands:
            if chosen.cover(command.arms, command.span) or command.name in _TESTS:
                continue
            words = (*command.words[1:], *(one.value for one in command.assignments))
            for word in words:
                for one in _system_paths(of_shell(word)):
                    made = _component(one) in linked and not _LOADER.search(_before(one))
                    if word.text.strip("\"'") not in asked and not made:
                        yield _Place(instruction=run.instruction, literal=one)


def _asked(script: Script) -> frozenset[str]:
    """The paths that tests of a script ask for: what is done to them is done where they are."""
    return frozenset(
        word.text.strip("\"'")
        for command in script.commands
        if command.name in {"[", "[[", "test"}
        for word in command.words
    )


def _of_copy(instruction: Instruction, givers: Mapping[Span, StageView]) -> Iterator[_Place]:
    flag = instruction.flag("from")
    giver = givers.get(flag.span) if flag else None
    is_context = giver is None
    sources = {piece.span: piece for piece in sources_of(instruction)}
    for piece in of_arguments(instruction):
        if _REMOTE.match(piece.text):
            continue
        if piece.span in sources and is_context:
            found: Iterable[Literal] = _context_paths(piece)
        else:
            found = _system_paths(piece)
        for one in found:
            yield _Place(
                instruction=instruction,
                literal=one,
                giver=giver if piece.span in sources else None,
                is_context=is_context,
            )


def _givers(view: FileView, stage: StageView) -> dict[Span, StageView]:
    """The stages that COPY takes from, by the place of its flag; images are not among them."""
    return {
        use.span: view.stages[use.origin.stage]
        for one in stage.resolved.values()
        for use in one.copies_from
        if use.origin.kind is OriginKind.STAGE and use.origin.stage is not None
    }


# --- which words are fixed -----------------------------------------------------------------------


def _system_paths(piece: Piece) -> Iterator[Literal]:
    """Library folders, loaders, Java's homes and prebuilt programs, wherever the path leads."""
    if "/" not in piece.text:
        return
    yield from (one for one in literals(piece) if _is_of_system(one))


def _is_of_system(literal: Literal) -> bool:
    word, before = literal.word, _before(literal)
    after = literal.piece.text[word.end : word.end + 1]
    if platforms_of(word.word, World.MULTIARCH):
        return before.endswith("/") and after in {"", "/", ":", '"', "'", ";", ","}
    if _LOADER.search(before):
        return True
    if not word.ends_part:
        return False
    return bool(_JVM.search(before) or (_PREBUILD.search(before) and _is_nodes(literal, before)))


def _is_nodes(literal: Literal, before: str) -> bool:
    """Whether a folder is named as Node.js names platforms."""
    return literal.word.word in {"x64", "ia32"} or "prebuilds/" in before


def _context_paths(piece: Piece) -> Iterator[Literal]:
    """Every word of a path outside of the image; emulators are told of on their own."""
    yield from (one for one in literals(piece) if not _EMULATOR.search(_before(one)))


_LOOK_BACK = 200
"""Characters before a word that tell what it is a part of."""


def _before(literal: Literal) -> str:
    start = literal.word.start
    return literal.piece.text[max(0, start - _LOOK_BACK) : start]


def _component(literal: Literal) -> str:
    """The path up to the end of the part that the word stands in, without quotes."""
    text = literal.piece.text
    end = _PART_END.search(text, literal.word.end)
    return text[: end.start() if end else len(text)].strip("\"'")


def _linked(stage: StageView) -> frozenset[str]:
    """What the stage links under a name: then the path is there on every platform."""
    return frozenset(
        str(command.words[-1]).rstrip("/")
        for _, command in stage.commands
        if command.name == "ln" and len(command.words) > 1
    )


# --- what is told --------------------------------------------------------------------------------


def _platforms(stage: StageView, places: list[_Place]) -> tuple[Platform, ...]:
    hit = {platform for one in places for platform in _concerned(stage, one)}
    return tuple(one for one in stage.platforms if one in hit)


def _concerned(stage: StageView, place: _Place) -> tuple[Platform, ...]:
    """A path of another stage has to suit the machine of that one."""
    meant = place.literal.word.platforms
    if place.giver is None:
        return concerned(stage, meant, leaves=place.is_context)
    there = concerned(place.giver, meant, leaves=False)
    return tuple(one for one in stage.platforms if one in there)


def _finding(places: list[_Place], platforms: tuple[Platform, ...]) -> LintFinding:
    first = places[0]
    fix, why_not, hint = _way_out(places[0])
    return LintFinding(
        rule="PA308",
        severity=Severity.ERROR,
        line=first.instruction.first_line,
        span=first.literal.span,
        platforms=platforms,
        message=f"`{_component(first.literal)}` is a path for `{first.literal.word.text}` alone",
        hint=hint,
        fix=fix,
        why_not=why_not,
    )


def _way_out(first: _Place) -> tuple[FixClass, str, str]:
    if first.instruction.name == "RUN":
        why_not = "what the path is on another platform, only a command in the stage can tell"
        return FixClass.NONE, why_not, _ASK
    if first.is_context and first.instruction.name in {"COPY", "ADD"}:
        why_not = "whether the context has the files of the other platforms is not known"
        return FixClass.REVIEW, why_not, "write `${TARGETARCH}` in its place"
    if _JVM.search(_before(first.literal)):
        why_not = "the link is there only if the package of the default Java is"
        return FixClass.REVIEW, why_not, "use `/usr/lib/jvm/default-java`, or link the folder"
    if first.instruction.name == "COPY":
        why_not = "a pattern may find other files, too"
        return FixClass.REVIEW, why_not, "write `*-linux-gnu*` in its place"
    return FixClass.REVIEW, "a link has to be made for it", _LINK


_ASK = (
    "ask in the stage: `$(gcc -print-multiarch)`, `$(dpkg --print-architecture)`, or a pattern "
    "such as `/usr/lib/*-linux-gnu*`"
)
_LINK = "link the folder under a name that is the same everywhere, in a RUN, and use that name"

RULES = (
    Rule(
        id="PA308",
        name="hard-coded-arch-path",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="A path has one platform's name in it",
        consequence="The folder is not there on the other platforms: COPY stops the build, a "
        "variable such as `JAVA_HOME` or `LD_PRELOAD` leads nowhere once the container runs. A "
        "file of the context with one platform in its name is put into the images of all.",
        remedy="Choose context files by `${TARGETARCH}` in the path. For Debian's library folders "
        "ask `dpkg --print-architecture` or `gcc -print-multiarch` in RUN, use a pattern "
        "(`/usr/lib/*-linux-gnu*`), or make a link with a name that says no platform. Java is "
        "under `/usr/lib/jvm/default-java` where `default-jre` or `default-jdk` is installed.",
        before="ENV JAVA_HOME=/usr/lib/jvm/java-21-openjdk-amd64",
        after="RUN ln -s java-21-openjdk-$(dpkg --print-architecture) /usr/lib/jvm/java\n"
        "ENV JAVA_HOME=/usr/lib/jvm/java",
        sources=(
            "https://wiki.debian.org/Multiarch/Tuples",
            "https://docs.docker.com/build/building/multi-platform/",
        ),
        check=hard_coded_path,
    ),
)
