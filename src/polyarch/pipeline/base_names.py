"""Which images a build takes from registries, and by which names they are asked for. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from polyarch.config.project import BuildSettings, Project
from polyarch.engines import buildah_probe
from polyarch.errors import InvalidReferenceError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG, parse_reference
from polyarch.pipeline.base_digests import Bases, Names
from polyarch.pipeline.graph import IMAGE_PREFIX
from polyarch.pipeline.material import Edge, Source, Sources
from polyarch.pipeline.wording import Wording


def wanted_bases(
    project: Project,
    scope: Mapping[str, Sequence[Platform]],
    sources: Sources,
    wording: Wording,
    *,
    build_platform: Platform,
) -> Iterator[tuple[Names, Platform]]:
    """What builds take that is not built now itself, with the platform that is taken of it."""
    for image, platforms in scope.items():
        for platform in platforms:
            source = sources[image, platform]
            settings = project.images[image].for_platform(platform)
            for each in source.outside:
                if _is_reference(each.reference):
                    yield (each.reference,), each.platform
            if frontend := frontend_of(source, settings):
                yield (frontend,), build_platform
            for edge in source.edges:
                names = names_of(edge, settings, project, wording)
                if edge.image not in scope and names:
                    yield from ((names, taken) for taken in edge.platforms)


def names_of(edge: Edge, settings: BuildSettings, project: Project, wording: Wording) -> Names:
    """By which names an image of the project is looked for where it is not built now.

    Where it is named by `image:NAME`: this event's tags in the first of its repositories, then
    `latest`; else as it is named.
    """
    if not edge.name.startswith(IMAGE_PREFIX) and edge.name not in settings.contexts:
        return (edge.name,)
    base = project.images[edge.image]
    tags = dict.fromkeys((*wording.names(base).tags, DEFAULT_TAG))
    return tuple(str(place.tag(tag)) for place in base.repositories[:1] for tag in tags)


def frontend_of(source: Source, settings: BuildSettings) -> str:
    """The frontend that reads the Dockerfile, where the engine may be one that obeys it."""
    obeyed = settings.engine != buildah_probe.NAME and _is_reference(source.syntax)
    return source.syntax if obeyed else ""


def outside_digests(
    source: Source,
    settings: BuildSettings,
    platform: Platform,
    bases: Bases,
    *,
    build_platform: Platform,
) -> dict[str, str]:
    """What each image outside is now: the digest of its manifest, empty where nobody said.

    Where another platform is taken of it than the one that is built, its name says which; of a
    frontend the index counts, so that machines of all kinds agree.
    """
    found: dict[str, str] = {}
    for each in source.outside:
        name = each.name if each.platform == platform else f"{each.name} {each.platform}"
        known = bases.get(((each.reference,), each.platform))
        found[name] = str(known.manifest) if known else ""
    if frontend := frontend_of(source, settings):
        known = bases.get(((frontend,), build_platform))
        found[frontend] = str(known.pinned.digest) if known else ""
    return found


def _is_reference(text: str) -> bool:
    try:
        parse_reference(text)
    except InvalidReferenceError:
        return False
    return True
