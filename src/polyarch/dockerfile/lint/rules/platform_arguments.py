"""PA304, PA306: automatic arguments that are hidden by a default, or never declared."""

import re
from collections.abc import Iterator, Mapping

from polyarch.dockerfile.lint.arches import KNOWN
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.names import AUTOMATIC, DECISIVE, variables
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.dockerfile.scope import automatic_arguments
from polyarch.dockerfile.tree import Assignment, Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_RAW_VARIANT = re.compile(r"GOARM=[\"']?\$(?:TARGETVARIANT\b|\{TARGETVARIANT\})")
_USE = re.compile(r"(?<!\\)\$(?:(\w+)|\{(\w+)([^}\w]?[^}\w]?))")
_RUNS_BODY = re.compile(r"\s*(?:<<|(?:\S*/)?(?:a|ba|da|z)?sh\b[^|;&]*<<)")
"""A RUN whose here-document is a script: nothing stands before it, or a shell does."""

_EXPANDS = frozenset(
    {"ADD", "ARG", "COPY", "ENV", "EXPOSE", "LABEL", "RUN", "STOPSIGNAL", "USER", "VOLUME",
     "WORKDIR"}
)  # fmt: skip


# --- PA304 ---------------------------------------------------------------------------------------


def platform_arg_default(view: FileView) -> Iterator[LintFinding]:
    """ARG with a default: BuildKit puts its own value in only where there is none."""
    for instruction in view.file.instructions:
        if instruction.name == "FROM":
            break
        hidden = [one for one in instruction.assignments if _hides(one, is_global=True)]
        if instruction.name == "ARG" and hidden:
            yield from _default(view, instruction, hidden)
    for stage in view.needed:
        for instruction in stage.outline.body:
            hidden = [one for one in instruction.assignments if _hides(one, is_global=False)]
            if instruction.name == "ARG" and hidden:
                yield from _default(view, instruction, hidden)


def _hides(argument: Assignment, *, is_global: bool) -> bool:
    """Above FROM `ARG X=${X:-…}` sees the automatic value; inside a stage it sees none."""
    if argument.name not in DECISIVE or argument.value is None:
        return False
    return not (is_global and argument.name in variables(argument.value))


def _default(
    view: FileView, instruction: Instruction, hidden: list[Assignment]
) -> Iterator[LintFinding]:
    concerned = tuple(
        one for one in view.platforms if any(_is_wrong(view, each, one) for each in hidden)
    )
    if not concerned:
        return
    names = ", ".join(f"`{one.name}`" for one in hidden)
    value = (hidden[0].value or "").strip("\"'")
    fix, why_not = _fix(view, hidden)
    first = hidden[0]
    yield LintFinding(
        rule="PA304",
        severity=Severity.ERROR,
        line=instruction.first_line,
        span=first.value_span or first.name_span,
        platforms=concerned,
        message=f"the default of {names} hides the value that BuildKit sets: it is "
        + (f"`{value}` on every platform" if value else "empty on every platform"),
        hint=f"write `ARG {' '.join(one.name for one in hidden)}` without a default; a fallback "
        f"for other builders belongs where it is used: `${{{first.name}:-{value or '…'}}}`",
        fix=fix,
        why_not=why_not,
    )


def _is_wrong(view: FileView, argument: Assignment, platform: Platform) -> bool:
    """Whether a platform gets what is not its own; one's own machine is only one builder."""
    if argument.name.startswith("BUILD"):
        return True
    text = (argument.value or "").strip("\"'")
    return text != _real(view, platform)[argument.name]


def _real(view: FileView, platform: Platform) -> Mapping[str, str]:
    return automatic_arguments(platform, view.build_platform, view.final.name)


def _fix(view: FileView, hidden: list[Assignment]) -> tuple[FixClass, str]:
    names = {one.name for one in hidden}
    if "TARGETVARIANT" in names and _RAW_VARIANT.search(view.file.text):
        return FixClass.NONE, "Go refuses the `GOARM=v7` that then comes out of TARGETVARIANT"
    known = {name: set[str]() for name in names}
    for platform in (*view.platforms, view.build_platform, *KNOWN):
        for name, values in known.items():
            values.add(_real(view, platform)[name])
    foreign = [
        one
        for one in hidden
        if (one.value or "").strip("\"'") not in {"", *known[one.name]}
        and one.name not in variables(one.value or "")
    ]
    if foreign:
        value = (foreign[0].value or "").strip("\"'")
        return FixClass.NONE, f"`{value}` is no name that BuildKit uses, so lines may count on it"
    return FixClass.SAFE, ""


# --- PA306 ---------------------------------------------------------------------------------------


