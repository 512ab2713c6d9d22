"""Who may do what: scopes as token services write them, and what one request is permitted.

Source: distribution/distribution, docs "Token scope documentation" (`repository:team/app:pull`).
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

PULL = frozenset({"pull"})
PUSH = frozenset({"pull", "push"})
"""A push reads too (is the blob there?), so registries ask for both together."""
DELETE = frozenset({"delete"})

_ORDER = {"pull": 0, "push": 1, "delete": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Actions on one named resource; in grants the name may be a glob (`team/*`)."""

    kind: str = "repository"
    name: str
    actions: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `kind:name:action,action`; the name itself may hold colons. None: not a scope."""
        kind, _, rest = text.partition(":")
        name, _, listed = rest.rpartition(":")
        actions = frozenset(listed.split(","))
        if not kind or not name or "" in actions:
            return None
        return cls(kind=kind, name=name, actions=actions)

    def covers(self, other: "Scope") -> frozenset[str]:
        """Those actions of `other` that this grant gives; `*` on either side means all."""
        if self.kind != other.kind or not fnmatchcase(other.name, self.name):
            return frozenset()
        if "*" in other.actions:
            return self.actions
        return other.actions if "*" in self.actions else self.actions & other.actions

    def __str__(self) -> str:
        ordered = sorted(self.actions, key=lambda action: (_ORDER.get(action, len(_ORDER)), action))
        return f"{self.kind}:{self.name}:{','.join(ordered)}"


EVERYTHING = Scope(name="*", actions=frozenset({"pull", "push", "delete"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What the sender of one request may do; `known` means that a login or token was proven."""

    known: bool
    grants: tuple[Scope, ...] = ()

    def allows(self, needed: Scope) -> bool:
        """Whether all of the needed actions are granted."""
        return self.granted(needed) == needed.actions

    def granted(self, wanted: Scope) -> frozenset[str]:
        """The part of the wanted actions that is granted."""
        return frozenset[str]().union(*(grant.covers(wanted) for grant in self.grants))


NOBODY = Permit(known=False)
EVERYBODY = Permit(known=True, grants=(EVERYTHING,))
