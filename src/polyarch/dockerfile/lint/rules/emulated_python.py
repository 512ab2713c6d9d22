"""PA207: Python packages that are installed under emulation."""

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
    other_work,
    pin_doubts,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_ID = "PA207"
_WRITERS = frozenset({"mkdocs", "sphinx-build", "zensical", "pdoc"})
_PAGES = re.compile(r".*/(?:site|_site|html|_build(?:/html)?|public|build/html)")


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that install Python packages for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.PYTHON)
        if deeds:
            yield emulated(
                emulation,
                site,
                deeds[0],
                rule=_ID,
                leads_to="packages without a wheel for the platform are compiled there, which takes"
                " hours",
                hint="see which packages lack a wheel for a platform, take a base where all have"
                " one (glibc rather than musl), and keep wheels in a cache mount for each platform",
                verdict=judged(emulation, site, _doubts),
            )


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage)
    outputs = emulation.leaving(family)
    if not _writes_pages(family):
        yield _none("installed packages may be native, and belong to the target's interpreter")
    yield from other_work(family, Work.PYTHON, Work.NODE)
    yield from departing(emulation, family, outputs)
    for output in outputs:
        if not (_PAGES.fullmatch(output.path) or is_neutral(output.path)):
            yield _none(f"`{output.path}` may hold what was installed for the target")


def _writes_pages(family: tuple[Site, ...]) -> bool:
    """Whether the packages are there to write documentation."""
    return any(deed.call.program in _WRITERS for site in family for deed in site.deeds)


def _none(reason: str) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=FixClass.NONE, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-python",
        severity=Severity.PERF,
        fix=FixClass.NONE,
        title="Python packages are installed under emulation",
        consequence=(
            "Where every package has a wheel for the platform, the install is only slow. One that"
            " has none is compiled from source in QEMU: minutes become hours, and compilers hang"
            " there. Which packages these are differs by platform and by C library."
        ),
        remedy=(
            "Nothing moves by itself, because installed packages hold native modules for one"
            " interpreter. Choose a base for which all packages have wheels (Debian's glibc rather"
            " than Alpine's musl); build the wheels in a stage of its own with a cache mount that"
            " is named by the platform; or, if all packages are pure Python, install them on the"
            " building machine with `pip install --target … --only-binary=:all: --platform …`."
        ),
        check=check,
        sources=(
            "https://peps.python.org/pep-0600/",
            "https://peps.python.org/pep-0656/",
            "https://github.com/pyca/cryptography/issues/6286",
        ),
    ),
)
