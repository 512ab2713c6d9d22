"""What `promote` is asked, and what of it cannot be."""

from dataclasses import dataclass

from polyarch.config.project import PRODUCTION, Project
from polyarch.errors import NoTargetError, PullRequestActError, SameEnvironmentError
from polyarch.host.ci_event import CiEvent
from polyarch.pipeline.moving.act import Terms
from polyarch.pipeline.selection import select_images


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteRequest:
    """`source` and `target` are one file, each with its environment laid over.

    `selectors` as `selection.select_images` has them. `tags` are a person's own words, else the
    `event` gives them. `origin` is a tag or digest in the source, empty for the tag that is to be
    given. `max_age_s`: an older proof does not count. `prove`: prove now, whatever records say.
    """

    source: Project
    target: Project
    event: CiEvent
    terms: Terms
    selectors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    origin: str = ""
    max_age_s: float | None = None
    prove: bool = False


def refuse(request: PromoteRequest) -> None:
    """Refuse what needs no question to anybody.

    Raises:
        PullRequestActError, SameEnvironmentError, NoTargetError: as `promote` says.
        NothingSelectedError: no image is meant.
    """
    source, target = request.source, request.target
    if request.event.is_pull_request:
        raise PullRequestActError("promote")
    if source.environment == target.environment:
        raise SameEnvironmentError(source.environment_name, target.environment_name)
    names = select_images(request.selectors, tuple(target.images), target.groups)
    lost = [name for name in names if not target.images[name].repositories]
    meant = [name for name in lost if name in request.selectors]
    if meant or len(lost) == len(names):
        raise NoTargetError(
            meant or lost, target.environment_name or PRODUCTION, target.environment or ""
        )
    for name in names:
        wanted = set(target.images[name].repositories)
        if wanted and wanted == set(source.images[name].repositories):
            rooms = source.environment_name, target.environment_name
            raise SameEnvironmentError(*rooms, image=name)
