"""PA205: Java that is built under emulation, though jars are the same everywhere."""

import re
from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.departures import departing
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.neutral import is_java, is_neutral
from polyarch.dockerfile.lint.preconditions import (
    Doubt,
    Precondition,
    judged,
    other_work,
    pin_doubts,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_ID = "PA205"
_NATIVE = re.compile(
    r"-P[\w,]*native\w*|native:\w+|native(?:Compile|Build)|-D(?:quarkus\.)?native\b.*|-Dos\.arch.*"
    r"|-X?share:dump|-Xshare:dump|-XX:(?:ArchiveClasses|AOT|CRaC).*|.*buildNativeImage|-Dpackaging=native.*"
)  # fmt: skip
_RUNTIME = re.compile(r"(?:^|[/$_-])(?:jdk|jre|openjdk|jvm|java_home|java-?runtime)", re.IGNORECASE)
_LINKERS = frozenset({"jlink", "jpackage", "native-image"})


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that build Java for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.JAVA)
        if deeds:
            yield emulated(
                emulation,
                site,
                deeds[-1],
                rule=_ID,
                leads_to="a JVM under QEMU is slow and known to hang, and jars are the same on"
                " every platform",
                hint="put `--platform=$BUILDPLATFORM` on the stage's FROM where only jars and"
                " classes leave it",
                verdict=judged(emulation, site, _doubts),
            )


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage, about_question=FixClass.REVIEW)
    yield from other_work(family, Work.JAVA, Work.NODE)
    outputs = emulation.leaving(family)
    yield from departing(emulation, family, outputs)
    for member in family:
        yield from (doubt for deed in member.of(Work.JAVA) for doubt in _of_native(deed))
    for output in outputs:
        path = output.path
        if _RUNTIME.search(path) and not path.endswith(".jar"):
            reason = f"`{path}` looks like a Java runtime, which is for one platform"
            yield _doubt(reason, FixClass.NONE)
        elif not (is_java(path) or is_neutral(path)):
            reason = f"`{path}` is neither a jar nor known to hold only jars and classes"
            yield _doubt(reason, FixClass.REVIEW)


def _of_native(deed: Deed) -> Iterator[Doubt]:
    is_native = deed.call.program in _LINKERS
    if is_native or any(_NATIVE.fullmatch(word) for word in deed.call.words):
        yield _doubt(f"`{deed.call}` makes something for the platform it runs on", FixClass.NONE)


def _doubt(reason: str, most: FixClass) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=most, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-java",
        severity=Severity.PERF,
        fix=FixClass.SAFE,
        title="Java is built under emulation",
        consequence=(
            "Maven, Gradle and javac run in a JVM whose own compiler is emulated, once for each"
            " platform, and give the same jars each time. Builds take many times as long; some"
            " JVMs hang under QEMU."
        ),
        remedy=(
            "Pin the stage to the building machine: nothing else changes, because what leaves it"
            " has no platform. Taking a Spring Boot jar apart into layers may move as well. What"
            " is made for one platform must stay: jlink, native-image, class-data archives, and"
            " jars with native parts that a Maven plugin chooses by the machine."
        ),
        check=check,
        before="FROM maven:3-eclipse-temurin-21 AS build\nCOPY . .\nRUN mvn -B package\n",
        after=(
            "FROM --platform=$BUILDPLATFORM maven:3-eclipse-temurin-21 AS build\nCOPY . .\n"
            "RUN mvn -B package\n"
        ),
        sources=(
            "https://docs.docker.com/build/building/multi-platform/",
            "https://github.com/gradle/gradle/issues/24875",
            "https://github.com/oracle/graal/issues/407",
        ),
    ),
)
