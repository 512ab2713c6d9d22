"""What an image stands on: images of the project, built just now or else as published."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.project import BuildSettings, Project
from polyarch.engines.base import Base, FolderContext, ImageContext, LayoutContext, NamedContext
from polyarch.engines.buildah_probe import NAME as BUILDAH
from polyarch.errors import PlatformNotInBaseError, RegistryError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG, DigestReference, Reference, parse_reference
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.bases import built_base, published_base
from polyarch.pipeline.build import PartsByImage
from polyarch.pipeline.contexts import STATE
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.filtered_folders import filtered, holds
from polyarch.pipeline.graph import IMAGE_PREFIX, IMAGE_SCHEME, last_base
from polyarch.pipeline.handing import Handing, own_name
from polyarch.pipeline.layout_contexts import SCHEME as LAYOUT_SCHEME
from polyarch.pipeline.layout_contexts import layout_context
from polyarch.pipeline.material import SCRATCH, Edge, Source
from polyarch.pipeline.part import Part, PartBase, PartsFolder
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform
from polyarch.pipeline.published import PublishedImages
from polyarch.pipeline.sources import OpenRepository, config_of_part, joined
from polyarch.registry.blocking import BlockingRegistries


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Resolves bases for one run; `scratch` is a folder for layouts of them."""

    project: Project
    facts: Facts
    parts: PartsFolder
    scratch: Path
    registries: BlockingRegistries
    opened: OpenRepository
    published: PublishedImages

    def contexts(
        self, image: ImagePlan, planned: PlannedPlatform, built: PartsByImage
    ) -> dict[str, NamedContext]:
        """What stands for each name of a Dockerfile that is not its registry's to answer.

        Raises:
            BaseNotPublishedError: an image of the project is neither built now nor published.
        """
        settings, source = self._of(image, planned)
        found = {
            name: self._context(name, value, image, planned)
            for name, value in settings.contexts.items()
            if not value.startswith(IMAGE_PREFIX)
        }
        for name, pin in self.pins(image, planned).items():
            if name in settings.contexts:
                found[name] = ImageContext(reference=pin)
        for edge in source.edges if source.graph else ():
            if edge.image in built:
                found[edge.name] = self._layout(edge.image, built)
            else:
                reference = self._reference(edge, image, settings)
                found[edge.name] = ImageContext(reference=str(reference))
        return found

    def pins(self, image: ImagePlan, planned: PlannedPlatform) -> dict[str, str]:
        """Names of images outside, with the digests in the plan: these are what is built on."""
        found: dict[str, str] = {}
        for each in self._of(image, planned)[1].outside:
            known = self.facts.bases.get(((each.reference,), each.platform))
            pin = known.pinned if known else self.facts.locked.pins.get(each.reference)
            if pin:
                found[each.name] = str(pin)
        return found

    def base(self, image: ImagePlan, planned: PlannedPlatform, built: PartsByImage) -> Base | None:
        """The image of the project that the last stage of a Dockerfile stands on.

        None where there is none, or where only the engine may read it.

        Raises:
            BaseNotPublishedError, PlatformNotInBaseError: it cannot be had.
        """
        settings, source = self._of(image, planned)
        if source.graph is None:
            return None
        name, platform = last_base(source.graph)
        for edge in source.edges:
            if edge.name == name:
                return self._resolved(edge, image, settings, platform, built)
        return None

    def recipe_base(
        self, image: ImagePlan, planned: PlannedPlatform, built: PartsByImage
    ) -> Base | None:
        """The base of a recipe; None for an empty image.

        Raises:
            BaseNotPublishedError, PlatformNotInBaseError, RegistryError: it cannot be had.
        """
        settings, source = self._of(image, planned)
        base, platform = settings.direct.base if settings.direct else SCRATCH, planned.platform
        if base == SCRATCH:
            return None
        for edge in source.edges:
            if edge.image in built:
                found = _part_of(edge.image, platform, built)
                if found is None:
                    has = [str(each.part.platform) for each in built[edge.image]]
                    raise PlatformNotInBaseError(edge.image, str(platform), has)
                return built_base(self.parts, found)
            base = str(self._reference(edge, image, settings))
        return published_base(self.registries, self._pinned(base, platform), platform)

    def _pinned(self, base: str, platform: Platform) -> str:
        known = self.facts.bases.get(((base,), platform))
        return str(known.pinned if known else self.facts.locked.pins.get(base, base))

    def below(
        self, image: ImagePlan, planned: PlannedPlatform, built: PartsByImage
    ) -> Mapping[str, str]:
        """The project's images that it takes, and what they hand on to it now.

        Raises:
            BaseNotPublishedError: one is published nowhere.
        """
        settings, source = self._of(image, planned)
        configs = dict(self.facts.configs)
        for edge in source.edges:
            for each in built.get(edge.image, ()):
                if config := config_of_part(self.parts, each.part):
                    configs[own_name(edge.image), each.part.platform] = config
        handing = Handing(
            project=self.project,
            wording=self.facts.wording,
            sources=self.facts.sources,
            scope={name: [each.part.platform for each in made] for name, made in built.items()},
        )
        known = handing.essences(image.name, planned.platform, configs)
        if known is not None:
            return known
        return {
            edge.image: str(self._reference(edge, image, settings))
            for edge in source.edges
            if edge.image not in built
        }

    def own_base(
        self, image: ImagePlan, planned: PlannedPlatform, built: PartsByImage
    ) -> PartBase | None:
        """What the last stage stands on, where that is an image of the project in this plan."""
        settings, source = self._of(image, planned)
        name, platform = settings.direct.base if settings.direct else "", planned.platform
        if source.graph:
            name, platform = last_base(source.graph)
        for edge in source.edges if name else ():
            part = _part_of(edge.image, platform, built)
            if edge.name == name and part:
                base = self.project.images[edge.image]
                tags = self.facts.wording.names(base).tags
                names = (str(place.tag(tags[0])) for place in base.repositories if tags)
                return PartBase(name=next(names, ""), digest=str(part.manifest.digest))
        return None

    def _of(self, image: ImagePlan, planned: PlannedPlatform) -> tuple[BuildSettings, Source]:
        settings = self.project.images[image.name].for_platform(planned.platform)
        return settings, self.facts.sources[image.name, planned.platform]

    def _context(
        self, name: str, value: str, image: ImagePlan, planned: PlannedPlatform
    ) -> NamedContext:
        if value.startswith(IMAGE_SCHEME):
            return ImageContext(reference=value.removeprefix(IMAGE_SCHEME))
        if value.startswith(LAYOUT_SCHEME):
            return layout_context(value, self.project.root)
        root = self.project.root
        folder = self.project.checkouts.get(value, root / value)
        state = root / STATE
        if planned.engine == BUILDAH or holds(folder, state):
            place = hashlib.sha256(name.encode()).hexdigest()[:16]
            copies = self.scratch / "contexts" / image.name / planned.platform.slug
            folder = filtered(folder, copies / place, state)
        return FolderContext(path=folder)

    def _layout(self, name: str, built: PartsByImage) -> LayoutContext:
        members = [each.part for each in built[name]]
        index = assemble_index(members, [part.platform for part in members], {})
        folder = self.scratch / "bases" / name
        store, descriptor = joined(folder, self.parts, members, index, self.opened)
        store.fill(descriptor)
        return LayoutContext(layout=folder, descriptor=descriptor)

    def _resolved(
        self,
        edge: Edge,
        image: ImagePlan,
        settings: BuildSettings,
        platform: Platform,
        built: PartsByImage,
    ) -> Base | None:
        if edge.image in built:
            found = _part_of(edge.image, platform, built)
            return built_base(self.parts, found) if found else None
        reference = self._reference(edge, image, settings)
        if not isinstance(reference, DigestReference):
            return None
        try:
            return published_base(self.registries, str(reference), platform)
        except RegistryError:
            return None

    def _reference(self, edge: Edge, image: ImagePlan, settings: BuildSettings) -> Reference:
        """Where an image that is not built now is taken from."""
        own_name = edge.name.startswith(IMAGE_PREFIX) or edge.name in settings.contexts
        names = self._tags(edge.image) if own_name else iter([parse_reference(edge.name)])
        return self.published.find(edge.image, image.name, tuple(names))

    def _tags(self, name: str) -> Iterator[Reference]:
        """Its tags for this event in the first of its repositories, then `latest`."""
        for repository in self.project.images[name].repositories[:1]:
            for tag in dict.fromkeys(
                (*self.facts.wording.names(self.project.images[name]).tags, DEFAULT_TAG)
            ):
                yield repository.tag(tag)


def _part_of(name: str, platform: Platform, built: PartsByImage) -> Part | None:
    parts = (each.part for each in built.get(name, ()))
    return next((part for part in parts if part.platform == platform), None)
