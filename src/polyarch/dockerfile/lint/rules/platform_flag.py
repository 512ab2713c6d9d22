"""PA101, PA102, PA105: what `--platform=` of a FROM does to the image."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.lint.archwords import first_word
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.names import AUTOMATIC, through_defaults
from polyarch.dockerfile.lint.pinning import architecture_arguments
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, StageClass, StageView
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Comment
from polyarch.findings import Severity

_OS = re.compile(r"(?<![a-z0-9])(?:linux|windows|darwin|macos|freebsd)(?![a-z0-9])")
_TARGET_PLATFORM = frozenset({"$TARGETPLATFORM", "${TARGETPLATFORM}"})
_ONLY_FILES = frozenset({"ADD", "ARG", "COPY", "ENV", "LABEL", "WORKDIR"})


# --- PA101 ---------------------------------------------------------------------------------------


def from_platform_constant(view: FileView) -> Iterator[LintFinding]:
    """A literal platform, or a variable that is never worth anything else."""
    for stage in view.needed:
        if not _is_constant(view, stage) or _name_says_platform(stage.outline.name or ""):
            continue
        fixed = str(next(iter(stage.resolved.values())).platform)
        concerned = tuple(one for one, found in stage.resolved.items() if found.platform != one)
        if not concerned:
            continue
        yield _constant(view, stage, fixed)


def _is_constant(view: FileView, stage: StageView) -> bool:
    text = stage.outline.platform
    if text is None or set(stage.kinds.values()) != {StageClass.CONSTANT} or stage.parents:
        return False
    names = through_defaults(text, view.defaults)
    is_literal = not names & AUTOMATIC and all(name in view.defaults for name in names)
    return is_literal and not names & view.unset and not architecture_arguments(view, text)


def _constant(view: FileView, stage: StageView, fixed: str) -> LintFinding:
    if stage.is_shipped:
        concerned = tuple(one for one, found in stage.resolved.items() if found.platform != one)
        on_purpose = _has_comment_above(view, stage)
        return LintFinding(
            rule="PA101",
            severity=Severity.ERROR,
            line=stage.line,
            span=_flag_span(stage),
            platforms=concerned,
            message=f"the image stands on `{fixed}` whatever platform is built: each entry of the "
            "index holds the same content under another name",
            hint="drop `--platform=…` from this FROM; a base that lacks a platform is no reason to "
            "ship another one's files",
            fix=FixClass.NONE if on_purpose else FixClass.REVIEW,
            why_not="the comment above it may say that it is meant"
            if on_purpose
            else "the base may lack the platforms that then are asked of it",
        )
    return LintFinding(
        rule="PA101",
        severity=Severity.WARNING,
        line=stage.line,
        span=_flag_span(stage),
        platforms=stage.platforms,
        message=f"stage `{stage.name}` always runs on `{fixed}`: a builder of another platform "
        "emulates it, and what it compiles is of that platform unless a command says otherwise",
        hint="write `--platform=$BUILDPLATFORM` where the stage only prepares files for the target",
        fix=FixClass.REVIEW,
        why_not="its programs may exist for this one platform only",
    )


def _name_says_platform(name: str) -> bool:
    """The idiom of one stage per platform, which BuildKit's own check lets pass as well."""
    return _OS.search(name) is not None or first_word(name, weak=True) is not None


def _has_comment_above(view: FileView, stage: StageView) -> bool:
    nodes = view.file.nodes
    place = nodes.index(stage.outline.start)
    return place > 0 and isinstance(nodes[place - 1], Comment)


# --- PA102 ---------------------------------------------------------------------------------------


def redundant_targetplatform(view: FileView) -> Iterator[LintFinding]:
    """The default, written out; with a fallback of its own it is a workaround and stays."""
    if "TARGETPLATFORM" in view.defaults:
        return
    for stage in view.needed:
        if (stage.outline.platform or "") in _TARGET_PLATFORM:
            yield LintFinding(
                rule="PA102",
                severity=Severity.INFO,
                line=stage.line,
                span=_flag_span(stage),
                platforms=stage.platforms,
                message="FROM takes the target's platform anyway",
                hint="leave `--platform=$TARGETPLATFORM` out",
                fix=FixClass.SAFE,
            )


# --- PA105 ---------------------------------------------------------------------------------------


