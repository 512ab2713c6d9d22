"""What a built image stands on: the name of its base, and the digest for its own platform.

A digest is claimed only when the image really begins with the base's layers: an engine may have
taken an older copy of the base from its own store. Without one the build is as good as ever.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from polyarch.config.project import Project
from polyarch.engines.base import Base, BuildRequest
from polyarch.errors import InvalidReferenceError, PolyarchError
from polyarch.events import Listener, Note
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.platform import Platform
from polyarch.oci.reference import parse_reference
from polyarch.pipeline.bases import published_base
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.graph import IMAGE_PREFIX, IMAGE_SCHEME, last_base
from polyarch.pipeline.material import SCRATCH, Source
from polyarch.pipeline.part import PartBase
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform
from polyarch.registry.blocking import BlockingRegistries

PATIENCE_S = 20.0
"""For a base that only its digest is wanted of; the image itself is built by then."""

_OF_BASES = (annotation.BASE_DIGEST, annotation.BASE_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """`base` is None for an image from nothing. `inherited` are keys of labels.

    They speak of the base alone and stand in the image because engines hand labels down.
    `has_triggers`: a base had instructions of its own, which may have read any file of the context.
    """

    base: PartBase | None = None
    inherited: tuple[str, ...] = ()
    has_triggers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineages:
    """Finds them for one run; each base outside is asked for once. Safe to use from threads."""

    project: Project
    facts: Facts
    registries: BlockingRegistries
    listen: Listener
    _known: dict[tuple[str, Platform], Base | str] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(
        self, image: ImagePlan, planned: PlannedPlatform, request: BuildRequest, built: ImageConfig
    ) -> Lineage:
        """The lineage of what was just built; never raises for a registry."""
        source = self.facts.sources[image.name, planned.platform]
        found = self._found(image, planned, request, built)
        return replace(found, has_triggers=source.used is not None and self._has_triggers(source))

    def _has_triggers(self, source: Source) -> bool:
        """Whether ONBUILD of a base outside did what the Dockerfile does not tell."""
        stages = source.graph.stages if source.graph else ()
        taken = {(stage.base.text, stage.platform) for stage in stages}
        for each in source.outside:
            known = (each.name, each.platform) in taken and (
                ((each.reference,), each.platform) in self.facts.bases
            )
            base = self._published(each.reference, each.platform) if known else ""
            if isinstance(base, Base) and ImageConfig.parse(base.config).has_triggers:
                return True
        return False

    def _found(
        self, image: ImagePlan, planned: PlannedPlatform, request: BuildRequest, built: ImageConfig
    ) -> Lineage:
        source = self.facts.sources[image.name, planned.platform]
        text, platform = self._named(image, planned, source)
        if text in {"", SCRATCH}:
            return Lineage()
        base = self._base(source, request, text, platform)
        if isinstance(base, Base) and not _begins_with(built, base):
            base = "the engine took another one than its registry has"
        name = self._complete(image, source, text)
        if isinstance(base, str):
            self.listen(
                Note(text=f"{image.name} {planned.platform}: digest of `{text}` unknown: {base}")
            )
            return Lineage(base=PartBase(name=name), inherited=tuple(_handed_down(built, None)))
        return Lineage(
            base=PartBase(name=name, digest=str(base.manifest.descriptor.digest)),
            inherited=tuple(_handed_down(built, base)),
        )

    def _base(
        self, source: Source, request: BuildRequest, text: str, platform: Platform
    ) -> Base | str:
        """The base, or why it is not known."""
        resolved = request.base or (request.direct.base if request.direct else None)
        if resolved:
            return resolved
        if any(edge.name == text for edge in source.edges):
            # A name of the project's own may be that of a stranger's image elsewhere.
            return "its registry did not say what it is"
        return self._published(text, platform)

    def _named(
        self, image: ImagePlan, planned: PlannedPlatform, source: Source
    ) -> tuple[str, Platform]:
        """What the last stage stands on, as it is written, and the platform that is taken of it."""
        settings = self.project.images[image.name].for_platform(planned.platform)
        if source.graph is None:
            return settings.direct.base if settings.direct else SCRATCH, planned.platform
        text, platform = last_base(source.graph)
        context = settings.contexts.get(text)
        if context is None or context.startswith(IMAGE_PREFIX):
            return text, platform
        return context.removeprefix(IMAGE_SCHEME) if IMAGE_SCHEME in context else "", platform

    def _complete(self, image: ImagePlan, source: Source, text: str) -> str:
        """The name that anyone could pull the base by; empty where there is none."""
        for edge in source.edges:
            if edge.name == text:
                settings = self.project.images[edge.image]
                tags = self.facts.wording.names(settings).tags
                own = (str(place.tag(tags[0])) for place in settings.repositories if tags)
                return image.published_bases.get(edge.image) or next(own, "")
        try:
            return str(parse_reference(text))
        except InvalidReferenceError:
            return ""

    def _published(self, text: str, platform: Platform) -> Base | str:
        """The base in its registry, or why it cannot be had."""
        with self._lock:
            if (text, platform) not in self._known:
                self._known[text, platform] = self._ask(text, platform)
            return self._known[text, platform]

    def _ask(self, text: str, platform: Platform) -> Base | str:
        try:
            known = self.facts.bases.get(((text,), platform))
            pinned = str(known.pinned) if known else text
            return published_base(self.registries, pinned, platform, within_s=PATIENCE_S)
        except TimeoutError:
            return f"its registry gave no answer within {PATIENCE_S:g} s"
        except PolyarchError as error:
            return error.message.partition("\n")[0]


def lineage_of(image: ImageConfig) -> Lineage:
    """That of an image which says itself what it stands on, dressed for another commit before."""
    told = PartBase(
        name=image.labels.get(annotation.BASE_NAME, ""),
        digest=image.labels.get(annotation.BASE_DIGEST, ""),
    )
    stale = tuple(sorted(annotation.OF_COMMIT & image.labels.keys()))
    return Lineage(base=told if told.labels() else None, inherited=stale)


def _begins_with(built: ImageConfig, base: Base) -> bool:
    below = ImageConfig.parse(base.config).diff_ids
    return built.diff_ids[: len(below)] == below


def _handed_down(built: ImageConfig, base: Base | None) -> Iterator[str]:
    """Keys whose labels are the base's; without it those that are hardly ever the image's own."""
    below = ImageConfig.parse(base.config).labels if base else {}
    for key in sorted(annotation.OWN & built.labels.keys()):
        if built.labels[key] == below.get(key) or (base is None and key in _OF_BASES):
            yield key
