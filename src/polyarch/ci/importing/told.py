"""What is told of an import: what was not taken over, what was taken for granted, what is wrong."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.oci.fields import JsonObject


class Kind(StrEnum):
    """Which kind of thing is told."""

    LEFT = "not taken over"
    ASSUMED = "taken for granted"
    UNSEEN = "not visible here"
    CHANGED = "done differently"
    TRAP = "trap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing: `what` as it is written, `why`, and what to do about it.

    `code` is that of a trap, empty else. `line` counts from 1, 0 where it is about the whole file.
    """

    kind: Kind
    line: int
    what: str
    why: str
    todo: str = ""
    code: str = ""

    def to_json(self) -> JsonObject:
        """The same as data."""
        return {
            "kind": self.kind.name.lower(),
            "code": self.code,
            "line": self.line,
            "what": self.what,
            "why": self.why,
            "todo": self.todo,
        }


def trap(code: str, line: int, what: str, why: str, todo: str) -> Told:
    """One trap."""
    return Told(kind=Kind.TRAP, code=code, line=line, what=what, why=why, todo=todo)
