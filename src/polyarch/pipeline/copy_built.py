"""`image:NAME`: what this project built, put together from its parts as `publish` would do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.places import Place
from polyarch.errors import ImageNotBuiltError
from polyarch.oci.platform import Platform
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.copy_source import Source
from polyarch.pipeline.part import Part, PartsFolder
from polyarch.pipeline.sources import OpenRepository, borrowed_from, is_whole, joined

MIXED = "its parts were built from different commits"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImages:
    """Finds images among the parts. `wanted` are the platforms that are to be copied, or none.

    Without a project, as outside of one, every part that is there counts.
    """

    parts: PartsFolder
    project: Project | None
    scratch: Path
    opened: OpenRepository
    wanted: tuple[Platform, ...]

    def find(self, place: Place) -> Source:
        """The index of an image's parts.

        Raises:
            ImageNotBuiltError: a platform is not built, or its part is damaged.
        """
        members = self._members(place.path)
        last = self.parts.index(place.path)
        index = assemble_index(
            members,
            [part.platform for part in members],
            last.annotations if last else {},
            beside=last.images[0].annotations if last and last.images else {},
        )
        store, _ = joined(self.scratch / place.path, self.parts, members, index, self.opened)
        repositories = [name for part in members for name in borrowed_from(part)]
        return Source(
            place=place,
            root=index,
            store=store,
            name=place.path,
            mount_from=tuple(dict.fromkeys(repositories)),
            notes=(MIXED,) if len({part.revision for part in members}) > 1 else (),
        )

    def _members(self, image: str) -> list[Part]:
        found = {
            platform: part
            for platform in self._platforms(image)
            if (part := self.parts.read(image, platform)) and is_whole(self.parts, part)
        }
        missing = [str(platform) for platform in self._platforms(image) if platform not in found]
        if missing or not found:
            raise ImageNotBuiltError(image, missing, self._known())
        return list(found.values())

    def _platforms(self, image: str) -> Sequence[Platform]:
        settings = self.project.images.get(image) if self.project else None
        known = settings.platforms if settings else ()
        if not known and image in self._known():
            known = self.parts.platforms(image)
        return [each for each in known if not self.wanted or each in self.wanted] or known

    def _known(self) -> list[str]:
        if not self.parts.root.is_dir():
            return []
        return sorted(path.name for path in self.parts.root.iterdir() if path.is_dir())