def platform_arg_not_declared(view: FileView) -> Iterator[LintFinding]:
    """`$TARGETARCH` where neither the stage nor one that it stands on declares it: it is empty."""
    for stage in view.needed:
        declared = _declared_above(view, stage)
        for instruction in stage.body:
            uses = _uses(instruction, declared)
            if uses:
                yield _undeclared(stage, instruction, uses)
            if instruction.name in {"ARG", "ENV"}:
                declared |= {one.name for one in instruction.assignments}


def _declared_above(view: FileView, stage: StageView) -> set[str]:
    return {
        one.name
        for parent in view.chain(stage)[1:]
        for instruction in parent.body
        if instruction.name in {"ARG", "ENV"}
        for one in instruction.assignments
    }


def _uses(instruction: Instruction, declared: set[str]) -> dict[str, bool]:
    """The names that are used, and whether each use of them has a fallback."""
    found: dict[str, bool] = {}
    if instruction.name not in _EXPANDS or (instruction.name == "RUN" and instruction.json):
        return found
    text = _text(instruction)
    for bare, braced, operator in _USE.findall(text):
        name = bare or braced
        if name in AUTOMATIC and name not in declared:
            has_fallback = operator[:1] in {"-", "+"} or operator in {":-", ":+"}
            found[name] = found.get(name, True) and has_fallback
    if instruction.name == "RUN":
        found = {name: soft for name, soft in found.items() if not _sets_itself(text, name)}
    return found


def _text(instruction: Instruction) -> str:
    """What is expanded: of here-documents those with a plain word, and those that are scripts."""
    arguments = instruction.arguments.text
    is_script = instruction.name == "RUN" and _RUNS_BODY.match(arguments) is not None
    bodies = (one.body for one in instruction.heredocs if one.expands or is_script)
    return "\n".join((arguments, *bodies))


def _sets_itself(text: str, name: str) -> bool:
    """A script that gives the variable a value, or asks for one."""
    return (
        re.search(rf"\b{name}=|\bread\b[^\n;&|]*\b{name}\b|\bfor\s+{name}\s|{{{name}:?=", text)
        is not None
    )


def _undeclared(
    stage: StageView, instruction: Instruction, uses: Mapping[str, bool]
) -> LintFinding:
    names = ", ".join(f"`{name}`" for name in uses)
    is_soft = all(uses.values())
    text = instruction.arguments
    place = text.text.find(next(iter(uses)))
    span = (
        text.span(place, place + len(next(iter(uses)))) if place >= 0 else instruction.keyword.span
    )
    return LintFinding(
        rule="PA306",
        severity=Severity.WARNING if is_soft else Severity.ERROR,
        line=instruction.first_line,
        span=span,
        platforms=stage.platforms,
        message=f"{names} is used and not declared in this stage: "
        + (
            "its fallback is taken on every platform"
            if is_soft
            else "it is empty on every platform"
        ),
        hint=f"put `ARG {' '.join(uses)}` before it in the stage",
        fix=FixClass.REVIEW,
        why_not="a value where there was none changes what the instruction does",
    )


RULES = (
    Rule(
        id="PA304",
        name="platform-arg-default",
        severity=Severity.ERROR,
        fix=FixClass.SAFE,
        title="A default hides an argument that BuildKit sets for each platform",
        consequence="BuildKit fills TARGETARCH and its kin in only where ARG has no default. With "
        "one, every platform is built with that value: programs of one architecture in entries of "
        "all, and no error. `BUILDPLATFORM=linux/amd64` makes an Arm machine emulate its "
        "own build.",
        remedy="Declare the bare name. Where a builder that sets nothing has to work, too, write "
        "the fallback where the value is used: `${TARGETARCH:-amd64}`.",
        before="ARG TARGETARCH=amd64",
        after="ARG TARGETARCH",
        sources=(
            "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
            "https://github.com/docker/buildx/issues/510",
        ),
        check=platform_arg_default,
    ),
    Rule(
        id="PA306",
        name="platform-arg-not-declared",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="A platform argument is used in a stage that does not declare it",
        consequence="Inside a stage TARGETARCH and its kin are empty until `ARG TARGETARCH` stands "
        "there, or in a stage that it stands on; an ARG above the first FROM does not count. File "
        "names and GOARCH come out empty: downloads fail, compilers build for the machine they run "
        "on.",
        remedy="Put the bare ARG right before its first use, behind what all platforms can share.",
        before="FROM alpine:3.22\nRUN wget https://example.com/tool-${TARGETARCH}",
        after="FROM alpine:3.22\nARG TARGETARCH\nRUN wget https://example.com/tool-${TARGETARCH}",
        sources=(
            "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
        ),
        check=platform_arg_not_declared,
    ),
)
