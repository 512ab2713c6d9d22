"""PA209: stages that only fetch and move files, under emulation."""

from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.departures import departing
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.names import DECISIVE
from polyarch.dockerfile.lint.packages import fills_another_root
from polyarch.dockerfile.lint.preconditions import Doubt, Precondition, judged, pin_doubts
from polyarch.dockerfile.lint.programs import (
    asks_platform,
    fetches,
    installs_packages,
    is_file_work,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView
from polyarch.dockerfile.shell.script import Dispatch
from polyarch.findings import Severity

_ID = "PA209"
_SETS = frozenset({"export", "echo", "printf", "exit", "true", ":", "set", "", "local", "readonly"})


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages of the target that only fetch, unpack and move files."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        is_parent = bool(view.children.get(site.stage.index))
        if site.deeds and not site.stage.is_shipped and not is_parent and _only_moves(site):
            yield emulated(
                emulation,
                site,
                _named(site.deeds),
                rule=_ID,
                leads_to="fetching and moving files is the same work on every platform",
                hint="put `--platform=$BUILDPLATFORM` on the stage's FROM, and choose downloads by"
                " TARGETARCH",
                verdict=judged(emulation, site, _doubts),
            )


def _only_moves(site: Site) -> bool:
    return all(is_file_work(deed.call) or asks_platform(deed.call) for deed in site.deeds)


def _named(deeds: tuple[Deed, ...]) -> Deed:
    """The command that a person thinks of first: a download, else one on files."""
    for fits in (fetches, lambda call: not installs_packages(call) and call.program not in _SETS):
        for deed in deeds:
            if fits(deed.call):
                return deed
    return deeds[0]


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage)
    for member in family:
        for work in sorted(member.work):
            yield _none(f"a stage that moves with it does {work} work")
    outputs = emulation.leaving(family)
    yield from departing(emulation, family, outputs)
    for deed in site.deeds:
        if fills_another_root(deed.command):
            yield _none(f"`{deed.call}` installs packages into another root, for the platform")
    for run in site.stage.runs:
        for script in run.scripts:
            for dispatch in script.dispatches:
                if _is_partial(dispatch, site):
                    line = emulation.view.file.text.count("\n", 0, dispatch.span.start) + 1
                    yield Doubt(
                        about=Precondition.NEUTRAL,
                        most=FixClass.REVIEW,
                        reason=f"the choice by platform in line {line} leaves some platforms out",
                    )


def _is_partial(dispatch: Dispatch, site: Site) -> bool:
    """Whether files are moved for some platforms only, and the others get nothing."""
    if dispatch.has_else or not DECISIVE & set(dispatch.variables):
        return False
    return any(
        deed.call.program not in _SETS
        for deed in site.deeds
        if any(arm.dispatch == dispatch.index for arm in deed.command.arms)
        and dispatch.span.start <= deed.command.span.start < dispatch.span.end
    )


def _none(reason: str) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=FixClass.NONE, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-fetch",
        severity=Severity.PERF,
        fix=FixClass.SAFE,
        title="files are fetched and moved under emulation",
        consequence=(
            "Package managers, downloads, checksums and unpacking run in QEMU for each platform,"
            " in a stage of which only files are taken. It costs seconds to minutes and is one"
            " more place where an emulator can crash."
        ),
        remedy=(
            "Pin the stage to the building machine. Downloads that differ by platform are chosen"
            " by TARGETARCH, not by what the stage runs on: a stage that asks `uname`, `dpkg` or"
            " `rpm` would get the builder's answer. What a package manager installed must not be"
            " copied out of a pinned stage."
        ),
        check=check,
        before=(
            "FROM alpine AS fetch\nARG TARGETARCH\n"
            "RUN wget -O /app.tgz https://example.org/app-$TARGETARCH.tgz\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM alpine AS fetch\nARG TARGETARCH\n"
            "RUN wget -O /app.tgz https://example.org/app-$TARGETARCH.tgz\n"
        ),
        sources=(
            "https://docs.docker.com/build/building/multi-platform/",
            "https://github.com/docker/buildx/issues/314",
        ),
    ),
)
