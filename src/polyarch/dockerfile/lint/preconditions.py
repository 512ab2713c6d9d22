"""What keeps a stage from moving to the machine that builds without somebody who looks at it.

Seven questions, each answered with reasons. A fix that moves a stage is safe only where nobody
doubts it; a doubt says who may apply it then: somebody who looks (review), or nobody (none).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.calls import Call
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.packages import embeds_runtime, installed, is_linked_with
from polyarch.dockerfile.lint.programs import asks_platform, is_tool
from polyarch.dockerfile.lint.toolchains import drives
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.traces import foreign, is_from_build, is_used, looks_run, products
from polyarch.dockerfile.lint.view import StageView


class Precondition(StrEnum):
    """The seven questions; the value names one in documents."""

    APART = "not-shipped"
    NOT_RUN = "product-not-run"
    NEUTRAL = "neutral-output"
    VISIBLE = "compile-visible"
    NO_QUESTION = "platform-not-asked"
    NO_LIBRARIES = "no-target-libraries"
    BASE = "base-for-builder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A reason why a fix is not safe, and the class that it may have at most."""

    about: Precondition
    most: FixClass
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The class of a fix, and what keeps it from being safer."""

    fix: FixClass
    why_not: str


_ORDER = (FixClass.NONE, FixClass.REVIEW, FixClass.SAFE)
_FEW = 3
_PREFIX = re.compile(r"(?:amd64|arm32v[5-7]|arm64v8|i386|ppc64le|riscv64|s390x)/.*")
_SUFFIX = re.compile(r"(?:.*[-_.])?(?:amd64|arm64(?:v8)?|arm32v[5-7]|aarch64|x86_64|armhf|armv7)")


def verdict(doubts: Iterable[Doubt]) -> Verdict:
    """What doubts come to: the worst class, with its reasons."""
    found = tuple(doubts)
    fix = min((doubt.most for doubt in found), key=_ORDER.index, default=FixClass.SAFE)
    reasons = dict.fromkeys(doubt.reason for doubt in found if doubt.most is fix)
    return Verdict(fix=fix, why_not="; ".join(list(reasons)[:_FEW]))


def judged(
    emulation: Emulation, site: Site, doubts: Callable[[Emulation, Site], Iterable[Doubt]]
) -> Verdict:
    """What a rule's doubts about a stage come to."""
    if emulation.is_large(site.stage):
        return Verdict(fix=FixClass.NONE, why_not="too much would move together with the stage")
    return verdict(doubts(emulation, site))


def shipped(emulation: Emulation, stage: StageView) -> Iterator[Doubt]:
    """1: neither the stage nor one that would move with it becomes the image."""
    if stage.is_shipped:
        yield _doubt(
            Precondition.APART,
            "the stage is part of the image: pinned, each platform's image would hold the"
            " builder's programs",
        )
        return
    image = next((one.stage for one in emulation.family(stage) if one.stage.is_shipped), None)
    if image is not None:
        yield _doubt(
            Precondition.APART,
            f"the stage shares its base stage with the image (line {image.line}): it has to be"
            " split off first",
        )


def executed(emulation: Emulation, family: tuple[Site, ...]) -> Iterator[Doubt]:
    """2: nothing that the stages compile, or take from another platform, is run in them."""
    made = products(emulation, family)
    for deed in _deeds(family):
        name = deed.command.name
        is_made = name in made or is_from_build(deed)
        if is_made and deed.work is None and not is_tool(deed.call):
            yield _doubt(Precondition.NOT_RUN, f"`{name}` is built here and run here")
    for output in foreign(emulation, family):
        if looks_run(output, family):
            yield _doubt(
                Precondition.NOT_RUN,
                f"`{output.destination}` comes from `{output.origin}` for the target and may be run"
                " here",
                FixClass.REVIEW,
            )


def tested(family: tuple[Site, ...], work: Work) -> Iterator[Doubt]:
    """2: tests of what is compiled would run on the builder's platform alone."""
    verbs = {"test", "t", "check", "ctest", "bench", "nextest", "vstest"}
    for deed in _deeds(family):
        is_test = deed.call.program == "ctest" or (
            deed.work is work
            and bool(verbs & {deed.call.verb, *deed.call.plain[-1:]})
            and not compiles_test(deed.call)
        )
        if is_test:
            yield _doubt(
                Precondition.NOT_RUN,
                f"`{deed.call}` tests what is compiled here: moved, it no longer tests it on each"
                " platform",
                FixClass.REVIEW,
            )


