"""Who builds a platform and how, with the reason: natively, cross-compiling, or under an emulator.

Pure: engines, builders and Dockerfiles were asked before.
"""

from dataclasses import dataclass

from polyarch.config.project import ImageSettings
from polyarch.dockerfile.lint.cost import Cost
from polyarch.engines.base import EngineInfo
from polyarch.engines.catalog import choose
from polyarch.errors import shorten
from polyarch.host.emulation import Machine
from polyarch.oci.platform import Platform
from polyarch.pipeline.facts import Facts, Source
from polyarch.pipeline.plan import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`builder` is empty for an engine of this machine, `alternatives` can take its place."""

    engine: str
    strategy: Strategy
    reason: str
    builder: str = ""
    alternatives: tuple[str, ...] = ()


def assign(settings: ImageSettings, platform: Platform, facts: Facts) -> Assignment:
    """Choose engine, builder and strategy for one platform of one image.

    Raises:
        EngineMisfitError: the engine that is wanted lacks what it works from.
        EngineUnusableError: an engine that is needed cannot be used.
    """
    source = facts.sources[settings.name, platform]
    build = settings.for_platform(platform)
    choice = choose(settings.name, source.material, build.engine, facts.probes)
    cost = facts.costs.get((settings.name, platform))
    strategy, why = _strategy(platform, source, facts.probes[choice.engine], facts.machine, cost)
    return Assignment(engine=choice.engine, strategy=strategy, reason=f"{choice.reason}; {why}")


def _strategy(
    platform: Platform,
    source: Source,
    engine: EngineInfo,
    machine: Machine,
    cost: Cost | None = None,
) -> tuple[Strategy, str]:
    if source.graph is None:
        if machine.runs_natively(platform):
            return "native", "this machine's own platform"
        return "cross", "compiled here for the platform"
    if any(platform.satisfies(native) for native in engine.native):
        return "native", "the engine runs this platform itself"
    if not any(stage.has_run and stage.platform == platform for stage in source.graph.stages):
        return "cross", "no RUN executes on the target platform"
    emulator = machine.emulator_for(platform)
    if emulator is None and platform not in engine.emulated:
        return "emulated", "RUN needs an emulator, and none is registered: `polyarch doctor`"
    return "emulated", f"RUN executes under an emulator{_estimate(cost)}"


def _estimate(cost: Cost | None) -> str:
    """What takes longest there, as far as the Dockerfile tells."""
    if cost is None:
        return ", 5 to 40 times slower"
    what = f": `{shorten(cost.command, 40)}` (line {cost.line})"
    if cost.fails:
        return f"{what} hangs or crashes there"
    return f"{what} takes {cost.factor or 'seconds to minutes more'}"
