"""What surrounds a run, handed in as values: nothing below reads the environment or the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from polyarch.events import Listener, ignore
from polyarch.host.mask import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`state` is the folder for parts, runs and the sandbox.

    `now` is the one reading of the clock that decisions see; `clock` only stamps records, all with
    the time `now` where there is none. `in_ci`: nobody watches, so what would only be noted on a
    laptop is an error. `logins_optional`: but for logins, which not every job of a pipeline has.
    `mask` hides the logins that the run has looked up from what others say.
    """

    environment: Mapping[str, str]
    home: Path
    state: Path
    now: datetime
    clock: Callable[[], datetime] | None = None
    in_ci: bool = False
    logins_optional: bool = False
    listen: Listener = ignore
    mask: Mask = field(default_factory=Mask, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a command asks for, beside the event.

    `selectors` as `selection.select_images` has them; `platforms` are what a person wrote.
    `changed_since` is a git revision. `with_dependencies`: bases within the project are built too
    although they are not selected. `offline`: nobody is asked anything. `unpublished`: no tag
    moves, so that nobody is asked what tags have now. `force`: build although a part could be
    reused, and with `no_cache` without any layer of a cache. `elsewhere`: parts are built by other
    machines, so that no engine of this one is looked for. `converge`: what one registry holds of
    this version and commit is taken for the others. `from_tags` is a pattern such as
    `latest-{arch}` of tags whose images are taken in place of builds. `keep_others`: the platforms
    that were not asked for stay as they are published. `fewer`: one platform may take the place of
    several.
    """

    selectors: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    changed_since: str | None = None
    with_dependencies: bool = False
    sandbox: bool = False
    offline: bool = False
    unpublished: bool = False
    force: bool = False
    no_cache: bool = False
    elsewhere: bool = False
    converge: bool = False
    from_tags: str = ""
    keep_others: bool = False
    fewer: bool = False
