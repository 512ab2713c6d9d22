"""One line of a plan to what an engine is asked: every name resolved, nothing left to look up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from polyarch.config.project import BuildSettings, Project
from polyarch.dockerfile.graph import StageGraph
from polyarch.engines.base import (
    Base,
    BuildRequest,
    DirectRecipe,
    FolderContext,
    ImageContext,
    LayoutContext,
    NamedContext,
)
from polyarch.errors import InvalidReferenceError
from polyarch.host.ci_event import CiEvent
from polyarch.metadata.render import render_text
from polyarch.metadata.template import as_is
from polyarch.oci.reference import parse_reference
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.bases import built_base, published_base
from polyarch.pipeline.build import PartsByImage
from polyarch.pipeline.contexts import dockerfile_for_engine
from polyarch.pipeline.facts import SCRATCH, Edge, Facts, Source
from polyarch.pipeline.graph import IMAGE_PREFIX
from polyarch.pipeline.naming import Names, commit_time, name_image
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recipe import make_recipe
from polyarch.pipeline.sources import joined
from polyarch.registry.blocking import BlockingRegistries
from polyarch.runs.folder import RunFolder

IMAGE_SCHEME = "docker-image://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Makes requests for one run; `scratch` is a folder for layouts of bases."""

    project: Project
    event: CiEvent
    facts: Facts
    parts: PartsFolder
    run: RunFolder
    scratch: Path
    registries: BlockingRegistries
    reach: Reach

    def __call__(
        self, image: ImagePlan, planned: PlannedPlatform, bases: PartsByImage
    ) -> BuildRequest:
        """The request for one platform of one image.

        Raises:
            InvalidTemplateError: an expression in a build argument cannot be worked out.
            PlatformNotInBaseError, RegistryError: the base cannot be had.
        """
        settings = self.project.images[image.name].for_platform(planned.platform)
        source = self.facts.sources[image.name, planned.platform]
        return BuildRequest(
            image=image.name,
            platform=planned.platform,
            project=self.project.root,
            context=self.project.root / settings.context,
            dockerfile=self._dockerfile(image, planned, settings) if source.graph else None,
            target=settings.target,
            build_args={
                key: self._render(image, value, f"build-args.{key}")
                for key, value in settings.build_args.items()
            },
            labels=image.labels,
            contexts=self._contexts(settings, source, bases),
            base=self._base(source, source.graph, bases) if source.graph else None,
            created=int(commit_time(self.event).timestamp()),
            plain_http=self._plain_hosts(source),
            direct=self._recipe(image, planned, settings, source, bases),
            log=self.run.build_log(image.name, planned.platform.slug),
        )

    def _render(
        self, image: ImagePlan, text: str, key: str, write: Callable[[str], str] = as_is
    ) -> str:
        return render_text(
            text,
            self.event,
            self._names(image.name).version,
            now=self.facts.now,
            where=f"images.{image.name}.{key}",
            describe=self.facts.describe,
            write=write,
        )

    def _names(self, image: str) -> Names:
        return name_image(
            self.project.images[image],
            self.event,
            self.facts.repository,
            self.facts.now,
            describe=self.facts.describe,
        )

    def _dockerfile(
        self, image: ImagePlan, planned: PlannedPlatform, settings: BuildSettings
    ) -> Path:
        folder = self.scratch / "dockerfiles" / image.name / planned.platform.slug
        return dockerfile_for_engine(self.project, settings, folder)

    def _contexts(
        self, settings: BuildSettings, source: Source, bases: PartsByImage
    ) -> Mapping[str, NamedContext]:
        found = {
            name: self._context(value)
            for name, value in settings.contexts.items()
            if not value.startswith(IMAGE_PREFIX)
        }
        if source.graph is not None:
            found |= {
                edge.name: self._edge(edge, bases)
                for edge in source.edges
                if edge.image in bases or settings.contexts.get(edge.name)
            }
        return found

    def _context(self, value: str) -> NamedContext:
        if value.startswith(IMAGE_SCHEME):
            return ImageContext(reference=value.removeprefix(IMAGE_SCHEME))
        return FolderContext(path=self.project.root / value)

    def _edge(self, edge: Edge, bases: PartsByImage) -> NamedContext:
        built = bases.get(edge.image)
        if built is None:
            return ImageContext(reference=self.published(edge.image))
        members = [each.part for each in built]
        index = assemble_index(members, [part.platform for part in members], {})
        folder = self.scratch / "bases" / edge.image
        store, descriptor = joined(folder, self.parts, members, index, self.registries.store)
        store.fill(descriptor)
        return LayoutContext(layout=folder, descriptor=descriptor)

    def _base(self, source: Source, graph: StageGraph, bases: PartsByImage) -> Base | None:
        """The image of this project, just built, that the last stage stands on."""
        stage = graph.final
        while stage.base.stage is not None:
            stage = graph.stage(stage.base.stage)
        for edge in source.edges:
            for built in bases.get(edge.image, ()) if edge.name == stage.base.text else ():
                if built.part.platform == stage.platform:
                    return built_base(self.parts, built.part)
        return None

    def published(self, image: str) -> str:
        """Where an image of the project that is not built now is taken from.

        Raises:
            NothingSelectedError: it is published nowhere.
        """
        settings = self.project.images[image]
        names = self._names(image)
        tag = names.tags[0] if names.tags else "latest"
        return str(settings.repositories[0].tag(tag))

    def _recipe(
        self,
        image: ImagePlan,
        planned: PlannedPlatform,
        settings: BuildSettings,
        source: Source,
        bases: PartsByImage,
    ) -> DirectRecipe | None:
        if settings.direct is None or source.graph is not None:
            return None
        base = self._direct_base(settings.direct.base, planned, source, bases)
        return make_recipe(settings.direct, base, partial(self._render, image))

    def _direct_base(
        self, base: str, planned: PlannedPlatform, source: Source, bases: PartsByImage
    ) -> Base | None:
        if base == SCRATCH:
            return None
        for edge in source.edges:
            for built in bases.get(edge.image, ()):
                if built.part.platform == planned.platform:
                    return built_base(self.parts, built.part)
        name = base.removeprefix(IMAGE_PREFIX)
        reference = self.published(name) if base.startswith(IMAGE_PREFIX) else base
        return published_base(self.registries, reference, planned.platform)

    def _plain_hosts(self, source: Source) -> tuple[str, ...]:
        hosts: set[str] = set()
        for text in source.externals:
            try:
                host = parse_reference(text).repository.registry
            except InvalidReferenceError:
                continue
            if self.reach.endpoint(host).is_plain:
                hosts.add(host)
        return tuple(sorted(hosts))
