"""PA310: a choice by platform that has nothing for one that is asked for, or another one's."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from polyarch.dockerfile.graph import OriginKind
from polyarch.dockerfile.lint.choosing import choosing
from polyarch.dockerfile.lint.course import Where, follow
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.gaps import Gap, GapKind, gaps
from polyarch.dockerfile.lint.names import DECISIVE, through_defaults
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.values import values_at_runs
from polyarch.dockerfile.lint.view import FileView, Run, StageClass, StageView
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_WHY_NOT = "which files or values the other platforms have is not in the Dockerfile"
_HINT = (
    "name every platform that is asked for, each by the name that the question gives it, and let "
    "the rest stop with a message"
)
_EXPANSION = re.compile(r"\$(?:\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)")


@dataclass(slots=True, kw_only=True)
class _Instruction:
    """What one RUN has for each platform; the gravest kind first counts."""

    run: Run
    found: dict[Platform, Gap] = field(default_factory=dict)


def dispatch_incomplete(view: FileView) -> Iterator[LintFinding]:
    """Choices in scripts, and choices among stages."""
    instructions: dict[int, _Instruction] = {}
    for platform in view.platforms:
        for run, gap in _gaps(view, platform):
            held = instructions.setdefault(id(run.instruction), _Instruction(run=run))
            known = held.found.get(platform)
            if known is None or gap.weight > known.weight:
                held.found[platform] = gap
    for one in instructions.values():
        yield _finding(one)
    for stage in view.needed:
        missing = _without_stage(view, stage)
        if missing:
            yield _no_stage(stage, missing)


def _gaps(view: FileView, platform: Platform) -> Iterator[tuple[Run, Gap]]:
    for stage, run, values in values_at_runs(view, platform):
        machine = stage.resolved[platform].platform
        for script in run.scripts:
            if not script.dispatches:
                continue
            chosen = choosing(script, values)
            if not chosen.dispatches:
                continue
            where = Where(target=platform, machine=machine, values=values)
            is_native = stage.kinds[platform] is StageClass.NATIVE
            course = follow(script, where)
            yield from ((run, gap) for gap in gaps(course, chosen, is_native=is_native))


def _finding(one: _Instruction) -> LintFinding:
    is_wrong = any(gap.kind is GapKind.FOREIGN for gap in one.found.values())
    gravest = max(one.found.values(), key=lambda gap: gap.weight)
    return LintFinding(
        rule="PA310",
        severity=Severity.ERROR if is_wrong else Severity.WARNING,
        line=one.run.instruction.first_line,
        span=gravest.span,
        platforms=tuple(one.found),
        message=_message(one.found),
        hint=_HINT,
        fix=FixClass.NONE,
        why_not=_WHY_NOT,
    )


def _message(found: Mapping[Platform, Gap]) -> str:
    """What happens, with the platforms that it happens to."""
    by_gap: dict[tuple[GapKind, str], list[Platform]] = {}
    for platform, gap in found.items():
        by_gap.setdefault((gap.kind, gap.text), []).append(platform)
    parts = sorted(by_gap.items(), key=lambda one: list(GapKind).index(one[0][0]), reverse=True)
    return "; ".join(_part(kind, text, platforms) for (kind, text), platforms in parts)


def _part(kind: GapKind, text: str, platforms: Iterable[Platform]) -> str:
    named = ", ".join(str(one) for one in platforms)
    match kind:
        case GapKind.FOREIGN:
            return f"{named} silently gets what is another platform's: `{text}`"
        case GapKind.STOPS:
            return f"the build stops for {named}"
        case GapKind.UNSET:
            return f"`{text}` is never set for {named}"
        case GapKind.EMPTY:
            return f"the answer of `$( )` is empty for {named}"
        case GapKind.ABSENT:
            return f"nothing is fetched for {named}"


# --- stages ----------------------------------------------------------------------------------


def _without_stage(view: FileView, stage: StageView) -> tuple[Platform, ...]:
    """The platforms whose stage is missing in `FROM base-${TARGETARCH}`."""
    text = stage.outline.base
    if not through_defaults(text, view.defaults) & DECISIVE:
        return ()
    pattern = _EXPANSION.sub("*", text)
    if not any(fnmatchcase(one.name, pattern) for one in view.stages[: stage.index]):
        return ()
    return tuple(
        platform
        for platform, one in stage.resolved.items()
        if one.base.kind is OriginKind.IMAGE and not re.search("[/:@]", one.base.text)
    )


def _no_stage(stage: StageView, missing: tuple[Platform, ...]) -> LintFinding:
    names = {stage.resolved[one].base.text: None for one in missing}
    named = ", ".join(f"`{name}`" for name in names)
    return LintFinding(
        rule="PA310",
        severity=Severity.WARNING,
        line=stage.line,
        span=stage.outline.base_span,
        platforms=missing,
        message=f"there is no stage called {named}: BuildKit looks for an image of that name",
        hint="write a stage for each platform that is asked for",
        fix=FixClass.NONE,
        why_not="what such a stage has to hold is not in the Dockerfile",
    )


RULES = (
    Rule(
        id="PA310",
        name="dispatch-incomplete",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="A choice by platform has no branch for a platform that is asked for",
        consequence="Where the rest ends in `exit 1`, the build of that platform stops. Where "
        "nothing catches it, a variable stays empty and a file name is cut short. Where the rest "
        "takes one platform's value for all others, the image is built, pushed and broken. Names "
        "are a trap of their own: `armhf` is v7 to Debian and v6 to Alpine, `ppc64le` is `ppc64el` "
        "to Debian, and `386` is `i386`, `i686` or `x86`.",
        remedy="Name every platform that the image is made for, by the name that the question "
        "(`TARGETARCH`, `dpkg --print-architecture`, `uname -m`) gives it, and end with a branch "
        "that stops with a message. If a project publishes nothing for a platform, compile it, "
        "leave it out there on purpose, or do not build the image for that platform.",
        before='RUN if [ "$TARGETARCH" = arm64 ]; then A=aarch64; else A=x86_64; fi; '
        "wget https://example.com/tool-$A.tar.gz",
        after='RUN case "$TARGETARCH" in arm64) A=aarch64;; amd64) A=x86_64;; '
        '*) echo "no tool for $TARGETARCH" >&2; exit 1;; esac; '
        "wget https://example.com/tool-$A.tar.gz",
        sources=(
            "https://docs.docker.com/build/building/variables/#multi-platform-build-arguments",
            "https://wiki.debian.org/ArchitectureSpecificsMemo",
            "https://wiki.alpinelinux.org/wiki/Architecture",
        ),
        check=dispatch_incomplete,
    ),
)
