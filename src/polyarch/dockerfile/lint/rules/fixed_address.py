"""PA301: a download whose address says one platform."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.dockerfile.lint.assets import Found, asset_in
from polyarch.dockerfile.lint.bindings import Bindings, global_bindings, start
from polyarch.dockerfile.lint.choices import choices
from polyarch.dockerfile.lint.downloads import fetched, is_address, is_check, takes_addresses
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.leaving import leaving, words_of
from polyarch.dockerfile.lint.literals import (
    Literal,
    concerned,
    literals,
    of_arguments,
    of_shell,
    sources_of,
    without_sets,
)
from polyarch.dockerfile.lint.outputs import Transfers, transfers
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.surroundings import Surroundings, surroundings
from polyarch.dockerfile.lint.view import FileView, Run, StageClass, StageView
from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.tree import Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_LOOK_BACK = 100
_OPTION = re.compile(r"\barch[+-]?=[\w,]*$")
_NUMBERS = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A platform word in an address, told at `line`: that of its instruction, or of its ARG.

    `leaves`: what is fetched goes on to other stages. `version` is that of a known asset, as far as
    the file tells it.
    """

    line: int
    literal: Literal
    leaves: bool
    has_check: bool
    asset: Found | None
    version: str


def hard_coded_address(view: FileView) -> Iterator[LintFinding]:
    """Addresses with a platform's word, outside of any choice by platform."""
    reader = _Reader(view=view, flows=transfers(view), scope=global_bindings(view))
    told: set[int] = set()
    for stage in view.needed:
        uses = tuple(reader.uses(stage))
        kept = set(without_sets(use.literal for use in uses))
        by_line: dict[int, list[_Use]] = {}
        for use in uses:
            if use.literal in kept:
                by_line.setdefault(use.line, []).append(use)
        for line, here in by_line.items():
            found = _finding(stage, line, here)
            if found and line not in told:
                told.add(line)
                yield found


# --- what is fetched -----------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads the stages in file order: each begins with what its parent leaves."""

    view: FileView
    flows: Transfers
    scope: Bindings
    ends: dict[int, Bindings] = field(default_factory=dict)
    known: dict[int, Surroundings] = field(default_factory=dict)

    def uses(self, stage: StageView) -> Iterator[_Use]:
        """The platform words in what a stage fetches."""
        names = self.ends[stage.index] = start(self.ends, stage.parents)
        runs = iter(stage.runs)
        out = leaving(self.flows, stage)
        for instruction, here in surroundings(self.view, stage, self.known):
            if instruction.name == "ADD":
                leaves = out.has(one.text for one in of_arguments(instruction))
                checked = instruction.flag("checksum") is not None
                for one, line in _of_add(instruction, names):
                    yield _use(one, line, here, leaves=leaves, has_check=checked)
            elif instruction.name == "RUN":
                run = next(runs)
                leaves = out.has(words_of(run))
                checked = any(is_check(command) for command in run.commands)
                for one, line in _of_run(run, names):
                    yield _use(one, line, here, leaves=leaves, has_check=checked)
            elif instruction.name in {"ARG", "ENV"}:
                names.follow(instruction, self.scope)


def _use(literal: Literal, line: int, here: Surroundings, *, leaves: bool, has_check: bool) -> _Use:
    asset = asset_in(literal.piece.text)
    return _Use(
        line=line,
        literal=literal,
        leaves=leaves,
        has_check=has_check,
        asset=asset,
        version=here.expand(asset.version) if asset else "",
    )


def _of_add(instruction: Instruction, names: Bindings) -> Iterator[tuple[Literal, int]]:
    for piece in sources_of(instruction):
        if is_address(piece.text):
            yield from ((one, instruction.first_line) for one in literals(piece))
        yield from _behind(piece.text, names)


def _behind(text: str, names: Bindings, *, fetches: bool = False) -> Iterator[tuple[Literal, int]]:
    """What variables bring into a text that is an address, or becomes one by them."""
    bindings = names.behind(text)
    if fetches or is_address(text) or any(one.is_address for one in bindings):
        yield from ((one, binding.line) for binding in bindings for one in binding.literals)


def _of_run(run: Run, names: Bindings) -> Iterator[tuple[Literal, int]]:
    line = run.instruction.first_line
    for script in run.scripts:
        inner = names.inner()
        chosen = choices(script)
        for assignment, arms in script.assignments:
            if not chosen.cover(arms, assignment.span):
                inner.assign(assignment, line)
        for name in chosen.names:
            inner.clear(name)
        for command in script.commands:
            if not chosen.cover(command.arms, command.span):
                yield from _of_command(command, inner, line)