def shipped_on_buildplatform(view: FileView) -> Iterator[LintFinding]:
    """The image itself stands on the builder's platform, often by inheritance."""
    final = view.final
    concerned = tuple(
        one
        for one, kind in final.kinds.items()
        if kind is StageClass.NATIVE and one != view.build_platform
    )
    if not concerned or _is_export(view):
        return
    inherited = final.outline.platform is None
    root = view.chain(final)[-1]
    where = f"through stage `{root.name}` (line {root.line})" if inherited else "here"
    yield LintFinding(
        rule="PA105",
        severity=Severity.ERROR,
        line=final.line,
        span=final.outline.base_span if inherited or final.parents else _flag_span(final),
        platforms=concerned,
        message=f"the image stands on the builder's platform, set {where}: every entry of the "
        "index holds programs of the machine that built it",
        hint=_advice(view, root),
        fix=FixClass.REVIEW,
        why_not="stages that stand on the same base may count on the builder's platform",
    )


def _advice(view: FileView, root: StageView) -> str:
    others = [one.name for one in view.standing_on(root) if not one.is_shipped]
    if not others:
        return f"drop `--platform=…` from the FROM in line {root.line}"
    names = ", ".join(f"`{name}`" for name in others)
    return (
        f"drop `--platform=…` in line {root.line} and let {names} begin with their own "
        f"`FROM --platform=$BUILDPLATFORM {root.outline.base}`"
    )


def _is_export(view: FileView) -> bool:
    """A stage that only gathers files, for `--output`: no program, nothing that is run."""
    chain = view.chain(view.final)
    if any(one.resolved and _starts_programs(one) for one in chain):
        return False
    return all(each.name in _ONLY_FILES for one in chain for each in one.body) and any(
        each.name in {"ADD", "COPY"} for each in view.final.body
    )


def _starts_programs(stage: StageView) -> bool:
    return any(each.name in {"CMD", "ENTRYPOINT", "RUN"} for each in stage.body)


def _flag_span(stage: StageView) -> Span:
    flag = stage.outline.start.flag("platform")
    return flag.span if flag else stage.outline.base_span


RULES = (
    Rule(
        id="PA101",
        name="from-platform-constant",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="FROM names one platform, whatever is built",
        consequence="Every platform of the build gets this one base. Where the stage is shipped, "
        "each entry of the index claims a platform that its files are not of, and the programs do "
        "not start there. In a stage that only prepares files the builder has to be, or emulate, "
        "exactly that platform.",
        remedy="Leave the flag out of stages that are shipped. A stage that only compiles or "
        "fetches belongs on `$BUILDPLATFORM`, with the target in `TARGETOS` and `TARGETARCH`. Give "
        "a stage that exists per platform the platform in its name (`tools-amd64`).",
        before="FROM --platform=linux/amd64 tools AS helper",
        after="FROM --platform=$BUILDPLATFORM tools AS helper",
        sources=(
            "https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/",
            "https://docs.docker.com/build/building/multi-platform/#cross-compilation",
        ),
        buildkit="FromPlatformFlagConstDisallowed",
        check=from_platform_constant,
    ),
    Rule(
        id="PA102",
        name="redundant-targetplatform",
        severity=Severity.INFO,
        fix=FixClass.SAFE,
        title="`--platform=$TARGETPLATFORM` says what FROM does anyway",
        consequence="Nothing breaks. Readers look for a reason that is not there.",
        remedy="Leave the flag out.",
        before="FROM --platform=$TARGETPLATFORM alpine:3.22",
        after="FROM alpine:3.22",
        sources=("https://docs.docker.com/reference/build-checks/redundant-target-platform/",),
        buildkit="RedundantTargetPlatform",
        check=redundant_targetplatform,
    ),
    Rule(
        id="PA105",
        name="shipped-on-buildplatform",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="The image that is shipped stands on the builder's platform",
        consequence="All entries of the index hold the builder's programs, and only the one that "
        "happens to be the builder's own platform starts. It is inherited, too: a stage that "
        "stands on another one runs on that one's platform.",
        remedy="Put `--platform=$BUILDPLATFORM` on the stages that compile, and let the last stage "
        "stand on a base without it.",
        before="FROM --platform=$BUILDPLATFORM node:22 AS base\n"
        "FROM base AS build\n"
        "RUN npm ci && npm run build\n"
        "FROM base",
        after="FROM node:22 AS base\n"
        "FROM --platform=$BUILDPLATFORM node:22 AS build\n"
        "RUN npm ci && npm run build\n"
        "FROM base",
        sources=("https://docs.docker.com/build/building/multi-platform/",),
        check=shipped_on_buildplatform,
    ),
)  # fmt: skip
