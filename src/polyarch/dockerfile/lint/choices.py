"""Whether a place in a script is reached on certain platforms only."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from polyarch.dockerfile.lint.archwords import first_word
from polyarch.dockerfile.lint.names import DECISIVE
from polyarch.dockerfile.shell.script import Arm, Dispatch, Script
from polyarch.dockerfile.source import Span

_ASKS = re.compile(
    r"(?:\S*/)?(?:uname|arch|dpkg(?:-architecture)?|apk|rpm|xx-info|getconf|lscpu|go env|gcc|cc)\b"
)
_NAMES = re.compile(
    r"(?:^|_)\w*(?:ARCH(?:ITECTURE)?|PLATFORM|MACHINE|CPU|BITS)(?:_|$)", re.IGNORECASE
)
_LEAVES = frozenset({"exit", "return"})


def asks_platform(dispatch: Dispatch) -> bool:
    """Whether a dispatch chooses by the platform: by variable, by program, or by what it says."""
    return (
        any(name in DECISIVE or _NAMES.search(name) for name in dispatch.variables)
        or any(_ASKS.match(one) for one in dispatch.asks)
        or any(first_word(text, weak=True) for arm in dispatch.arms for text in arm.patterns)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The dispatches of a script that choose by the platform.

    `left_at` is the end of the first `exit` in an arm of one: what follows is done on the other
    platforms only. `names` are the variables that such an arm gives a value.
    """

    dispatches: frozenset[int]
    left_at: int | None
    names: frozenset[str]

    def cover(self, arms: Iterable[Arm], span: Span) -> bool:
        """Whether what stands at `span`, within `arms`, is done on chosen platforms only."""
        if any(arm.dispatch in self.dispatches for arm in arms):
            return True
        return self.left_at is not None and self.left_at <= span.start


def choices(script: Script) -> Choices:
    """What of a script is done on certain platforms only."""
    asking = frozenset(one.index for one in script.dispatches if asks_platform(one))
    ends = (
        command.span.end
        for command in script.commands
        if command.name in _LEAVES and any(arm.dispatch in asking for arm in command.arms)
    )
    names = (
        assignment.name
        for assignment, arms in script.assignments
        if any(arm.dispatch in asking for arm in arms)
    )
    return Choices(dispatches=asking, left_at=min(ends, default=None), names=frozenset(names))