def _of_command(command: Command, names: Bindings, line: int) -> Iterator[tuple[Literal, int]]:
    addresses = tuple(fetched(command))
    for word in addresses:
        yield from ((one, line) for one in literals(of_shell(word)) if not _is_option(one))
        yield from _behind(word.text, names, fetches=True)
    if not addresses and takes_addresses(command):
        for word in command.words[1:]:
            yield from _behind(word.text, names)


def _is_option(literal: Literal) -> bool:
    """Whether a word stands in `[arch=amd64]` of a source of packages, which is no address."""
    return (
        _OPTION.search(
            literal.piece.text[max(0, literal.word.start - _LOOK_BACK) : literal.word.start]
        )
        is not None
    )


# --- what is told --------------------------------------------------------------------------------


def _finding(stage: StageView, line: int, uses: list[_Use]) -> LintFinding | None:
    platforms = _platforms(stage, uses)
    if not platforms:
        return None
    first = uses[0]
    fix, why_not = _fix(uses)
    stays = all(stage.kinds[one] is StageClass.NATIVE for one in platforms) and not any(
        use.leaves for use in uses
    )
    return LintFinding(
        rule="PA301",
        severity=Severity.WARNING if stays else Severity.ERROR,
        line=line,
        span=first.literal.span,
        platforms=platforms,
        message=_message(first.literal, stays=stays),
        hint=_hint(first),
        fix=fix,
        why_not=why_not,
    )


def _platforms(stage: StageView, uses: list[_Use]) -> tuple[Platform, ...]:
    hit = {
        platform
        for use in uses
        for platform in concerned(stage, use.literal.word.platforms, leaves=use.leaves)
    }
    return tuple(one for one in stage.platforms if one in hit)


def _fix(uses: list[_Use]) -> tuple[FixClass, str]:
    if any(use.has_check for use in uses):
        return FixClass.NONE, "a digest or a signature of this one file stands beside it"
    for use in uses:
        if use.asset is None or use.asset.name not in use.asset.asset.names.values():
            return FixClass.NONE, "what the project calls its other files is not known"
        if _is_older(use.version, use.asset.asset.since):
            return FixClass.NONE, "this version was not published for as many platforms"
    return FixClass.REVIEW, "nobody asked whether the other files are there"


def _is_older(version: str, since: tuple[int, ...]) -> bool:
    found = _NUMBERS.match(version)
    return found is not None and tuple(map(int, found[1].split("."))) < since


def _message(literal: Literal, *, stays: bool) -> str:
    said = f"the download is that for `{literal.word.text}`"
    if stays:
        return f"{said}: the stage runs on the building machine, which may be another one"
    return f"{said}, whatever platform is built"


def _hint(use: _Use) -> str:
    if use.asset is None:
        return (
            "choose the file's name by `TARGETARCH`, and stop the build where the project "
            "publishes none"
        )
    asset = use.asset.asset
    names = ", ".join(f"{one}: {name}" for one, name in asset.names.items())
    if asset.is_dockers:
        return f"write `${{TARGETARCH}}` in its place; {asset.project} has {names}"
    return f"choose by `TARGETARCH` and `TARGETVARIANT`; {asset.project} has {names}"


RULES = (
    Rule(
        id="PA301",
        name="hard-coded-arch-url",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="A download is for one platform, whatever is built",
        consequence="Every platform of the image gets the same file. Nothing fails while the image "
        "is built: the program is only started later, on a machine that answers `exec format "
        "error`, or an emulator hides it and makes it slow.",
        remedy="Choose the file by `TARGETARCH` (and `TARGETVARIANT` on Arm), which BuildKit sets "
        "for each platform after `ARG TARGETARCH`. Where the project uses other words than Docker "
        "(`x86_64`, `aarch64`, `armv7`), translate with a `case` that stops for platforms without "
        "one. Renew digests beside it: there is one for each file.",
        before="RUN wget -qO /bin/yq https://github.com/mikefarah/yq/releases/download/v4.47.1/"
        "yq_linux_amd64",
        after="ARG TARGETARCH\nRUN wget -qO /bin/yq https://github.com/mikefarah/yq/releases/"
        "download/v4.47.1/yq_linux_${TARGETARCH}",
        sources=(
            "https://docs.docker.com/build/building/multi-platform/",
            "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
        ),
        check=hard_coded_address,
    ),
)
