"""Who builds a platform and how, with the reason: natively, cross-compiling, or under an emulator.

Pure: engines, builders and Dockerfiles were asked before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarch.config.project import BuildSettings, ImageSettings
from polyarch.engines.base import EngineInfo
from polyarch.engines.buildx_probe import NAME as BUILDX
from polyarch.engines.catalog import Choice, choose
from polyarch.errors import EngineUnusableError, StrategyUnmetError, shorten
from polyarch.oci.platform import Platform
from polyarch.pipeline.facts import Facts, NodeFacts
from polyarch.pipeline.material import Source
from polyarch.pipeline.plan import Strategy
from polyarch.pipeline.sites import (
    Site,
    complaint,
    may_go_to_builders,
    site_here,
    sites_of_builders,
)

if TYPE_CHECKING:
    from polyarch.dockerfile.lint.cost import Cost

_NO_LOADS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`builder` is empty for an engine of this machine, `alternatives` can take its place."""

    engine: str
    strategy: Strategy
    reason: str
    builder: str = ""
    alternatives: tuple[str, ...] = ()


def assign(
    settings: ImageSettings,
    platform: Platform,
    facts: Facts,
    loads: Mapping[str, int] = _NO_LOADS,
) -> Assignment:
    """Choose engine, builder and strategy for one platform of one image.

    `loads` are how many builds each builder has got in this plan so far.

    Raises:
        EngineMisfitError: the engine that is wanted lacks what it works from.
        EngineUnusableError: an engine that is needed cannot be used.
        StrategyUnmetError: nothing may build it as `strategy` or `allow-emulation` demand.
    """
    build = settings.for_platform(platform)
    source = facts.sources[settings.name, platform]
    remote = may_go_to_builders(settings.name, source, build.engine)
    nodes = tuple(facts.nodes.values()) if remote else ()
    here = _here(settings.name, source, build.engine, facts.probes)
    found = list(sites_of_builders(platform, source, iter(nodes)))
    if isinstance(here, Choice):
        found.append(site_here(platform, source, facts.probes[here.engine], facts.machine))
    elif not nodes:
        raise here
    own = facts.machine.runs_natively(platform)
    allowed = found if facts.elsewhere else [s for s in found if _is_allowed(s, build, own=own)]
    if not allowed:
        problems = list(_problems(platform, nodes, found, here))
        raise _unmet(settings.name, platform, build, nodes, problems)
    best = min(site.rank for site in allowed)
    equals = [site for site in allowed if site.rank == best]
    chosen = min(equals, key=lambda site: _crowd(site, facts.nodes, loads))
    return Assignment(
        engine=here.engine if isinstance(here, Choice) and not chosen.builder else BUILDX,
        strategy=chosen.strategy,
        reason="; ".join(
            [
                _who(chosen, facts.nodes, here),
                chosen.why + _price(chosen, facts.costs.get((settings.name, platform))),
                *_missed(chosen, nodes, platform),
            ]
        ),
        builder=chosen.builder,
        alternatives=tuple(s.builder for s in equals if s is not chosen and s.builder),
    )


def _here(
    image: str, source: Source, engine: str, probes: Mapping[str, EngineInfo]
) -> Choice | EngineUnusableError:
    """The engine of this machine, or why there is none."""
    try:
        return choose(image, source.material, engine, probes)
    except EngineUnusableError as error:
        return error


def _is_allowed(site: Site, build: BuildSettings, *, own: bool) -> bool:
    """Whether a site does what the config demands; `own`: this machine runs the platform itself."""
    if site.strategy == "emulated" and not build.allow_emulation:
        return False
    if build.strategy in {"auto", site.strategy}:
        return True
    # Stages on the build platform and those on the target are of one platform then.
    return build.strategy == "cross" and site.strategy == "native" and own


