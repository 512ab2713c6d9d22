"""What images are built from: read out of config and Dockerfiles, with every name worked out."""

from collections.abc import Collection, Iterable
from pathlib import Path

from polyarch.config.project import BuildSettings, ImageSettings, Project
from polyarch.dockerfile.graph import StageGraph, external_images, named_contexts
from polyarch.dockerfile.outline import is_docker_frontend
from polyarch.dockerfile.read import read_dockerfile
from polyarch.dockerfile.stages import resolve
from polyarch.dockerfile.tree import Dockerfile
from polyarch.dockerfile.used import used_files
from polyarch.errors import ConfigError, ContextNotFoundError, DockerfileNotFoundError
from polyarch.host.emulation import Machine
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.contexts import context_of, dockerfile_of, is_direct
from polyarch.pipeline.graph import IMAGE_PREFIX, IMAGE_SCHEME, image_of
from polyarch.pipeline.material import SCRATCH, Edge, Outside, Source, Sources
from polyarch.pipeline.wording import Wording

_SYNTAX = "BUILDKIT_SYNTAX"
"""The build argument by which BuildKit takes another frontend than the Dockerfile's."""
_NOTHING = Source(material="recipe", dockerfile="", graph=None, edges=(), externals=())
"""Of a platform that is not built."""


class SourceReader:
    """Reads what images are built from, every Dockerfile once."""

    def __init__(
        self,
        project: Project,
        machine: Machine,
        wording: Wording,
        *,
        nothing_is_built: bool = False,
    ) -> None:
        self._project = project
        self._nothing_is_built = nothing_is_built
        self._machine = machine
        self._wording = wording
        self._repositories: dict[Repository, str] = {
            repository: name
            for name, image in project.images.items()
            for repository in image.repositories
        }
        self._dockerfiles: dict[Path, tuple[Dockerfile, str]] = {}

    def read(self, selected: Collection[str]) -> Sources:
        """The sources of all images, because any may stand on any other.

        An image that is not selected and whose Dockerfile cannot be read stands on nothing.

        Raises:
            DockerfileNotFoundError, DockerfileError: one of a selected image cannot be read.
        """
        found: dict[tuple[str, Platform], Source] = {}
        for name, image in self._project.images.items():
            for platform in image.platforms:
                try:
                    found[name, platform] = self._source(image, platform)
                except ConfigError:
                    if name in selected:
                        raise
        return found

    def _source(self, image: ImageSettings, platform: Platform) -> Source:
        settings = image.for_platform(platform)
        if settings.source or self._nothing_is_built:
            return _NOTHING
        if settings.direct is not None and is_direct(settings):
            return self._direct(settings.direct.base, platform)
        path = dockerfile_of(self._project, settings)
        if not path.is_file():
            raise DockerfileNotFoundError(image.name, str(path))
        context = context_of(self._project, settings)
        if not context.is_dir():
            raise ContextNotFoundError(image.name, str(context))
        dockerfile, digest = self._dockerfile(path)
        build_args = self._wording.build_args(image, settings)
        graph = resolve(
            dockerfile,
            target=settings.target or None,
            platform=platform,
            build_platform=self._machine.platform,
            build_args=build_args,
            contexts=tuple(settings.contexts),
        )
        edges = self._edges(graph, settings)
        syntax = build_args.get(_SYNTAX) or dockerfile.syntax or ""
        return Source(
            material="both" if settings.direct else "dockerfile",
            dockerfile=digest,
            graph=graph,
            edges=edges,
            externals=tuple(dict.fromkeys(ref.text for ref in external_images(graph))),
            outside=_outside(graph, settings, {edge.name for edge in edges}),
            used=None if self._may_read_all(syntax, edges) else used_files(graph),
            syntax=syntax,
        )

    def _may_read_all(self, syntax: str, edges: Iterable[Edge]) -> bool:
        """Whether more may be read of the context than the Dockerfile says.

        A frontend of its own language does, or what ONBUILD of one of the project's images left.
        """
        if syntax and not is_docker_frontend(syntax):
            return True
        images = (self._project.images[edge.image] for edge in edges)
        builds = [build for image in images for build in image.per_platform.values()]
        if any(build.source for build in builds):
            return True  # nobody here knows what that has left
        paths = {dockerfile_of(self._project, build) for build in builds if not is_direct(build)}
        files = (self._dockerfile(path)[0] for path in paths if path.is_file())
        return any(one.name == "ONBUILD" for file in files for one in file.instructions)

    def _direct(self, base: str, platform: Platform) -> Source:
        named = base.removeprefix(IMAGE_PREFIX)
        image = named if base.startswith(IMAGE_PREFIX) else image_of(base, self._repositories)
        return Source(
            material="recipe",
            dockerfile="",
            graph=None,
            edges=(Edge(name=base, image=image, platforms=(platform,)),) if image else (),
            externals=() if image or base == SCRATCH else (base,),
            outside=()
            if image or base == SCRATCH
            else (Outside(name=base, reference=base, platform=platform),),
        )

    def _edges(self, graph: StageGraph, settings: BuildSettings) -> tuple[Edge, ...]:
        found: dict[tuple[str, str], dict[Platform, None]] = {}
        for reference in external_images(graph):
            image = image_of(reference.text, self._repositories)
            if image:
                found.setdefault((reference.text, image), {})[reference.platform] = None
        for reference in named_contexts(graph):
            value = settings.contexts.get(reference.text, "")
            if value.startswith(IMAGE_PREFIX):
                image = value.removeprefix(IMAGE_PREFIX)
                found.setdefault((reference.text, image), {})[reference.platform] = None
        return tuple(
            Edge(name=name, image=image, platforms=tuple(platforms))
            for (name, image), platforms in found.items()
        )

    def _dockerfile(self, path: Path) -> tuple[Dockerfile, str]:
        if path not in self._dockerfiles:
            dockerfile = read_dockerfile(path)
            digest = str(Digest.of(dockerfile.text.encode(errors="surrogateescape")))
            self._dockerfiles[path] = (dockerfile, digest)
        return self._dockerfiles[path]


def _outside(
    graph: StageGraph, settings: BuildSettings, own: Collection[str]
) -> tuple[Outside, ...]:
    """The images that are not of the project, each once for every platform taken of it."""
    found: dict[Outside, None] = {}
    for reference in (*external_images(graph), *named_contexts(graph)):
        named = settings.contexts.get(reference.text, f"{IMAGE_SCHEME}{reference.text}")
        if reference.text not in own and named.startswith(IMAGE_SCHEME):
            text = named.removeprefix(IMAGE_SCHEME)
            taken = Outside(name=reference.text, reference=text, platform=reference.platform)
            found[taken] = None
    return tuple(found)
