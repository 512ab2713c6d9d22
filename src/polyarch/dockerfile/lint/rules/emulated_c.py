"""PA203: C and C++ that are compiled under emulation."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.departures import departing
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.neutral import is_neutral
from polyarch.dockerfile.lint.preconditions import (
    Doubt,
    Precondition,
    judged,
    libraries,
    other_work,
    pin_doubts,
    tested,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_ID = "PA203"
_PROFILES = re.compile(r"--enable-optimizations|-fprofile-\w+|\bpgo\b|profile-\w+", re.IGNORECASE)
_PREFIX = re.compile(r"(?:--prefix|-DCMAKE_INSTALL_PREFIX(?::\w+)?|DESTDIR|PREFIX|prefix)=(.+)")
_SMALL = frozenset(
    {"make", "gmake", "cmake", "ninja", "samu", "configure", "gcc", "cc", "g++", "c++", "clang",
     "clang++", "musl-gcc", "autoreconf", "autogen.sh"}
)  # fmt: skip
"""Drivers that take a cross compiler in one way that is the same in each project."""


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that compile C or C++ for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.C)
        if deeds:
            yield emulated(
                emulation,
                site,
                deeds[0],
                rule=_ID,
                leads_to="compilers run 5 to 40 times slower there",
                hint="compile in a stage on `--platform=$BUILDPLATFORM` with a cross compiler"
                " (`xx-clang`, Debian's crossbuild-essential, `zig cc`), or build each platform on"
                " a machine of its own",
                verdict=judged(emulation, site, _doubts),
            )


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield Doubt(
        about=Precondition.NO_LIBRARIES,
        most=FixClass.REVIEW,
        reason="crossing C needs a compiler, headers and libraries for the target",
    )
    yield from pin_doubts(emulation, site.stage)
    yield from other_work(family, Work.C)
    for doubt in tested(family, Work.C):
        yield _none(Precondition.NOT_RUN, doubt.reason)
    yield from libraries(family)
    outputs = emulation.leaving(family)
    yield from departing(emulation, family, outputs)
    yield from _large(family)
    yield from _trees(emulation, family)


def _large(family: tuple[Site, ...]) -> Iterator[Doubt]:
    """More than one project, a driver of its own kind, or a build that runs what it compiled."""
    deeds = [deed for site in family for deed in site.of(Work.C)]
    for deed in deeds:
        if deed.call.program not in _SMALL:
            reason = f"how `{deed.call.program}` crosses is the project's own matter"
            yield _none(Precondition.VISIBLE, reason)
        if any(_PROFILES.search(word) for word in deed.call.words):
            reason = f"`{deed.call}` runs what it compiled to measure it"
            yield _none(Precondition.NOT_RUN, reason)
    configured = [
        deed
        for deed in deeds
        if deed.call.program == "configure"
        or (deed.call.program == "cmake" and not deed.call.has("--build", "--install", "-E", "-P"))
    ]
    if len(configured) > 1:
        yield _none(Precondition.VISIBLE, "several projects are compiled, one for the other")


def _trees(emulation: Emulation, family: tuple[Site, ...]) -> Iterator[Doubt]:
    """What leaves is more than a program, or is compiled against elsewhere."""
    prefixes = {
        posixpath.normpath(found[1].strip("\"'"))
        for site in family
        for deed in site.of(Work.C)
        for word in deed.call.words
        if (found := _PREFIX.fullmatch(word))
    }
    for output in emulation.leaving(family):
        receiver = emulation.view.stages[output.receiver]
        if is_neutral(output.path):
            continue
        if output.path in prefixes:
            yield _none(Precondition.NEUTRAL, f"`{output.path}` is a whole installation")
        elif receiver.runs and not receiver.is_shipped:
            yield _none(Precondition.NOT_RUN, f"line {receiver.line} compiles against it")


def _none(about: Precondition, reason: str) -> Doubt:
    return Doubt(about=about, most=FixClass.NONE, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-c",
        severity=Severity.PERF,
        fix=FixClass.REVIEW,
        title="C or C++ is compiled under emulation",
        consequence=(
            "The compiler itself is interpreted, so each file takes 5 to 40 times as long; large"
            " projects run into the time limits of CI. Compilers are also the programs on which"
            " QEMU crashes most."
        ),
        remedy=(
            "Move the compile step to the building machine with a cross compiler: `xx-clang` works"
            " for one configure or CMake project, with the target's headers from `xx-apk` or"
            " `xx-apt`; Debian's `crossbuild-essential-arm64` and `zig cc -target` are others."
            " Where the build runs what it compiles, crossing is no way: build that platform on a"
            " machine of its own, and leave joining the images to polyarch."
        ),
        check=check,
        before=(
            "FROM alpine AS build\nRUN apk add build-base\nCOPY . /src\n"
            "RUN cd /src && ./configure && make\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx\n"
            "FROM --platform=$BUILDPLATFORM alpine AS build\nCOPY --from=xx / /\n"
            "RUN apk add clang lld make\nCOPY . /src\nARG TARGETPLATFORM\n"
            "RUN xx-apk add gcc musl-dev\n"
            "RUN cd /src && ./configure --host=$(xx-clang --print-target-triple) CC=xx-clang"
            " && make\n"
        ),
        sources=(
            "https://github.com/tonistiigi/xx",
            "https://docs.docker.com/build/building/multi-platform/",
            "https://wiki.debian.org/CrossToolchains",
        ),
    ),
)
