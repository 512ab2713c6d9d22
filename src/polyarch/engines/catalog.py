"""Which engines there are, and which of them builds an image."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polyarch.engines import buildah_probe, buildx_probe
from polyarch.engines.base import Engine, EngineInfo
from polyarch.engines.buildah import BuildahEngine
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.direct import NAME as DIRECT
from polyarch.engines.direct import DirectEngine
from polyarch.errors import EngineMisfitError, EngineUnusableError, NoEngineError

AUTO = "auto"

ENGINES: Mapping[str, Callable[[Mapping[str, str]], Engine]] = {
    buildx_probe.NAME: BuildxEngine,
    buildah_probe.NAME: BuildahEngine,
    DIRECT: DirectEngine,
}
"""What makes each engine, by its name in polyarch.toml, from the environment of its programs."""

CONTAINER_ENGINES = (buildx_probe.NAME, buildah_probe.NAME)
"""Those that read a Dockerfile, the preferred one first."""

Material = Literal["recipe", "dockerfile", "both"]
"""What an image can be built from: a recipe of the direct engine, a Dockerfile, either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The engine that builds an image, and why, for people."""

    engine: str
    reason: str


def candidates(image: str, material: Material, wanted: str = AUTO) -> tuple[str, ...]:
    """The engines worth a probe for an image, best first; `wanted` is its `engine`.

    Raises:
        EngineMisfitError: the engine that is wanted lacks what it works from.
    """
    if wanted == AUTO:
        return CONTAINER_ENGINES if material == "dockerfile" else (DIRECT,)
    if wanted == DIRECT and material == "dockerfile":
        raise EngineMisfitError(image, wanted, f"table `[images.{image}.direct]`")
    if wanted != DIRECT and material == "recipe":
        raise EngineMisfitError(image, wanted, "Dockerfile")
    return (wanted,)


def choose(image: str, material: Material, wanted: str, probes: Mapping[str, EngineInfo]) -> Choice:
    """Take the first candidate that can be used; `probes` has one for each of them.

    Raises:
        EngineMisfitError: the engine that is wanted lacks what it works from.
        EngineUnusableError: the engine that is wanted cannot be used, or none can.
    """
    problems: list[EngineInfo] = []
    for name in candidates(image, material, wanted):
        info = probes[name]
        if info.usable:
            return Choice(engine=name, reason=_reason(info, wanted, problems))
        problems.append(info)
    if len(problems) == 1:
        only = problems[0]
        raise EngineUnusableError(only.name, only.problem or "", hint=only.hint)
    raise no_engine(image, problems)


def no_engine(image: str, problems: Sequence[EngineInfo], *, task: str = "build") -> NoEngineError:
    """The error that names what is wrong with each engine, and what to do about one of them."""
    hints: list[str] = []
    for info in problems:
        told = any(info.name in hint.lower() for hint in hints)
        if info.hint and not told:
            hints.append(info.hint)
    return NoEngineError(
        image,
        [(info.name, info.problem or "") for info in problems],
        hint="; or ".join(hints) or "run `polyarch doctor`",
        task=task,
    )


def _reason(info: EngineInfo, wanted: str, passed_by: list[EngineInfo]) -> str:
    title = info.title or info.name
    if info.name == DIRECT:
        why = "the image has a recipe that needs no container engine"
        return f"{title} (`engine` says so)" if wanted != AUTO else f"{title}; {why}"
    if wanted != AUTO:
        return f"{title} (`engine` says so)"
    return "; ".join([title, *(f"`{other.name}` cannot: {other.problem}" for other in passed_by)])
