"""PA312: packages that exist for a few platforms only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.calls import call
from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.literals import concerned
from polyarch.dockerfile.lint.packages import installed
from polyarch.dockerfile.lint.rarities import rare_browser, rare_package
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.source import Span
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_SCRIPT = re.compile(r"(?:^|/)node_modules/(?:@[\w.-]+/)?([\w.-]+)/[\w/.-]+\.m?js$")
"""A program of a package that is started by its path."""
_CHROMIUM = "the package `chromium` of the distribution is there for most platforms"
_BRANCH = "install it in a branch for these platforms, or build the image for no others"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rare:
    """Something that a command installs, and the platforms that have it."""

    name: str
    span: Span
    platforms: tuple[Platform, ...]
    instead: str


def package_for_few(view: FileView) -> Iterator[LintFinding]:
    """Installs of packages that a table knows, outside of any choice, once per instruction."""
    told: set[int] = set()
    for stage in view.needed:
        for run in stage.runs:
            found = next(_findings(stage, run), None)
            if found and found.line not in told:
                told.add(found.line)
                yield found


def _findings(stage: StageView, run: Run) -> Iterator[LintFinding]:
    for script in run.scripts:
        chosen = choices(script)
        for command in script.commands:
            if chosen.cover(command.arms, command.span):
                continue
            for rare in _of_command(command):
                hit = concerned(stage, rare.platforms, leaves=False)
                if hit:
                    yield _finding(run, rare, hit)


def _of_command(command: Command) -> Iterator[_Rare]:
    names = frozenset(installed(command))
    for word in command.words[1:] if names else ():
        name = str(word).partition("=")[0].partition(":")[0]
        found = rare_package(name) if name in names else None
        if found:
            yield _Rare(name=name, span=word.span, platforms=found.platforms, instead=found.instead)
    program, arguments = _browsers_of(command)
    platforms = rare_browser(program, arguments)
    if platforms:
        name = f"{program} install"
        yield _Rare(name=name, span=command.span, platforms=platforms, instead=_CHROMIUM)


def _browsers_of(command: Command) -> tuple[str, tuple[str, ...]]:
    """What is called; `node_modules/playwright/cli.js` is the program that it belongs to."""
    words = tuple(str(word) for word in command.words)
    if command.name in {"node", "nodejs"}:
        words = words[1:]
    found = _SCRIPT.search(words[0]) if words else None
    if found:
        return found[1], words[1:]
    called = call(command)
    return called.program, called.words


def _finding(run: Run, rare: _Rare, hit: tuple[Platform, ...]) -> LintFinding:
    there = ", ".join(str(one) for one in rare.platforms)
    return LintFinding(
        rule="PA312",
        severity=Severity.WARNING,
        line=run.instruction.first_line,
        span=rare.span,
        platforms=hit,
        message=f"what `{rare.name}` brings is there for {there} only",
        hint=rare.instead or _BRANCH,
        fix=FixClass.NONE,
        why_not="what serves the other platforms is for a person to choose",
    )


RULES = (
    Rule(
        id="PA312",
        name="package-for-few-platforms",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="A package is there for a few platforms only",
        consequence="Its makers publish it for amd64, some for arm64 too. On every other platform "
        "the package manager does not find it, and the build stops.",
        remedy="Take what the distribution itself compiles (`chromium` for Google Chrome), install "
        "the package in a branch for the platforms that have it, or build the image for these "
        "platforms only.",
        before="RUN apt-get update && apt-get install -y google-chrome-stable",
        after="RUN apt-get update && apt-get install -y chromium",
        sources=(
            "https://packages.debian.org/stable/chromium",
            "https://github.com/puppeteer/puppeteer/issues/7740",
        ),
        check=package_for_few,
    ),
)
