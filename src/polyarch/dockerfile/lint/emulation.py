"""The stages that are emulated, with what they do and which stages a pin would move together.

A pin (`--platform=$BUILDPLATFORM`) stands on the FROM that names an image, and moves every stage
that stands on it: that is the stage's family. What a family gives to another stage leaves it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from polyarch.dockerfile.lint.bases import Base, base_of
from polyarch.dockerfile.lint.calls import Call, call
from polyarch.dockerfile.lint.outputs import Output, Transfers, transfers
from polyarch.dockerfile.lint.toolchains import work_of
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView, Run, StageClass, StageView
from polyarch.dockerfile.shell.script import Command, Script
from polyarch.oci.platform import Platform

_ALSO_RUNS: Mapping[str, frozenset[str]] = {"amd64": frozenset({"386"})}
"""What a processor of an architecture always runs itself."""

_MOST_STAGES = 64
_MOST_STEPS = 1000
"""Instructions and commands of the stages that move together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A command of a stage. `work` is None where it is nothing that emulation makes slow."""

    command: Command
    call: Call
    script: Script
    run: Run
    work: Work | None

    def line(self, text: str) -> int:
        """The line of the file on which it begins; `text` is the file's."""
        start = self.run.instruction.span.start
        breaks = text.count("\n", start, self.command.span.start)
        return self.run.instruction.first_line + breaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A stage with its base and its deeds."""

    stage: StageView
    base: Base
    deeds: tuple[Deed, ...]

    @property
    def work(self) -> frozenset[Work]:
        """The kinds of work that it does."""
        return frozenset(deed.work for deed in self.deeds if deed.work)

    def of(self, work: Work) -> tuple[Deed, ...]:
        """The deeds of one kind, in order."""
        return tuple(deed for deed in self.deeds if deed.work is work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulation:
    """A file's needed stages by index, and the transfers between them.

    `roots` maps a stage to that which its FROM leads to in the end, `families` a root to all that
    stands on it, itself first.
    """

    view: FileView
    sites: Mapping[int, Site]
    transfers: Transfers
    roots: Mapping[int, int]
    families: Mapping[int, tuple[int, ...]]

    @property
    def emulated(self) -> tuple[Site, ...]:
        """The stages that some platform has emulated."""
        return tuple(site for site in self.sites.values() if platforms_of(self.view, site.stage))

    def family(self, stage: StageView) -> tuple[Site, ...]:
        """The stages that a pin would move together with this one, and itself."""
        members = self.families[self.roots[stage.index]]
        return tuple(self.sites[index] for index in members)

    def is_large(self, stage: StageView) -> bool:
        """Whether so much would move together with a stage that nobody can judge it at a glance.

        What files are made of by hand stays far below; it keeps hostile ones from taking long.
        """
        members = self.families[self.roots[stage.index]]
        if len(members) > _MOST_STAGES:
            return True
        sites = (self.sites[index] for index in members)
        return sum(len(one.stage.body) + len(one.deeds) for one in sites) > _MOST_STEPS

    def heirs(self, stage: StageView) -> tuple[Site, ...]:
        """The stage, and the stages that have its files because they stand on it."""
        found = {stage.index: self.sites[stage.index]}
        waiting = [stage.index]
        while waiting:
            for child in self.view.children.get(waiting.pop(), ()):
                if child not in found:
                    found[child] = self.sites[child]
                    waiting.append(child)
        return tuple(found.values())

    def leaving(self, sites: tuple[Site, ...]) -> tuple[Output, ...]:
        """What these stages give to others."""
        inside = {site.stage.index for site in sites}
        return tuple(
            output
            for site in sites
            for output in self.transfers.of(site.stage)
            if output.receiver not in inside
        )


@lru_cache(maxsize=1)
def emulation_of(view: FileView) -> Emulation:
    """Lay out what chapter 4's rules look at; rules ask one after the other for the same view."""
    sites: dict[int, Site] = {}
    for stage in view.needed:
        parent = next((sites[index] for index in stage.parents if index in sites), None)
        sites[stage.index] = _site(stage, parent.base if parent else base_of(view, stage))
    roots = _roots(sites)
    families: dict[int, list[int]] = {}
    for index, root in roots.items():
        families.setdefault(root, []).append(index)
    return Emulation(
        view=view,
        sites=sites,
        transfers=transfers(view),
        roots=roots,
        families={root: tuple(members) for root, members in families.items()},
    )


def _roots(sites: Mapping[int, Site]) -> dict[int, int]:
    """The first stage of each family; a stage with several parents makes one of their families."""
    joined: dict[int, int] = {}

    def root_of(index: int) -> int:
        while joined.get(index, index) != index:
            joined[index] = joined.get(joined[index], joined[index])
            index = joined[index]
        return index

    for index, site in sites.items():
        joined[index] = index
        found = sorted({root_of(parent) for parent in site.stage.parents if parent in joined})
        for other in (*found[1:], index):
            joined[other] = found[0] if found else index
    return {index: root_of(index) for index in sites}


def platforms_of(view: FileView, stage: StageView) -> tuple[Platform, ...]:
    """The platforms for which the stage's programs are emulated."""
    return tuple(
        platform
        for platform, kind in stage.kinds.items()
        if kind is StageClass.TARGET and not _runs_itself(view.build_platform, platform)
    )


def _runs_itself(machine: Platform, platform: Platform) -> bool:
    also = _ALSO_RUNS.get(machine.architecture, frozenset())
    return platform.architecture == machine.architecture or platform.architecture in also


def _site(stage: StageView, base: Base) -> Site:
    return Site(stage=stage, base=base, deeds=tuple(_deeds(stage, base)))


def _deeds(stage: StageView, base: Base) -> Iterator[Deed]:
    for run in stage.runs:
        for script in run.scripts:
            for command in script.commands:
                found = call(command)
                yield Deed(
                    command=command,
                    call=found,
                    script=script,
                    run=run,
                    work=work_of(found, base.language, base.version),
                )
