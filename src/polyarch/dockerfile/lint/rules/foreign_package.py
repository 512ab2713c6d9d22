"""PA311: packages that are asked for of one architecture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import AMD64, ARM64, ARM_V7, I386, World, platforms_of
from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.literals import Piece, concerned, of_shell
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Heredoc, Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_APT = frozenset({"apt", "apt-get", "aptitude"})
_RPM = frozenset({"dnf", "yum", "microdnf", "tdnf", "zypper"})
_BOOTSTRAP = frozenset({"debootstrap", "mmdebstrap", "qemu-debootstrap", "multistrap"})
_OPTIONS = {
    "apk": frozenset({"--arch"}),
    "dpkg": frozenset({"--add-architecture"}),
    **dict.fromkeys(_APT, frozenset({"-a", "--host-architecture"})),
    **dict.fromkeys(_RPM, frozenset({"--forcearch"})),
    **dict.fromkeys(_BOOTSTRAP, frozenset({"--arch", "--architectures", "--architecture"})),
}
_OF_APT = re.compile(r"[\"']?[a-z0-9][a-z0-9+.-]*:(?P<arch>[a-z0-9-]+)(?:=.*)?[\"']?", re.DOTALL)
_OF_RPM = re.compile(r"[\"']?[A-Za-z0-9*][\w.+*-]*\.(?P<arch>[a-z0-9_]+)[\"']?")
_SOURCE = re.compile(r"\[[^\]\n]*?\barch(?:\+|-)?=(?P<arch>[a-z0-9]+)(?=[\s\]])")
_STANZA = re.compile(r"^Architectures:[ \t]*(?P<arch>[a-z0-9]+)[ \t]*\r?$", re.MULTILINE)
_RUNS_TOO = {I386: AMD64, ARM_V7: ARM64}
"""Where a 32-bit package can be installed beside those of the machine itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An architecture that a package or a source of packages is bound to."""

    instruction: Instruction
    text: str
    span: Span
    platforms: tuple[Platform, ...]
    is_source: bool


def arch_qualified_package(view: FileView) -> Iterator[LintFinding]:
    """Packages and sources of one architecture outside of any choice, once per instruction."""
    told: set[int] = set()
    for stage in view.needed:
        places: dict[int, list[_Place]] = {}
        for place in _places(stage):
            places.setdefault(place.instruction.first_line, []).append(place)
        for line, here in places.items():
            platforms = _platforms(stage, here)
            several = len({one.platforms for one in here}) > 1
            if platforms and not several and line not in told:
                told.add(line)
                yield _finding(here, platforms)


# --- where architectures are asked for -----------------------------------------------------------


def _places(stage: StageView) -> Iterator[_Place]:
    runs = iter(stage.runs)
    for instruction in stage.body:
        if instruction.name == "RUN":
            yield from _of_run(next(runs))
        if instruction.name in {"RUN", "COPY", "ADD"}:
            for heredoc in instruction.heredocs:
                yield from _of_heredoc(instruction, heredoc)


def _of_run(run: Run) -> Iterator[_Place]:
    for script in run.scripts:
        chosen = choices(script)
        for command in script.commands:
            if chosen.cover(command.arms, command.span):
                continue
            for piece, match, world in _asked(command):
                yield from _place(run.instruction, piece, match, world)
            for word in command.words[1:]:
                piece = of_shell(word)
                for match in _SOURCE.finditer(piece.text):
                    yield from _place(run.instruction, piece, match, World.DEBIAN, is_source=True)


def _of_heredoc(instruction: Instruction, heredoc: Heredoc) -> Iterator[_Place]:
    piece = Piece(text=heredoc.body, span=heredoc.body_span, is_exact=True)
    for pattern in (_SOURCE, _STANZA):
        for match in pattern.finditer(piece.text):
            yield from _place(instruction, piece, match, World.DEBIAN, is_source=True)


def _asked(command: Command) -> Iterator[tuple[Piece, re.Match[str], World]]:
    """The words that name an architecture, each with the match and the world that it is from."""
    name = command.name
    options = _OPTIONS.get(name, frozenset())
    world = World.ALPINE if name == "apk" else World.RPM if name in _RPM else World.DEBIAN
    follows = False
    for word in command.words[1:]:
        piece = of_shell(word)
        flag, equals, _ = word.text.partition("=")
        if follows:
            pattern = re.compile(r"[\"']?(?P<arch>[\w-]+)[\"']?")
        elif flag in options and equals:
            pattern = re.compile(rf"{re.escape(flag)}=[\"']?(?P<arch>[\w-]+)[\"']?")
        elif name in _APT:
            pattern = _OF_APT
        elif name in _RPM:
            pattern = _OF_RPM
        else:
            pattern = None
        follows = not follows and flag in options and not equals
        match = pattern.fullmatch(piece.text) if pattern else None
        if match:
            yield piece, match, world


def _place(
    instruction: Instruction,
    piece: Piece,
    match: re.Match[str],
    world: World,
    *,
    is_source: bool = False,
) -> Iterator[_Place]:
    platforms = platforms_of(match["arch"], world)
    if platforms:
        more = tuple(_RUNS_TOO[one] for one in platforms if one in _RUNS_TOO and not is_source)
        yield _Place(
            instruction=instruction,
            text=match["arch"],
            span=piece.part(match.start("arch"), match.end("arch")),
            platforms=(*platforms, *more),
            is_source=is_source,
        )


# --- what is told --------------------------------------------------------------------------------


def _platforms(stage: StageView, places: list[_Place]) -> tuple[Platform, ...]:
    hit = {one for each in places for one in concerned(stage, each.platforms, leaves=False)}
    return tuple(one for one in stage.platforms if one in hit)


def _finding(places: list[_Place], platforms: tuple[Platform, ...]) -> LintFinding:
    first = places[0]
    only_sources = all(one.is_source for one in places)
    if only_sources:
        message = f"the source of packages is taken for `{first.text}` alone: elsewhere it is empty"
        hint = "write `[arch=$(dpkg --print-architecture)]`, or leave the restriction out"
        why_not = "the source may have no packages for the other platforms"
    else:
        message = f"a package is asked for as one of `{first.text}`, whatever platform is built"
        hint = (
            "leave the architecture out, or install it in a branch for the platforms that have it"
        )
        why_not = "whether the package is needed on the other platforms is not told"
    return LintFinding(
        rule="PA311",
        severity=Severity.ERROR,
        line=first.instruction.first_line,
        span=first.span,
        platforms=platforms,
        message=message,
        hint=hint,
        fix=FixClass.REVIEW if only_sources else FixClass.NONE,
        why_not=why_not,
    )


RULES = (
    Rule(
        id="PA311",
        name="arch-qualified-package",
        severity=Severity.ERROR,
        fix=FixClass.NONE,
        title="A package is asked for of one architecture",
        consequence="The package manager of another platform does not know the package, or its "
        "source shows it nothing, and the build stops. Where it does know it, a foreign program is "
        "installed that cannot be started.",
        remedy="Leave the architecture out: package managers take the machine's own. A source line "
        "that has to name one says `[arch=$(dpkg --print-architecture)]`, within double quotes. "
        "What only one platform has belongs in a branch for it.",
        before="RUN echo 'deb [arch=amd64] https://example.com/apt stable main' "
        "> /etc/apt/sources.list.d/example.list",
        after='RUN echo "deb [arch=$(dpkg --print-architecture)] https://example.com/apt stable '
        'main" > /etc/apt/sources.list.d/example.list',
        sources=(
            "https://manpages.debian.org/stable/apt/sources.list.5.en.html",
            "https://wiki.debian.org/Multiarch/HOWTO",
        ),
        check=arch_qualified_package,
    ),
)
