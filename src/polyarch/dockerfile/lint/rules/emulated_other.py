"""PA208: work of other languages under emulation: PHP, Ruby, Elixir, Haskell, Swift and more."""

from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
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

_ID = "PA208"
_COMPOSER = frozenset({"composer"})


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that do such work for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.OTHER)
        if deeds:
            yield emulated(
                emulation,
                site,
                deeds[0],
                rule=_ID,
                leads_to="it takes many times as long there",
                hint="PHP packages may be fetched in a stage on `--platform=$BUILDPLATFORM` of"
                " which only `vendor/` leaves; native extensions, gems and releases stay on the"
                " target, best on a machine of its own",
                verdict=judged(emulation, site, _doubts),
            )


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage)
    yield from other_work(family, Work.OTHER)
    for member in family:
        for deed in member.of(Work.OTHER):
            if deed.call.program not in _COMPOSER:
                yield _doubt(f"`{deed.call}` makes native code", FixClass.NONE)
    for output in emulation.leaving(family):
        if output.path.rpartition("/")[2] != "vendor":
            yield _doubt(f"`{output.path}` is not only `vendor`", FixClass.NONE)
    reason = "packages may have scripts that look at the machine, and extensions they ask for"
    yield _doubt(reason, FixClass.REVIEW)


def _doubt(reason: str, most: FixClass) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=most, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-other-language",
        severity=Severity.PERF,
        fix=FixClass.NONE,
        title="packages or programs of another language are built under emulation",
        consequence=(
            "Extensions of PHP, gems of Ruby, releases of Elixir, and what Haskell, Swift, Perl or"
            " Lua compile, are made by compilers in QEMU, 5 to 40 times slower than they are."
        ),
        remedy=(
            "`composer install` in a stage of its own is only PHP sources: pin it, and copy"
            " `vendor/`. The rest is native and has no easy way to cross: take ready packages of"
            " the distribution where there are any, or build each platform on a machine of its own."
        ),
        check=check,
        before="FROM composer:2 AS vendor\nCOPY composer.* .\nRUN composer install --no-scripts\n",
        after=(
            "FROM --platform=$BUILDPLATFORM composer:2 AS vendor\nCOPY composer.* .\n"
            "RUN composer install --no-scripts --ignore-platform-reqs\n"
        ),
        sources=(
            "https://docs.docker.com/build/building/multi-platform/",
            "https://getcomposer.org/doc/03-cli.md#install-i",
        ),
    ),
)
