"""PA201, PA501, PA502, and the Go part of PA302 and PA504: Go compiles for the target.

The variables go onto the command, never into ENV: tools and `go run` of the same stage stay native.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import Site, check_written, sites
from polyarch.dockerfile.fix.crosstools import Tools, tools
from polyarch.dockerfile.fix.declare import above, declare
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.goinstall import built_instead, is_local_install
from polyarch.dockerfile.fix.pin import pin_edits
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.outputs import transfers
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.errors import FixRefusedError

ARGUMENTS = ("TARGETOS", "TARGETARCH", "TARGETVARIANT")
_TARGET_ARCH = re.compile(r"""["']?\$\{?TARGETARCH\b""")
_LINUX = re.compile(r"""["']?(?:linux\b|\$\{?TARGETOS\b)""")
_RAW_VARIANT = re.compile(r'"?\$(?:TARGETVARIANT|\{TARGETVARIANT\})"?')
_PLAIN_GOARM = "${TARGETVARIANT#v}"
_GUARDED_GOARM = '$([ "$TARGETARCH" = arm ] && echo "${TARGETVARIANT#v}")'


def goarm(view: FileView) -> str:
    """The value of GOARM: Go looks at it on every architecture.

    BuildKit's variant is empty on most others, but kept on amd64 and for arm64/v9.
    """
    has_more = any(one.variant and one.architecture != "arm" for one in view.platforms)
    return _GUARDED_GOARM if has_more else _PLAIN_GOARM


def cross_compile(finding: LintFinding, work: Work) -> Change:
    """PA201: pin the stage and tell each `go build` the target."""
    return _crossed(work.stage(finding), work)


def cross_leaked(finding: LintFinding, work: Work) -> Change:
    """PA504: the same for a stage that is native already, and whose program goes to the image."""
    givers = {
        one.giver
        for one in transfers(work.view).into(work.stage(finding))
        if one.line == finding.line and one.giver is not None
    }
    if len(givers) != 1:
        raise FixRefusedError("what is copied comes from no stage of the file")
    return _crossed(work.view.stages[givers.pop()], work)


def state_cgo(finding: LintFinding, work: Work) -> Change:
    """PA501: off, as it is already for each platform but the builder's own."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    builds = [_Build(stage, work, one) for one in _builds(stage) if one.instruction is instruction]
    edits = [one.site.in_front("CGO_ENABLED=0") for one in builds if not one.is_cgo_stated]
    if not edits:
        raise FixRefusedError("every command has CGO_ENABLED")
    return Change(edits=tuple(edits), native=stage.index)


def _crossed(stage: StageView, work: Work) -> Change:
    found = tuple(_Build(stage, work, site) for site in _builds(stage))
    if not found:
        raise FixRefusedError("no `go build` stands in the Dockerfile itself")
    users = [one.site.instruction for one in found]
    edits = [edit for one in found for edit in one.edits()]
    if any(one.is_cgo_on for one in found):
        added, adds = tools(stage, work, users, Tools(), names=ARGUMENTS)
    else:
        text = " ".join(edit.replacement for edit in edits)
        added = declare(work, stage, [one for one in ARGUMENTS if one in text], users)
        adds = ("ARG",) * len(added)
    return Change(edits=(*pin_edits(stage, work), *added, *edits), adds=adds, native=stage.index)


def _builds(stage: StageView) -> Iterator[Site]:
    for site in sites(stage):
        if site.is_called("go", "build") or is_local_install(site):
            check_written(site.run)
            yield site


@dataclass(frozen=True, slots=True)
class _Build:
    """One `go build` of a stage, and what it lacks."""

    stage: StageView
    work: Work
    site: Site

    def edits(self) -> Iterator[Edit]:
        wanted = []
        if not self.is_cgo_stated:
            wanted.append("CGO_ENABLED=0")
        elif self.is_cgo_on:
            wanted.append("CC=target-gcc")
        if not self._is_told("GOOS", _LINUX):
            wanted.append("GOOS=$TARGETOS")
        if not self._is_told("GOARCH", _TARGET_ARCH):
            wanted.append("GOARCH=$TARGETARCH")
        if self.site.assignment("GOARM") is None:
            wanted.append(f"GOARM={goarm(self.work.view)}")
        if wanted:
            yield self.site.in_front(" ".join(wanted))
        yield from built_instead(self.site, self.stage, self.work)

    def _is_told(self, name: str, right: re.Pattern[str]) -> bool:
        """Whether the command is told this.

        Raises:
            FixRefusedError: it is told something else.
        """
        said = self.site.assignment(name)
        if said and not right.match(said.value.text):
            raise FixRefusedError(f"`go build` is told {name}={said.value}")
        return said is not None

    @property
    def is_cgo_stated(self) -> bool:
        """Whether anybody says whether cgo is on."""
        return self._cgo is not None

    @property
    def is_cgo_on(self) -> bool:
        """Whether somebody says so: then it needs a C compiler for the target."""
        return self._cgo is not None and self._cgo.strip("\"'") != "0"

    @property
    def _cgo(self) -> str | None:
        """What the command, or else ENV or ARG above, says of cgo; without a word, it goes off."""
        if said := self.site.assignment("CGO_ENABLED"):
            return said.value.text
        found = [
            assignment.value
            for one in above(self.work, self.stage, self.site.instruction)
            if one.name in {"ARG", "ENV"}
            for assignment in one.assignments
            if assignment.name == "CGO_ENABLED"
        ]
        return (found[-1] or "") if found else None


def add_goarm(finding: LintFinding, work: Work) -> Change:
    """`GOARM` behind the GOARCH of a command; a raw `v6` loses its letter."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    found = [
        site
        for site in sites(stage)
        if site.instruction is instruction and site.assignment("GOARCH")
    ]
    if not found:
        raise FixRefusedError("GOARCH is not set on a command")
    check_written(found[0].run)
    value = goarm(work.view)
    edits = [edit for site in found for edit in _goarm_edits(site, value)]
    if not edits:
        raise FixRefusedError("every command has GOARM")
    names = ("TARGETVARIANT",) if value == _PLAIN_GOARM else ("TARGETARCH", "TARGETVARIANT")
    declared = declare(work, stage, names, [instruction])
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())


def _goarm_edits(site: Site, value: str) -> Iterator[Edit]:
    architecture, variant = site.assignment("GOARCH"), site.assignment("GOARM")
    if architecture is None or not _TARGET_ARCH.match(architecture.value.text):
        return
    if variant is None:
        yield Edit.insert(architecture.span.end, f" GOARM={value}")
    elif _RAW_VARIANT.fullmatch(variant.value.text):
        yield Edit(variant.value.span, value)


def target_arch(finding: LintFinding, work: Work) -> Change:
    """`GOARCH=amd64` of a command becomes the target's, with its GOARM; ENV is left to others."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    if instruction.name in {"ARG", "ENV"}:
        return _crossed(stage, work)
    found = [
        (site, one)
        for site in sites(stage)
        if site.instruction is instruction
        and (one := site.assignment("GOARCH"))
        and one.value.value is not None
    ]
    if not found:
        raise FixRefusedError("GOARCH is not set on a command")
    check_written(found[0][0].run)
    edits = []
    for site, one in found:
        more = "" if site.assignment("GOARM") else f" GOARM={goarm(work.view)}"
        edits.append(Edit(one.value.span, f"$TARGETARCH{more}"))
    declared = declare(work, stage, ("TARGETARCH", "TARGETVARIANT"), [instruction])
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())
