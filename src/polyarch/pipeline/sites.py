"""Where one platform of one image could be built: each builder and this machine, and how there.

Pure: engines, builders and Dockerfiles were asked before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.graph import StageGraph
from polyarch.engines.base import EngineInfo
from polyarch.engines.buildx_probe import NAME as BUILDX
from polyarch.engines.catalog import candidates
from polyarch.host.emulation import Machine
from polyarch.oci.platform import Platform
from polyarch.pipeline.facts import NodeFacts
from polyarch.pipeline.material import Source
from polyarch.pipeline.plan import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place that could build the platform; `builder` is empty for this machine.

    `told`: the config lists the platform there. `sure`: the engine says itself that it can. `why`
    speaks for the strategy.
    """

    builder: str
    strategy: Strategy
    why: str
    told: bool = False
    sure: bool = True

    @property
    def rank(self) -> int:
        """The lower the better: native before cross before emulated, builders that were told first.

        A builder that is told to build a platform which it does not run itself gives way only to
        engines that do.
        """
        here = not self.builder
        match self.strategy:
            case "native":
                return 0 if self.builder else 1 if self.sure else 6
            case "cross":
                return 2 if self.told else 3 if here else 4
            case _:
                order = (self.told, self.sure)
                return {(True, True): 5, (False, True): 7, (True, False): 8}.get(order, 9)


def may_go_to_builders(image: str, source: Source, engine: str) -> bool:
    """Whether BuildKit may build it: engines that are wanted by name run on this machine.

    Raises:
        EngineMisfitError: the engine that is wanted lacks what it works from.
    """
    return BUILDX in candidates(image, source.material, engine)


def executes(graph: StageGraph, platform: Platform) -> bool:
    """Whether a program of the platform is run while it is built."""
    return any(stage.has_run and stage.platform == platform for stage in graph.stages)


def site_here(platform: Platform, source: Source, engine: EngineInfo, machine: Machine) -> Site:
    """This machine, with the engine that was chosen for the image."""
    if source.graph is None:
        if machine.runs_natively(platform):
            return Site(builder="", strategy="native", why="this machine's own platform")
        return Site(builder="", strategy="cross", why="made here, and nothing of it runs")
    if _runs(engine, platform):
        return Site(builder="", strategy="native", why="the engine runs this platform itself")
    if not executes(source.graph, platform):
        return Site(builder="", strategy="cross", why="no RUN executes on the target platform")
    if machine.runs_natively(platform) and _runs(engine, machine.platform):
        why = "this machine's processor runs this platform, too"
        return Site(builder="", strategy="native", why=why, sure=False)
    emulator = machine.emulator_for(platform)
    known = platform in engine.emulated or (emulator is not None and emulator.kind == "binfmt")
    if emulator and known:
        how = f"RUN executes under {emulator.title}"
    elif known:
        how = "RUN executes under an emulator of the engine's own"
    else:
        there = f" ({emulator.title})" if emulator else ""
        how = f"RUN needs an emulator, and none is registered{there}: `polyarch doctor`"
    return Site(builder="", strategy="emulated", why=how, sure=known)


def sites_of_builders(
    platform: Platform, source: Source, nodes: Iterator[NodeFacts]
) -> Iterator[Site]:
    """The builders that can be used and may build the platform, in the config's order."""
    for each in nodes:
        node, info = each.node, each.info
        told = platform in node.platforms
        if not info.usable or (node.platforms and not told):
            continue
        name = node.name
        if _runs(info, platform):
            why = "the engine there runs this platform itself"
            yield Site(builder=name, strategy="native", why=why, told=told)
        elif source.graph is not None and not executes(source.graph, platform):
            why = "no RUN executes on the target platform"
            yield Site(builder=name, strategy="cross", why=why, told=told)
        elif told:
            known = platform in info.emulated
            how = "under an emulator there" if known else "there, whose engine names no emulator"
            why = f"the config sends it there, and RUN executes {how}"
            yield Site(builder=name, strategy="emulated", why=why, told=True, sure=known)


def complaint(each: NodeFacts, platform: Platform) -> str:
    """Why a builder does not run the platform itself; empty where it does."""
    if each.info.problem is not None:
        return f"cannot be used: {each.info.problem}"
    if each.node.platforms and platform not in each.node.platforms:
        return "its `platforms` do not name it"
    if _runs(each.info, platform):
        return ""
    own = ", ".join(map(str, each.info.native)) or "no platform"
    return f"its engine runs {own} itself, all else under emulation"


def _runs(info: EngineInfo, platform: Platform) -> bool:
    return any(platform.satisfies(native) for native in info.native)
