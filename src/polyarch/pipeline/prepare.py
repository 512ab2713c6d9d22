"""The first half of every verb: ask the world, then plan."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyarch.config.project import Project
from polyarch.engines.base import Engine, EngineInfo
from polyarch.engines.catalog import ENGINES
from polyarch.events import Warned
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.emulation import read_machine
from polyarch.host.git import GitFacts, GitTree
from polyarch.metadata.policy import may_publish
from polyarch.pipeline.ancestry import Ancestry
from polyarch.pipeline.build_secrets import variables_of
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.facts import (
    Facts,
    context_digests,
    describe,
    make_engines,
    probe_engines,
)
from polyarch.pipeline.git_contexts import with_checkouts
from polyarch.pipeline.inquiry import Inquiry
from polyarch.pipeline.known import known_facts
from polyarch.pipeline.lock import Lock
from polyarch.pipeline.locked import Locked
from polyarch.pipeline.nodes import complaints, node_engines, probe_nodes
from polyarch.pipeline.plan import Plan
from polyarch.pipeline.planning import make_plan
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.run_record import toolchain_lines
from polyarch.pipeline.scope import find_scope
from polyarch.pipeline.selection import select_images
from polyarch.pipeline.source_reader import SourceReader
from polyarch.pipeline.wording import Wording
from polyarch.pipeline.world import Ask, World
from polyarch.registry.blocking import BlockingRegistries
from polyarch.transaction.hold import Holds

if TYPE_CHECKING:
    from polyarch.pipeline.lint_advice import EmulationCosts

_OTHERS = {name: EngineInfo(name=name, title="other machines") for name in ENGINES}
"""What is said of engines where other machines build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan, and all that it was made from."""

    project: Project
    event: CiEvent
    ask: Ask
    world: World
    facts: Facts
    ancestry: Ancestry
    engines: Mapping[str, Engine]
    nodes: Mapping[str, Engine]
    reach: Reach
    registries: BlockingRegistries
    holds: Holds
    plan: Plan


def prepare(project: Project, event: CiEvent, ask: Ask, world: World, stack: ExitStack) -> Prepared:
    """Ask engines, Dockerfiles and, unless `ask.offline`, registries; then plan.

    Connections to registries stay open until `stack` is closed: who publishes goes on with them.

    Raises:
        NothingSelectedError: what was asked for matches nothing.
        ConfigError: config, Dockerfiles or tag rules are wrong.
        HostError: an engine that is needed cannot be used.
    """
    locked = Locked.of(Lock.read(project.root))
    machine = read_machine(world.environment)
    git = GitTree.find(project.root, world.environment)
    facts_of_git = git.facts() if git else None
    told = known_facts(
        event, facts_of_git, world.environment, offline=ask.offline or ask.unpublished
    )
    event = replace(event, commit_time=told.commit_time)
    doubts = _doubts(event, facts_of_git)
    for warning in (*project.warnings, *event.warnings, *told.warnings, *doubts):
        world.listen(Warned(text=warning))
    wording = Wording(
        event=event,
        repository=told.repository,
        now=world.now,
        describe=describe(project, git),
    )
    selected = select_images(ask.selectors, tuple(project.images), project.groups)
    project = with_checkouts(
        project,
        selected,
        world.environment,
        state=world.state,
        offline=ask.offline or bool(ask.from_tags),
        anonymous=event.is_pull_request,
    )
    reader = SourceReader(project, machine, wording, nothing_is_built=bool(ask.from_tags))
    sources = reader.read(selected)
    scope = find_scope(project, event, ask, sources, git)
    platforms = scope.platforms
    given = variables_of(project) if event.is_pull_request else ()
    environment = without_logins(world.environment, (*project.secret_variables, *given))
    engines = make_engines(environment)
    nodes = node_engines(project, environment)
    reach = Reach(project, world, anonymous=event.is_pull_request)
    registries = stack.enter_context(reach.blocking())
    ancestry = Ancestry(git, event.sha)
    decision = may_publish(
        event,
        project.publish.on,
        sandbox=ask.sandbox,
        environment=project.environment or "",
    )
    takes_less = reach.takes_less(
        each.registry for name in platforms for each in project.images[name].repositories
    )
    found = Inquiry(
        project=project,
        event=event,
        ask=ask,
        wording=wording,
        scope=platforms,
        sources=sources,
        contexts=lambda known: context_digests(project, platforms, sources, known, environment),
        build_platform=machine.platform,
        decision=decision,
        reach=reach,
        registries=registries,
        may_adopt=_may_adopt(ask, facts_of_git, event),
        takes_less=takes_less,
        locked=locked,
    ).answers()
    spared = {*found.existing, *(key for key, each in found.verdicts.items() if each.taken)}
    built = tuple(
        each for name in platforms for each in platforms[name] if (name, each) not in spared
    )
    costs: EmulationCosts = {}
    if built:  # who builds nothing need not wait for all rules to be read
        from polyarch.pipeline.lint_advice import advice

        told_by_lint = advice(project, platforms, spared, wording, build_platform=machine.platform)
        costs = told_by_lint.costs
        for text in told_by_lint.warnings:
            world.listen(Warned(text=text))
    at_hand = probe_nodes(project, nodes) if built and not ask.elsewhere else {}
    for text in complaints(at_hand):
        world.listen(Warned(text=text))
    facts = Facts(
        machine=machine.with_versions(world.environment, built),
        wording=wording,
        probes=_OTHERS
        if ask.elsewhere
        else probe_engines(project, sources, platforms, engines, spared),
        nodes=at_hand,
        elsewhere=ask.elsewhere,
        sources=sources,
        current=found.current,
        existing=found.existing,
        costs=costs,
        takes_less=takes_less,
        descends={
            revision: ancestry.descends(revision)
            for standing in found.current.values()
            for revision in (standing.revision, *(hold.revision for hold in standing.holds))
            if revision
        },
        keys=found.keys,
        bases=found.bases,
        configs=found.configs,
        verdicts=found.verdicts,
        reusable=found.reusable,
        locked=locked,
    )
    if not ask.elsewhere:
        lines = toolchain_lines(project, scope, facts, world, found.today)
        facts = replace(facts, toolchain=tuple(lines))
    return Prepared(
        project=project,
        event=event,
        ask=ask,
        world=world,
        facts=facts,
        ancestry=ancestry,
        engines=engines,
        nodes=nodes,
        reach=reach,
        registries=registries,
        holds=found.holds,
        plan=make_plan(project, scope, decision, facts, keep_others=ask.keep_others),
    )


def _doubts(event: CiEvent, git: GitFacts | None) -> Iterator[str]:
    """Why the files at hand may not be the commit that the labels will name."""
    if git is None or event.provider is Provider.LOCAL:
        return
    if event.sha and event.sha != git.sha:
        yield (
            f"the event is about commit {event.sha[:12]}, and {git.sha[:12]} is checked out:"
            " labels will name the first, the files are of the second"
        )
    if git.dirty:
        yield "the work tree has changes that are in no commit, and they will be in the images"


def _may_adopt(ask: Ask, git: GitFacts | None, event: CiEvent) -> bool:
    """Whether the commit says what would be built: files that changed since say otherwise."""
    asked = ask.converge and not (ask.sandbox or ask.force or ask.elsewhere or ask.platforms)
    return asked and git is not None and not git.dirty and git.sha == event.sha
