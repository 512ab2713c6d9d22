"""The input keys of a plan's builds, each image after those that it stands on. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from polyarch.config.project import BuildSettings, ImageSettings, Project
from polyarch.host.ci_event import CiEvent
from polyarch.metadata.template import as_is
from polyarch.oci.platform import Platform
from polyarch.pipeline.base_digests import Bases
from polyarch.pipeline.base_names import names_of, outside_digests
from polyarch.pipeline.build_secrets import key_names, secret_names
from polyarch.pipeline.contexts import is_direct
from polyarch.pipeline.existing import ExistingImages
from polyarch.pipeline.inputkey import NOT_INPUT, Inputs
from polyarch.pipeline.material import Edge, Source, Sources
from polyarch.pipeline.recipe import recipe_json
from polyarch.pipeline.wording import Wording

EXPRESSION = "{{"
"""What begins a metadata expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What keys are made from, beside the config."""

    project: Project
    event: CiEvent
    wording: Wording
    scope: Mapping[str, Sequence[Platform]]
    sources: Sources
    contexts: Mapping[tuple[str, Platform], str]
    existing: ExistingImages
    bases: Bases
    build_platform: Platform


Keys = Mapping[tuple[str, Platform], str]
"""By image and platform."""


def input_keys(order: Sequence[str], ground: Ground) -> dict[tuple[str, Platform], str]:
    """The key of each build; `order` has every image after those that it stands on.

    That of an image which exists already is its digest.

    Raises:
        InvalidTemplateError: an expression of the config cannot be worked out.
    """
    keys: dict[tuple[str, Platform], str] = {}
    for name in order:
        for platform in ground.scope[name]:
            taken = ground.existing.get((name, platform))
            keys[name, platform] = (
                str(taken.reference.digest)
                if taken
                else _key(ground.project.images[name], platform, ground, keys)
            )
    return keys


def taken_platforms(edge: Edge, available: Sequence[Platform]) -> tuple[Platform, ...]:
    """The platforms of an image of the project that one standing on it takes.

    All of them where an engine has to choose the nearest of several.
    """
    exact = tuple(each for each in available if each in edge.platforms)
    return exact if len(exact) == len(edge.platforms) else tuple(available)


def _key(settings: ImageSettings, platform: Platform, ground: Ground, known: Keys) -> str:
    build, wording = settings.for_platform(platform), ground.wording
    source = ground.sources[settings.name, platform]

    def render(text: str, key: str, write: Callable[[str], str] = as_is) -> str:
        return wording.render(settings, text, key, write)

    return Inputs(
        engine=build.engine,
        platform=platform,
        target=build.target,
        context=ground.contexts[settings.name, platform],
        dockerfile=source.dockerfile,
        build_args=wording.build_args(settings, build),
        labels=_labels(settings, build, platform, wording),
        contexts=build.contexts,
        bases=_bases(source, build, ground, known),
        outside=outside_digests(
            source, build, platform, ground.bases, build_platform=ground.build_platform
        ),
        secrets=secret_names(build, ground.event),
        ssh=key_names(build, ground.event),
        laid=tuple(name for name in build.labels if name in NOT_INPUT),
        network=build.network or "",
        recipe=recipe_json(build.direct, render) if is_direct(build) and build.direct else None,
    ).key


def _labels(
    settings: ImageSettings, build: BuildSettings, platform: Platform, wording: Wording
) -> dict[str, str | None]:
    """The labels, without values where an expression gives them: they may be laid over a build."""
    told = wording.names(settings).per_platform[platform]
    return {
        name: None if EXPRESSION in build.labels.get(name, "") else value
        for name, value in told.items()
    }


def _bases(source: Source, build: BuildSettings, ground: Ground, known: Keys) -> dict[str, str]:
    """What it stands on of the project, by its key; that of what is published, else its digest."""
    found: dict[str, str] = {}
    for edge in source.edges:
        for platform in taken_platforms(edge, ground.scope.get(edge.image, ())):
            found[f"{edge.name} {platform}"] = known.get((edge.image, platform), "")
        if edge.image in ground.scope:
            continue
        names = names_of(edge, build, ground.project, ground.wording)
        for platform in edge.platforms:
            published = ground.bases.get((names, platform))
            told = (published.claim.key or str(published.manifest)) if published else ""
            found[f"{edge.name} {platform}"] = told
    return found
