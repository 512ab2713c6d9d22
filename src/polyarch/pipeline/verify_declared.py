"""What indexes declare, asked once for each reference: of newer tags, and of bases."""

import threading
from dataclasses import dataclass, field

from polyarch.checks.structure_census import Census, take_census
from polyarch.content.places import Place
from polyarch.errors import PolyarchError, RegistryError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.newer_tags import newer_tags
from polyarch.pipeline.verify_source import Opener

MAX_TAGS = 10_000
"""Of one repository; registries list them without any order that helps."""


@dataclass(slots=True, kw_only=True)
class Declared:
    """Asks registries which platforms references have; safe in any number of threads."""

    opener: Opener
    _known: dict[str, Census] = field(default_factory=dict)
    _tags: dict[Repository, tuple[str, ...]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def has(self, place: Place, platform: Platform) -> bool:
        """Whether a place has an image for a platform.

        Raises:
            PolyarchError: it could not be asked, or is not there.
        """
        return self._census(place).image_for(platform) is not None

    def newer(self, place: Place, platform: Platform) -> str:
        """The tag of a newer version that has the platform; empty where none is known."""
        if place.repository is None or not place.tag or place.digest:
            return ""
        try:
            for tag in newer_tags(place.tag, self._listed(place.repository)):
                other = Place(kind=place.kind, repository=place.repository, tag=tag)
                if self.has(other, platform):
                    return tag
        except PolyarchError:  # a hint that cannot be had fails nothing
            return ""
        return ""

    def _census(self, place: Place) -> Census:
        name = str(place)
        with self._guard:
            known = self._known.get(name)
        if known is None:
            source = self.opener.open(place)
            known = take_census(source.store, source.root, subject=name)
            with self._guard:
                self._known[name] = known
        return known

    def _listed(self, repository: Repository) -> tuple[str, ...]:
        with self._guard:
            known = self._tags.get(repository)
        if known is None:
            remote = self.opener.registries.remote(repository)
            try:
                known = self.opener.registries.run(remote.tags(MAX_TAGS))
            except RegistryError:
                known = ()
            with self._guard:
                self._tags[repository] = known
        return known
