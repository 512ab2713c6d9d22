"""PA206: .NET that is built under emulation, where its runtime is not supported."""

import re
from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.departures import departing
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.entry import programs
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.preconditions import (
    Doubt,
    Precondition,
    judged,
    other_work,
    pin_doubts,
    tested,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_ID = "PA206"
_FOR_ONE = (
    "-r",
    "--runtime",
    "-a",
    "--arch",
    "--os",
    "--self-contained",
    "--sc",
    "--use-current-runtime",
)
_PROPERTY = re.compile(
    r"[-/]p(?:roperty)?:(?:RuntimeIdentifiers?|SelfContained|PublishSingleFile|PublishTrimmed"
    r"|PublishReadyToRun\w*|PlatformTarget)=.*",
    re.IGNORECASE,
)
_AOT = re.compile(r"[-/]p(?:roperty)?:PublishAot=true", re.IGNORECASE)


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that build .NET for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.DOTNET)
        if deeds:
            yield emulated(
                emulation,
                site,
                deeds[-1],
                rule=_ID,
                severity=Severity.ERROR,
                leads_to="the .NET runtime is not supported under QEMU, it hangs or crashes there",
                hint="put `--platform=$BUILDPLATFORM` on the stage's FROM; where the output is for"
                " one platform, declare `ARG TARGETARCH` and give `-a $TARGETARCH` to restore and"
                " publish",
                verdict=judged(emulation, site, _doubts),
            )


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage, about_question=FixClass.REVIEW)
    yield from other_work(family, Work.DOTNET, Work.NODE)
    yield from tested(family, Work.DOTNET)
    outputs = emulation.leaving(family)
    yield from departing(emulation, family, outputs)
    for member in family:
        yield from (doubt for deed in member.of(Work.DOTNET) for doubt in _of_deed(deed))
        if any(_bundles(deed) for deed in member.deeds):
            yield _doubt("a bundle of migrations is a program for one platform", FixClass.REVIEW)
    if "dotnet" not in {name.rpartition("/")[2] for name in programs(emulation.view)}:
        yield _doubt("the image does not start its program with `dotnet`", FixClass.REVIEW)


def _bundles(deed: Deed) -> bool:
    """Whether Entity Framework makes a program of a project's migrations."""
    name, words = deed.call.program, deed.call.plain
    words = words[1:] if name == "dotnet" and words[:1] == ("ef",) else words
    return name in {"dotnet", "dotnet-ef"} and words[:2] == ("migrations", "bundle")


def _of_deed(deed: Deed) -> Iterator[Doubt]:
    found = deed.call
    if any(_AOT.fullmatch(word) for word in found.words):
        yield _doubt("Native AOT needs a linker and libraries of the target", FixClass.NONE)
    if found.has(*_FOR_ONE) or any(_PROPERTY.fullmatch(word) for word in found.words):
        reason = f"`{found}` makes something for one platform, which has to be named"
        yield _doubt(reason, FixClass.REVIEW)
    if found.verb in {"tool", "workload"}:
        yield _doubt(f"`{found}` installs a program for the platform it runs on", FixClass.REVIEW)


def _doubt(reason: str, most: FixClass) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=most, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-dotnet",
        severity=Severity.ERROR,
        fix=FixClass.SAFE,
        title=".NET is built under emulation, where it does not work",
        consequence=(
            "Microsoft does not support .NET under QEMU: `dotnet restore` and `dotnet publish`"
            " hang, crash or fail at random there. It is not a matter of time, so this is an error"
            " and not a loss."
        ),
        remedy=(
            "Build on the building machine, as Microsoft's own samples do. Where the image starts"
            " `dotnet app.dll`, the output has no platform and the flag on FROM is all. Otherwise"
            " give `-a $TARGETARCH` to both restore and publish: SDKs since 8.0 understand Docker's"
            " names. Native AOT needs the SDK images for crossing. There is no .NET for 386 and"
            " arm/v6."
        ),
        check=check,
        before=(
            "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nCOPY . .\nRUN dotnet publish -o /app\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:9.0 AS build\n"
            "ARG TARGETARCH\nCOPY . .\nRUN dotnet publish -a $TARGETARCH -o /app\n"
        ),
        sources=(
            "https://github.com/dotnet/core/blob/main/release-notes/8.0/supported-os.md",
            "https://github.com/dotnet/dotnet-docker/blob/main/samples/build-for-a-platform.md",
            "https://github.com/dotnet/runtime/issues/95120",
        ),
    ),
)
