"""Contexts that are too large to be sent to a builder for each platform anew.

BuildKit takes only what differs from a context that an earlier build sent, but not from one that a
build still uses (seen with Docker Engine 26: of four builds at once every one sends all of it, also
where the first had sent it before the others began). So the platforms of an image that a builder
elsewhere gets such a context for are built there one after another.
"""

from pathlib import Path

from polyarch.config.project import Project
from polyarch.dockerfile.context import FileKind, context_files
from polyarch.engines.buildx_probe import NAME as BUILDX
from polyarch.pipeline.contexts import context_of, rules_for
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform

HEAVY = 4 << 20
"""Bytes from which a builder gets a context once. Less is sent in the time that a build begins."""


class ContextWeights:
    """Weighs the contexts of one run; each folder once."""

    def __init__(self, project: Project, facts: Facts) -> None:
        self._project = project
        self._facts = facts
        self._known: dict[tuple[str, str], bool] = {}

    def shared(self, image: ImagePlan, planned: PlannedPlatform) -> str:
        """The context that this build shares with others of its image, where it is large.

        Empty for a small one, for what is built here, and for what is not built.

        Raises:
            DockerfileError: the context or its .dockerignore cannot be read.
        """
        if not planned.builder or planned.source or planned.engine != BUILDX:
            return ""
        settings = self._project.images[image.name].for_platform(planned.platform)
        folder = context_of(self._project, settings)
        key = (str(folder), str(settings.dockerfile))
        if key not in self._known:
            self._known[key] = self._is_heavy(folder, image, planned)
        return " ".join((*key, settings.target)) if self._known[key] else ""

    def _is_heavy(self, folder: Path, image: ImagePlan, planned: PlannedPlatform) -> bool:
        settings = self._project.images[image.name].for_platform(planned.platform)
        source = self._facts.sources[image.name, planned.platform]
        used = source.used.below if source.used is not None else None
        weight = 0
        for file in context_files(folder, rules_for(self._project, settings)):
            if file.kind is FileKind.FILE and (used is None or used.fullmatch(file.path)):
                weight += _size(folder / file.path)
            if weight >= HEAVY:
                return True
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
