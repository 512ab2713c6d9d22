"""PA201: Go that is compiled under emulation, though Go compiles for every platform anywhere."""

from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.cgo import Cgo, cgo_of
from polyarch.dockerfile.lint.departures import departing, received_elsewhere
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.names import variables
from polyarch.dockerfile.lint.preconditions import (
    Doubt,
    Precondition,
    compiles_test,
    judged,
    other_work,
    pin_doubts,
    tested,
    unknown_programs,
    visible,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_ID = "PA201"
_BUILDS = ("build", "install")
_GO_BIN = ("/go/bin", "$GOPATH/bin", "$GOBIN")
_SHARED = frozenset({"plugin", "c-shared", "shared"})


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that compile Go for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.GO)
        if deeds:
            yield emulated(
                emulation,
                site,
                _named(deeds),
                rule=_ID,
                leads_to="Go compiles for every platform on the building machine, 5 to 40 times"
                " faster",
                hint="put `--platform=$BUILDPLATFORM` on the stage's FROM, declare `ARG TARGETOS"
                " TARGETARCH` before the command, and put `GOOS=$TARGETOS GOARCH=$TARGETARCH` in"
                " front of it",
                verdict=judged(emulation, site, _doubts),
            )


def _named(deeds: tuple[Deed, ...]) -> Deed:
    """The command that a person thinks of first: one that builds."""
    return next((deed for deed in deeds if deed.call.verb == "build"), deeds[0])


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage)
    yield from visible(family, Work.GO)
    yield from other_work(family, Work.GO, Work.NODE)
    yield from tested(family, Work.GO)
    yield from unknown_programs(family)
    outputs = emulation.leaving(family)
    yield from departing(emulation, family, outputs)
    yield from received_elsewhere(emulation, outputs)
    for member in family:
        for deed in member.of(Work.GO):
            if _installs_tool(deed):
                continue
            if deed.call.verb in _BUILDS or compiles_test(deed.call):
                yield from _of_cgo(emulation, member, deed)
                yield from _of_target(deed)
            elif deed.call.program in {"go", "xx-go"} and deed.call.verb == "generate":
                yield _review(Precondition.NOT_RUN, "`go generate` runs programs of the project")
    yield from _of_install(emulation, family)


def _installs_tool(deed: Deed) -> bool:
    """Whether it compiles a program of others, by version: one that the stage itself runs.

    Should the image take it, `_of_install` has something against it.
    """
    packages = [word for word in deed.call.plain[1:] if "/" in word]
    return deed.call.verb == "install" and all("@" in word for word in packages) and bool(packages)


def _of_cgo(emulation: Emulation, site: Site, deed: Deed) -> Iterator[Doubt]:
    state = cgo_of(emulation, site, deed)
    if state is Cgo.ON:
        reason = "cgo is on: C code needs a cross compiler and the target's headers"
        yield _review(Precondition.NO_LIBRARIES, reason)
    elif state is Cgo.NO_COMPILER:
        yield _review(
            Precondition.NO_LIBRARIES,
            "CGO_ENABLED is not stated; the base has no C compiler, so cgo is off in practice",
        )
    elif state is Cgo.UNCLEAR:
        yield _review(
            Precondition.NO_LIBRARIES,
            "CGO_ENABLED is not stated and a C compiler may be there: off changes the program, on"
            " needs a cross compiler",
        )
    for mode in deed.call.values("-buildmode"):
        if mode in _SHARED:
            reason = f"`-buildmode={mode}` needs a C compiler of the target"
            yield Doubt(about=Precondition.NO_LIBRARIES, most=FixClass.NONE, reason=reason)


def _of_target(deed: Deed) -> Iterator[Doubt]:
    """A GOARCH that stands on something else than the automatic argument."""
    for one in deed.command.assignments:
        others = set(variables(one.value.text)) - {"TARGETARCH", "TARGETOS", "TARGETVARIANT"}
        if one.name in {"GOARCH", "GOOS", "GOARM"} and others:
            reason = f"`{one.name}` stands on `{min(others)}`, which is not an automatic argument"
            yield _review(Precondition.VISIBLE, reason)


def _of_install(emulation: Emulation, family: tuple[Site, ...]) -> Iterator[Doubt]:
    """`go install` puts what it crosses into another folder than `bin`."""
    installs = [
        deed for site in family for deed in site.of(Work.GO) if deed.call.verb in {"install", "get"}
    ]
    if not installs:
        return
    paths = [output.path for output in emulation.leaving(family)]
    words = [str(word) for site in family for deed in site.deeds for word in deed.command.words]
    texts = [text.replace("{", "").replace("}", "") for text in (*paths, *words)]
    if not any(name in text for name in _GO_BIN for text in texts):
        return
    is_remote = any("@" in word for deed in installs for word in deed.call.plain[1:])
    yield Doubt(
        about=Precondition.NEUTRAL,
        most=FixClass.NONE if is_remote else FixClass.REVIEW,
        reason="`go install` puts a program for another platform into a folder of its own below"
        " `bin`, and what is taken from there is not found",
    )


def _review(about: Precondition, reason: str) -> Doubt:
    return Doubt(about=about, most=FixClass.REVIEW, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-go",
        severity=Severity.PERF,
        fix=FixClass.SAFE,
        title="Go is compiled under emulation",
        consequence=(
            "The stage runs on the platform that is asked for, so for every platform that the"
            " machine is not of, the Go compiler itself runs in QEMU. A real program with about"
            " twenty packages took 338 s for amd64 and arm64 this way, 334 s of them in the"
            " emulated compile step, and 51 s when it was crossed. QEMU also crashes now and then"
            " on Go's own signals."
        ),
        remedy=(
            "Go needs nothing but two variables to compile for another platform. Run the stage on"
            " the building machine and name the target on the command, not in ENV, where tools and"
            " `go run` would take it too. Downloads stay above the ARG, so that all platforms share"
            " them. With cgo a cross compiler is needed: the xx helper brings one."
        ),
        check=check,
        before=(
            "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\n"
            "RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\n"
            "ARG TARGETOS TARGETARCH TARGETVARIANT\n"
            "RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v}"
            " go build -o /out/app ./cmd/app\n"
        ),
        sources=(
            "https://docs.docker.com/build/building/multi-platform/#cross-compilation",
            "https://go.dev/doc/install/source#environment",
            "https://github.com/tonistiigi/xx",
            "https://github.com/golang/go/issues/9769",
        ),
    ),
)
