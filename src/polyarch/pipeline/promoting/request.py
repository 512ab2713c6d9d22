"""What `promote` is asked."""

from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.host.ci_event import CiEvent
from polyarch.pipeline.moving.act import Terms


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
