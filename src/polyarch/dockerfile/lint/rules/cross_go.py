"""PA501, PA502: Go that is cross-compiled, and what the command leaves open."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.cgo import Cgo, cgo_of
from polyarch.dockerfile.lint.emulation import Deed, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.settings import Place, Setting, setting
from polyarch.dockerfile.lint.view import FileView, StageClass
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_BUILDS = frozenset({"build", "install"})
_RAW = re.compile(r"[\"']?\$(?:TARGETVARIANT|\{TARGETVARIANT\})[\"']?")
_BASELINE = "v7"
"""What Go takes for 32-bit Arm where it is not told and compiles on another machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cross:
    """A Go command of a native stage that follows the target."""

    site: Site
    deed: Deed
    architecture: Setting
    arm: Setting | None
    cgo: Setting | None


def _crossed(view: FileView) -> Iterator[_Cross]:
    """Commands that are told GOARCH from TARGETARCH; wrappers such as `xx-go` know the rest."""
    for site in emulation_of(view).sites.values():
        if site.stage.kind is not StageClass.NATIVE:
            continue
        for deed in site.deeds:
            if deed.call.program != "go" or deed.call.verb not in _BUILDS:
                continue
            found = setting(view, site.stage, deed, "GOARCH")
            if found and found.names_target_arch:
                yield _Cross(
                    site=site,
                    deed=deed,
                    architecture=found,
                    arm=setting(view, site.stage, deed, "GOARM"),
                    cgo=setting(view, site.stage, deed, "CGO_ENABLED"),
                )


# --- PA501 ---------------------------------------------------------------------------------------


def cgo_unclear(view: FileView) -> Iterator[LintFinding]:
    """Whether C is compiled in depends on whether the builder has the platform itself."""
    emulation = emulation_of(view)
    told: set[int] = set()
    for cross in _crossed(view):
        line = cross.deed.run.instruction.first_line
        is_computed = cross.cgo is not None and cross.cgo.is_computed
        is_open = cross.cgo is None and cgo_of(emulation, cross.site, cross.deed) is Cgo.UNCLEAR
        if line not in told and (is_computed or is_open):
            told.add(line)
            yield _unclear(cross, line, is_computed=is_computed)


def _unclear(cross: _Cross, line: int, *, is_computed: bool) -> LintFinding:
    what = (
        "CGO_ENABLED is computed: platforms get programs of different kinds"
        if is_computed
        else "CGO_ENABLED is not stated: Go turns cgo off for every platform but the builder's own"
    )
    return LintFinding(
        rule="PA501",
        severity=Severity.WARNING,
        line=line,
        span=cross.cgo.span if cross.cgo else cross.deed.command.span,
        platforms=cross.site.stage.platforms,
        message=f"{what}, so name look-up, users and C libraries differ between the entries of one "
        "index",
        hint="say `CGO_ENABLED=0`, or 1 with a cross compiler for each platform",
        fix=FixClass.NONE if is_computed else FixClass.REVIEW,
        why_not="which of the two is meant is not in the file",
    )


# --- PA502 ---------------------------------------------------------------------------------------


def goarm_missing(view: FileView) -> Iterator[LintFinding]:
    """32-bit Arm below v7 gets programs for v7."""
    told: set[int] = set()
    for cross in _crossed(view):
        is_raw = cross.arm is not None and _RAW.fullmatch(cross.arm.value) is not None
        concerned = _concerned(cross.site.stage.platforms, is_raw=is_raw)
        at = (cross.arm if is_raw and cross.arm else cross.architecture).instruction.first_line
        if at in told or not concerned or (_is_told(cross) and not is_raw):
            continue
        told.add(at)
        yield _missing(cross, concerned, at, is_raw=is_raw)


def _concerned(platforms: tuple[Platform, ...], *, is_raw: bool) -> tuple[Platform, ...]:
    return tuple(
        one
        for one in platforms
        if one.architecture == "arm" and one.variant and (is_raw or one.variant < _BASELINE)
    )


def _is_told(cross: _Cross) -> bool:
    """By a setting, or by anything in the script that speaks of it or reads another script."""
    commands = cross.deed.script.commands
    reads = any(one.name in {".", "eval", "source"} for one in commands)
    return cross.arm is not None or reads or "GOARM" in cross.deed.script.text


def _missing(
    cross: _Cross, concerned: tuple[Platform, ...], line: int, *, is_raw: bool
) -> LintFinding:
    place = cross.arm.place if is_raw and cross.arm else cross.architecture.place
    fix, why_not = FixClass.SAFE, ""
    if place is not Place.COMMAND:
        fix = FixClass.REVIEW
        why_not = "it is set for more than this command, and ENV takes `${X#v}` in new frontends"
    elif cross.cgo and cross.cgo.is_computed:
        fix, why_not = FixClass.REVIEW, "CGO_ENABLED is computed, so the C compiler has a say"
    names = ", ".join(str(one) for one in concerned)
    what = (
        f"GOARM gets `v6` and `v7` with their letter, which Go refuses: {names} does not build"
        if is_raw
        else f"GOARCH follows the target and GOARM does not: for {names} Go compiles for v7, and "
        "the program ends with an illegal instruction"
    )
    span = cross.arm.span if is_raw and cross.arm else cross.architecture.span
    return LintFinding(
        rule="PA502",
        severity=Severity.ERROR,
        line=line,
        span=span,
        platforms=concerned,
        message=what,
        hint="declare TARGETVARIANT and put `GOARM=${TARGETVARIANT#v}` beside GOARCH",
        fix=fix,
        why_not=why_not,
    )


RULES = (
    Rule(
        id="PA501",
        name="cgo-unclear",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="Cross-compiled Go does not say whether it compiles C",
        consequence="Unless told, Go compiles C in for the machine that it runs on, and leaves it "
        "out for every other one. Entries of one index then hold different programs: one asks the "
        "C library for names and users and needs it in the image, the others do neither.",
        remedy="State CGO_ENABLED on the command. Where C is needed, give each platform a "
        "compiler: `xx-go` of tonistiigi/xx does.",
        before="RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app .",
        after="RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app .",
        sources=("https://pkg.go.dev/cmd/cgo", "https://github.com/tonistiigi/xx"),
        check=cgo_unclear,
    ),
    Rule(
        id="PA502",
        name="goarm-missing",
        severity=Severity.ERROR,
        fix=FixClass.SAFE,
        title="Go is cross-compiled for 32-bit Arm without its variant",
        consequence="TARGETARCH is `arm` for v6 and v7 alike. Without GOARM Go takes v7 when it "
        "compiles on another machine, and the image for linux/arm/v6 ends with an illegal "
        "instruction on the machines that it is for. With TARGETVARIANT as it is, `v6`, Go stops.",
        remedy="Pass the variant without its letter. It is empty for other architectures, which Go "
        "takes for its default; amd64 and arm64 variants that are asked for by name need a test "
        "for `arm` before it.",
        before="ARG TARGETOS TARGETARCH\n"
        "RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app .",
        after="ARG TARGETOS TARGETARCH TARGETVARIANT\n"
        "RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} "
        "go build -o /out/app .",
        sources=(
            "https://go.dev/wiki/MinimumRequirements#arm",
            "https://github.com/docker-library/golang/issues/498",
        ),
        check=goarm_missing,
    ),
)
