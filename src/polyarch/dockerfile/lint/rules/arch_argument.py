"""PA305: an architecture argument of one's own, which has one value for all platforms."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from polyarch.dockerfile.lint.arches import World, platforms_of
from polyarch.dockerfile.lint.archnames import means_architecture, means_platform
from polyarch.dockerfile.lint.archwords import first_word
from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.literals import concerned
from polyarch.dockerfile.lint.names import AUTOMATIC, variables
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.dockerfile.tree import Assignment, Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_LEVEL = re.compile(r"armv\d(?:\.\d)?-[amr](?:[+.]\S*)?|x86-64-v\d|native|generic")
"""What compilers call the processors of one architecture, as in `-march=armv8-a`."""
_HANDED_ON = re.compile(
    r"(?<![^\s\"'])([A-Za-z_]\w*)=([\"']?)\$(?:\1|\{\1\})\2(?=[\s;&|\\)]|$)", re.ASCII
)
_FALLBACK = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?[-=]\$")
"""`${ARCH:-$(uname -m)}`: where the argument is empty, something else tells."""


@dataclass(slots=True, kw_only=True)
class _Uses:
    """The last stage of a family (stages on one root) that uses a variable: in a shell, elsewhere.

    `mapped` are those that a script gives a value itself, `more_than_handed` those that it does
    more with than to hand them on under their own name (`make ARCH="$ARCH"`).
    """

    roots: dict[int, int] = field(default_factory=dict)
    in_shell: dict[tuple[int, str], int] = field(default_factory=dict)
    elsewhere: dict[tuple[int, str], int] = field(default_factory=dict)
    mapped: dict[tuple[int, str], int] = field(default_factory=dict)
    more_than_handed: dict[tuple[int, str], int] = field(default_factory=dict)

    def read(self, stage: StageView) -> None:
        """Take a stage in; stages come in file order."""
        parents = (self.roots[index] for index in stage.parents if index in self.roots)
        root = self.roots[stage.index] = next(parents, stage.index)

        def note(found: dict[tuple[int, str], int], names: Iterable[str]) -> None:
            found.update(((root, name), stage.index) for name in names)

        for instruction in stage.body:
            note(self.mapped, _fallbacks(instruction))
            if instruction.name == "RUN":
                note(self.in_shell, _names(instruction))
                note(self.more_than_handed, _used_up(instruction))
                # The Go command reads it from the environment, where ARG stands as well.
                note(self.in_shell, ("GOARCH",))
            elif instruction.name not in {"FROM", "LABEL"}:
                note(self.elsewhere, _names(instruction))
        for run in stage.runs:
            for script in run.scripts:
                note(self.mapped, choices(script).names)
                note(self.mapped, (one.name for one, _ in script.assignments))

    def has(self, found: dict[tuple[int, str], int], stage: StageView, name: str) -> bool:
        """Whether the stage, or a later one of its family, is in a table for the variable."""
        return found.get((self.roots[stage.index], name), -1) >= stage.index


def custom_arch_argument(view: FileView) -> Iterator[LintFinding]:
    """Arguments that mean an architecture, by name or by default, and that something uses."""
    uses = _Uses()
    for stage in view.needed:
        uses.read(stage)
    defaults, following = view.defaults, _following(view)
    told: set[int] = set()
    for stage in view.needed:
        for instruction in stage.body:
            if instruction.name != "ARG" or instruction.first_line in told:
                continue
            for one in instruction.assignments:
                value = defaults.get(one.name, "") if one.value is None else one.value
                if not _is_custom(view, one.name, value, following):
                    continue
                found = _finding(stage, instruction, one, value, uses)
                if found:
                    told.add(instruction.first_line)
                    yield found
                    break


def _following(view: FileView) -> frozenset[str]:
    """What BuildKit sets, and the variables whose values stand on that, wherever they are set."""
    found = set(AUTOMATIC)
    own = (
        one
        for stage in view.needed
        for instruction in stage.body
        if instruction.name in {"ARG", "ENV"}
        for one in instruction.assignments
    )
    for one in (*(each for _, each in view.arguments), *own):
        if not found.isdisjoint(variables(one.value or "")):
            found.add(one.name)
    return frozenset(found)


def _is_custom(view: FileView, name: str, value: str, following: frozenset[str]) -> bool:
    """Whether it holds an architecture that follows nothing which BuildKit sets."""
    if name in view.given.build_args or not following.isdisjoint(variables(value)):
        return False
    if means_architecture(name):
        return not value.strip("\"'") or "$" in value or bool(_meant(value))
    return means_platform(name) and bool(_meant(value))


def _meant(value: str) -> tuple[Platform, ...]:
    """The platforms that a default may mean; none where it names none."""
    bare = value.strip("\"'")
    if _LEVEL.fullmatch(bare):
        return ()
    word = first_word(bare)
    return platforms_of(bare) or (word.platforms if word else ())


def _finding(
    stage: StageView, instruction: Instruction, argument: Assignment, value: str, uses: _Uses
) -> LintFinding | None:
    name = argument.name
    is_empty = argument.value is not None and not argument.value.strip("\"'")
    in_shell = uses.has(uses.more_than_handed if is_empty else uses.in_shell, stage, name)
    elsewhere = uses.has(uses.elsewhere, stage, name)
    platforms = concerned(stage, _meant(value), leaves=True)
    if not (in_shell or elsewhere) or uses.has(uses.mapped, stage, name) or not platforms:
        return None
    fix, why_not = _fix(value, elsewhere=elsewhere)
    holds = f"is `{value}` for all platforms" if value else "has one value for all platforms"
    return LintFinding(
        rule="PA305",
        severity=Severity.WARNING,
        line=instruction.first_line,
        span=argument.name_span,
        platforms=platforms,
        message=f"the argument `{name}` {holds} of a build, whatever each of them is",
        hint=f"set `{name}` from `TARGETARCH` where it is used, and keep the argument only to "
        "override that",
        fix=fix,
        why_not=why_not,
    )


def _fix(value: str, *, elsewhere: bool) -> tuple[FixClass, str]:
    is_dockers = bool(platforms_of(value.strip("\"'"), World.DOCKER))
    if elsewhere and not is_dockers:
        return FixClass.NONE, "it is used outside of RUN, where nothing can translate a name"
    return FixClass.REVIEW, "a script around the build may give the argument"


def _names(instruction: Instruction) -> Iterator[str]:
    """The variables that an instruction uses; `ENV X=$X` only hands on."""
    if instruction.name in {"ENV", "ARG"}:
        for one in instruction.assignments:
            value = (one.value or "").strip("\"'")
            found = variables(value)
            if len(found) != 1 or value not in {f"${found[0]}", f"${{{found[0]}}}"}:
                yield from found
        return
    for text in (instruction.arguments.text, *(one.content for one in instruction.heredocs)):
        yield from variables(text)


def _used_up(instruction: Instruction) -> Iterator[str]:
    for text in (instruction.arguments.text, *(one.content for one in instruction.heredocs)):
        yield from variables(_HANDED_ON.sub(" ", text))


def _fallbacks(instruction: Instruction) -> Iterator[str]:
    yield from _FALLBACK.findall(instruction.arguments.text)
    for one in instruction.heredocs:
        yield from _FALLBACK.findall(one.body)


RULES = (
    Rule(
        id="PA305",
        name="custom-arch-argument",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="An architecture comes from an argument of one's own",
        consequence="One build for several platforms gives an argument one value. Unless a script "
        "builds each platform alone and sets it each time, all platforms get the files of one, or "
        "of none where the argument has no default.",
        remedy="Take `TARGETARCH` and `TARGETVARIANT`, which BuildKit sets for each platform, and "
        "translate them where other words are needed. An argument that stays can override: "
        "`arch=${ARCH:-$TARGETARCH}`.",
        before="ARG ARCH=amd64\nRUN wget -qO /bin/yq https://example.com/yq_linux_${ARCH}",
        after="ARG TARGETARCH\nRUN wget -qO /bin/yq https://example.com/yq_linux_${TARGETARCH}",
        sources=(
            "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
        ),
        check=custom_arch_argument,
    ),
)
