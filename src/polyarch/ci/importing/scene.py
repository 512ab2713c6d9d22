"""All that traps are looked for in."""

from collections.abc import Sequence
from dataclasses import dataclass

from polyarch.ci.importing.flow import Flow
from polyarch.ci.importing.images import FoundImage
from polyarch.ci.importing.logins import Login
from polyarch.ci.importing.occasion import Occasion
from polyarch.ci.importing.rehearsal import Rehearsal
from polyarch.ci.importing.triggers import Triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A workflow as it was read, and played for events."""

    flow: Flow
    triggers: Triggers
    images: Sequence[FoundImage]
    logins: Sequence[Login]
    rehearsal: Rehearsal
    occasions: Sequence[Occasion]