def _crowd(site: Site, nodes: Mapping[str, NodeFacts], loads: Mapping[str, int]) -> tuple[int, int]:
    """How many builds wait there before this one may begin, and how many there are at all."""
    load = loads.get(site.builder, 0)
    parallel = nodes[site.builder].node.parallel if site.builder else None
    return (load // parallel if parallel else 0, load)


def _who(site: Site, nodes: Mapping[str, NodeFacts], here: Choice | EngineUnusableError) -> str:
    if site.builder:
        info = nodes[site.builder].info
        title, name = info.title or info.name, f"`{site.builder}`"
        return title if name in title else f"builder {name}: {title}"
    return here.reason if isinstance(here, Choice) else ""


def _missed(chosen: Site, nodes: Sequence[NodeFacts], platform: Platform) -> Iterator[str]:
    """Builders that should have been the native ones, and what is wrong with them."""
    for each in nodes:
        meant = platform in each.node.platforms
        silent = not each.node.platforms and not each.info.usable and chosen.strategy != "native"
        if (meant or silent) and (why := complaint(each, platform)):
            name = f"`{each.node.name}`"
            yield why if name in why else f"builder {name}: {why}"


def _price(site: Site, cost: "Cost | None") -> str:
    """What takes longest under emulation, as far as the Dockerfile tells."""
    if site.strategy != "emulated" or (not site.sure and not site.builder):
        return ""
    if cost is None:
        return ", 5 to 40 times slower"
    what = f": `{shorten(cost.command, 40)}` (line {cost.line})"
    if cost.fails:
        return f"{what} hangs or crashes there"
    return f"{what} takes {cost.factor or 'seconds to minutes more'}"


def _unmet(
    image: str,
    platform: Platform,
    build: BuildSettings,
    nodes: Sequence[NodeFacts],
    problems: Sequence[tuple[str, str]],
) -> StrategyUnmetError:
    return StrategyUnmetError(
        image, str(platform), _demand(build), problems, hint=_way_out(build, platform, nodes)
    )


def _problems(
    platform: Platform,
    nodes: Sequence[NodeFacts],
    found: Sequence[Site],
    here: Choice | EngineUnusableError,
) -> Iterator[tuple[str, str]]:
    """Each place, and what is wrong with it."""
    by_builder = {site.builder: site for site in found}
    for each in nodes:
        name = each.node.name
        yield f"builder `{name}`", _wrong(each, by_builder.get(name), platform)
    yield "this machine", _wrong_here(by_builder.get(""), here)


def _wrong(each: NodeFacts, site: Site | None, platform: Platform) -> str:
    told = complaint(each, platform)
    if each.info.problem is not None or not site:
        return told
    return "; ".join(filter(None, (told, f"it would be {site.strategy}: {site.why}")))


def _wrong_here(site: Site | None, here: Choice | EngineUnusableError) -> str:
    if isinstance(here, EngineUnusableError):
        return " ".join(here.message.split())
    return f"it would be {site.strategy}: {site.why}" if site else "it has no engine for it"


def _demand(build: BuildSettings) -> str:
    if build.strategy == "auto":
        return (
            "at all" if build.allow_emulation else "without emulation (`allow-emulation = false`)"
        )
    says = f'(`strategy = "{build.strategy}"`)'
    how = {"native": "natively", "cross": "by cross-compiling", "emulated": "under emulation"}
    return f"{how[build.strategy]} {says}"


def _way_out(build: BuildSettings, platform: Platform, nodes: Sequence[NodeFacts]) -> str:
    mends = [
        f"mend the builder `{each.node.name}`: {each.info.hint}"
        for each in nodes
        if each.info.problem is not None and each.info.hint
    ]
    native = (
        f"configure a `[builders.…]` whose engine runs {platform} itself (`polyarch builders` shows"
        " what each one runs)"
    )
    cross = "let nothing of the target platform execute (`FROM --platform=$BUILDPLATFORM`)"
    match build.strategy:
        case "cross":
            ways = [cross]
        case "emulated":
            ways = ["set it for platforms alone that are emulated (`[images.X.platform.P]`)"]
        case "native":
            ways = [*mends, native]
        case _:
            ways = [*mends, native, cross]
    allowed = "" if build.allow_emulation else ", or take `allow-emulation = false` away"
    freed = "" if build.strategy == "auto" else f', or take `strategy = "{build.strategy}"` away'
    return "; or ".join(ways) + freed + allowed
