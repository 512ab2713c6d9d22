"""What a run is about: which platforms of which images, by selection, event and git."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.errors import UnknownRevisionError, shorten
from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitTree
from polyarch.metadata.version_tag import is_version_tag
from polyarch.oci.platform import Platform
from polyarch.pipeline.changes import changed_images
from polyarch.pipeline.graph import with_bases
from polyarch.pipeline.material import Sources, edges_of
from polyarch.pipeline.selection import parse_platforms, select_images, select_platforms
from polyarch.pipeline.world import Ask

NOTHING_CHANGED = "nothing has changed"
NO_FORKS = "this is a pull request from a fork, and `[publish] build-forks` is off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """For each chosen image its platforms; all of them in the project's order.

    `reason` says why no image is chosen, or why the event leaves out some.
    """

    platforms: Mapping[str, tuple[Platform, ...]]
    reason: str = ""


def find_scope(
    project: Project, event: CiEvent, ask: Ask, sources: Sources, git: GitTree | None
) -> Scope:
    """Choose.

    Raises:
        NothingSelectedError: a name, glob or platform that matches nothing.
        UnknownRevisionError: `changed_since` names no commit here.
    """
    chosen = set(select_images(ask.selectors, tuple(project.images), project.groups))
    if event.is_fork and not project.publish.build_forks:
        return Scope(platforms={}, reason=NO_FORKS)
    own = of_version_tag(project, event)
    reason = f"the tag `{shorten(event.tag or '')}` is of {_list(own)} alone" if own else ""
    chosen &= own or chosen
    if not chosen:
        return Scope(platforms={}, reason=reason)
    edges = edges_of(sources)
    if ask.changed_since is not None:
        if git is None:
            raise UnknownRevisionError(ask.changed_since, str(project.root))
        chosen &= changed_images(project, git, ask.changed_since, edges)
    if ask.with_dependencies:
        chosen |= with_bases(chosen, edges)
    wanted = parse_platforms(ask.platforms)
    images = {name: project.images[name].platforms for name in project.images if name in chosen}
    if not images:
        return Scope(platforms={}, reason=NOTHING_CHANGED)
    return Scope(platforms=select_platforms(wanted, images), reason=reason)


def of_version_tag(project: Project, event: CiEvent) -> set[str]:
    """The images that the event's tag is of; none where it is of the whole project."""
    images = project.images.items()
    return {name for name, image in images if is_version_tag(image.version_tag, event.tag)}


def _list(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
