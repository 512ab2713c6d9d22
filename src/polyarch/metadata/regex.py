"""Regular expressions as JavaScript means them.

The `regress` package is an ECMAScript engine, so lookbehinds, named groups and classes behave the
same. It takes any flags, which are therefore checked here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarch.errors import InvalidTemplateError

if TYPE_CHECKING:
    from regress import Regex

_FLAGS = "dgimsuvy"
_MOST_GROUPS = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A hit. `text` is None where the group does not exist or took no part in it."""

    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A pattern and its flags."""

    pattern: str
    flags: str = ""

    def find(self, text: str, group: int) -> Found | None:
        """What `text.match(expression)[group]` gives; None for a miss.

        Group 0 is the whole match. With flag `g` groups count matches instead.

        Raises:
            InvalidTemplateError: the pattern or its flags are not valid.
        """
        compiled = self._compile()
        # The engine counts in bytes of UTF-8.
        data = text.encode("utf-8", "replace")
        if "g" not in self.flags:
            match = compiled.find(data.decode())
            if match is None or ("y" in self.flags and match.range().start > 0):
                return None
            span = match.group(group) if group <= _MOST_GROUPS else None
            return Found(text=None if span is None else data[span].decode())
        spans = [match.range() for match in compiled.find_iter(data.decode()) or ()]
        spans = _adjacent(spans) if "y" in self.flags else spans
        if not spans:
            return None
        return Found(text=data[spans[group]].decode() if group < len(spans) else None)

    def _compile(self) -> "Regex":
        from regress import Regex, RegressError

        both = "u" in self.flags and "v" in self.flags
        if both or set(self.flags) - set(_FLAGS) or len(set(self.flags)) < len(self.flags):
            raise InvalidTemplateError(str(self), f"`{self.flags}` are not flags")
        try:
            return Regex(self.pattern, self.flags.translate(_WITHOUT_WALKING))
        except RegressError as error:
            reason = f"it is not a regular expression ({str(error).lower()})"
            raise InvalidTemplateError(str(self), reason) from error

    def __str__(self) -> str:
        return f"/{self.pattern}/{self.flags}"


_WITHOUT_WALKING = str.maketrans("", "", "dgy")
"""Flags about which matches are wanted, not about what matches."""


def _adjacent(spans: "list[slice]") -> "list[slice]":
    kept = []
    at = 0
    for span in spans:
        if span.start != at:
            break
        kept.append(span)
        at = span.stop
    return kept