def compiles_test(found: Call) -> bool:
    """Whether `go test -c` only compiles."""
    return found.program in {"go", "xx-go"} and found.verb == "test" and found.has("-c")


def visible(family: tuple[Site, ...], work: Work | None = None) -> Iterator[Doubt]:
    """4: the commands that compile stand in the Dockerfile, not in a makefile or a script."""
    for deed in _deeds(family):
        hides = drives(deed.call) and (work is None or deed.work is work)
        if hides or (deed.work is Work.GO and deed.call.verb == "run"):
            yield _doubt(
                Precondition.VISIBLE,
                f"`{deed.call}` hides what is compiled, and how, in another file",
            )


def asks(family: tuple[Site, ...], most: FixClass = FixClass.NONE) -> Iterator[Doubt]:
    """5: the stages do not ask which platform they run on; an answer that nobody uses is none."""
    for deed in _deeds(family):
        if asks_platform(deed.call) and is_used(deed):
            text = " ".join([deed.call.program, *deed.call.words])[:60]
            yield _doubt(
                Precondition.NO_QUESTION,
                f"`{text}` asks which platform the stage runs on; moved, the answer is the"
                " builder's",
                most,
            )


def libraries(family: tuple[Site, ...]) -> Iterator[Doubt]:
    """6: no packages are installed to link with."""
    names = [name for deed in _deeds(family) for name in installed(deed.command)]
    linked = [name for name in dict.fromkeys(names) if is_linked_with(name)]
    for name in linked:
        if embeds_runtime(name):
            yield _doubt(Precondition.NO_LIBRARIES, f"`{name}` is there to build a runtime in")
    if linked:
        yield _doubt(
            Precondition.NO_LIBRARIES,
            f"`{linked[0]}` would have to be installed for the target",
            FixClass.REVIEW,
        )


def base_for_builder(family: tuple[Site, ...]) -> Iterator[Doubt]:
    """7: the base image has the builder's platform, as far as its name tells."""
    roots = [site.stage.line for site in family if not site.stage.parents]
    if len(roots) > 1:
        yield _doubt(
            Precondition.BASE,
            f"the platform chooses among stages (lines {roots[0]} and {roots[1]}) to stand on",
            FixClass.REVIEW,
        )
    base = family[0].base
    if _PREFIX.fullmatch(base.repository) or _SUFFIX.fullmatch(base.tag):
        yield _doubt(
            Precondition.BASE,
            f"the base `{base.repository}:{base.tag}` is for one platform",
            FixClass.REVIEW,
        )


def pin_doubts(
    emulation: Emulation, stage: StageView, *, about_question: FixClass = FixClass.NONE
) -> Iterator[Doubt]:
    """The questions that every fix of chapter 4 asks."""
    family = emulation.family(stage)
    yield from shipped(emulation, stage)
    yield from executed(emulation, family)
    yield from asks(family, about_question)
    yield from base_for_builder(family)


def unknown_programs(family: tuple[Site, ...]) -> Iterator[Doubt]:
    """2: programs of which nothing is known may be what was compiled, or may need its platform."""
    installed_here = frozenset(
        word.partition("@")[0].rpartition("/")[2]
        for deed in _deeds(family)
        if deed.call.verb in {"install", "get"}
        for word in deed.call.plain[1:]
    )
    for deed in _deeds(family):
        name = deed.call.program
        if deed.work is None and not is_tool(deed.call) and name not in installed_here:
            yield _doubt(
                Precondition.NOT_RUN,
                f"nothing is known of `{name}`, which the stage runs",
                FixClass.REVIEW,
            )


def other_work(family: tuple[Site, ...], *allowed: Work) -> Iterator[Doubt]:
    """3: the stages do no work whose outcome a pin would change."""
    for site in family:
        for work in sorted(site.work.difference(allowed)):
            deed = site.of(work)[0]
            yield _doubt(
                Precondition.NEUTRAL,
                f"`{deed.call}` in the same stage, or one that moves with it, is {work} work for"
                " the target",
            )


def _doubt(about: Precondition, reason: str, most: FixClass = FixClass.NONE) -> Doubt:
    return Doubt(about=about, most=most, reason=reason)


def _deeds(family: tuple[Site, ...]) -> Iterator[Deed]:
    return (deed for site in family for deed in site.deeds)
